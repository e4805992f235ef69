import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { z } from 'zod';
import { InvalidInputError, messageOf } from '../../errors.ts';
import { parseTfjsModel, type TfjsModel } from './tfjs-model.ts';

/** Shards are JavaScript modules whose export is the base64 text of the bytes. */
const SHARD = z.union([z.string(), z.object({ default: z.string() }).transform((module) => module.default)]);

/**
 * Loads a TF.js model that an installed npm package carries as JavaScript modules: `model.min.js` beside its shards.
 *
 * @param folder inside the package, as `nsfwjs/dist/models/mobilenet_v2_mid`
 * @returns the model, and the SHA-256 of its topology and weights as they lie in the package
 */
export function loadPackagedModel(folder: string): { readonly model: TfjsModel; readonly sha256: string } {
  const [packageName = ''] = folder.split('/');
  const load = createRequire(import.meta.url);
  const root = packageRoot(load, packageName);
  const read = (file: string): unknown => load(`${root}/${folder.slice(packageName.length + 1)}/${file}.min.js`);
  try {
    const description = z.record(z.string(), z.unknown()).parse(read('model'));
    const shardsOf = (paths: readonly string[]) =>
      Buffer.concat(paths.map((path) => Buffer.from(SHARD.parse(read(path)), 'base64')));
    const model = parseTfjsModel(description, shardsOf);
    const sha256 = createHash('sha256').update(JSON.stringify(description)).update(model.shards).digest('hex');
    return { model, sha256 };
  } catch (cause) {
    throw new InvalidInputError(
      `expected a TF.js model in the npm package "${packageName}" (${folder}): ${messageOf(cause)}; run "npm ci" again`,
      { cause },
    );
  }
}

function packageRoot(load: NodeJS.Require, packageName: string): string {
  try {
    return load.resolve(packageName).replace(new RegExp(`(node_modules/${packageName})/.*$`), '$1');
  } catch (cause) {
    throw new InvalidInputError(`expected the npm package "${packageName}" to be installed; run "npm ci"`, { cause });
  }
}
