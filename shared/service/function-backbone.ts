import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PRECISIONS, type InstalledBackbone } from '../backbone/backbone.ts';
import { assertIntact, findInstalledBackbone } from '../backbone/installed-backbones.ts';
import { NotFoundError } from '../errors.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { optionalVariable } from './environment.ts';

export interface FunctionBackboneOptions {
  /** The asset's folder (`LAMBDA_TASK_ROOT`). */
  readonly root: string;
  /** Of the backbone below it: `backbones/<name>/<precision>`. */
  readonly folder: string;
  /** Reads a graph that was too large for the asset. @default the graph must be in the asset */
  readonly readGraph?: () => Promise<Uint8Array>;
}

/**
 * The backbone that a function came with.
 *
 * @throws NotFoundError when the asset has none; DamagedFileError when the graph that was read is another
 */
export async function functionBackbone(options: FunctionBackboneOptions): Promise<InstalledBackbone> {
  const { root, folder, readGraph } = options;
  const installed = await functionFacts(options);
  if (existsSync(installed.modelPath)) return installed;
  if (readGraph === undefined) throw noBackbone(root, folder);
  return storeGraph(installed, readGraph);
}

/** As functionBackbone, for those that need no more than the facts: the graph may be absent. @throws NotFoundError */
export async function functionFacts({ root, folder }: FunctionBackboneOptions): Promise<InstalledBackbone> {
  const [, name = '', precisionName] = folder.split('/');
  const precision = PRECISIONS.find((one) => one === precisionName);
  const installed = precision === undefined ? null : await findInstalledBackbone(name, precision, { home: root });
  if (installed === null) throw noBackbone(root, folder);
  return installed;
}

function noBackbone(root: string, folder: string): NotFoundError {
  return new NotFoundError(`expected a backbone in "${root}/${folder}", found none; deploy again`, {
    code: 'backbone_not_installed',
  });
}

/** Into the function's own disk, which lives as long as its process. */
async function storeGraph(
  installed: InstalledBackbone,
  readGraph: () => Promise<Uint8Array>,
): Promise<InstalledBackbone> {
  const folder = path.join(tmpdir(), 'headstart-backbone');
  const stored = { ...installed, modelPath: path.join(folder, `${installed.sha256}.onnx`) };
  const partial = `${stored.modelPath}.${process.pid}`;
  await mkdir(folder, { recursive: true });
  await writeFile(partial, await readGraph());
  await assertIntact({ ...stored, modelPath: partial });
  await rename(partial, stored.modelPath);
  return stored;
}

/** How to read the graph that the deployment put into a bucket; nothing when it travels with the code. */
export function graphFromBucket(
  openBucket: (bucket: string) => ObjectStore,
): Pick<FunctionBackboneOptions, 'readGraph'> {
  const bucket = optionalVariable('HEADSTART_BACKBONE_BUCKET');
  const key = optionalVariable('HEADSTART_BACKBONE_KEY');
  if (bucket === null || key === null) return {};
  return {
    readGraph: async () => {
      const stored = await openBucket(bucket).get(key);
      if (stored !== null) return stored.bytes;
      throw new NotFoundError(`expected the backbone at s3://${bucket}/${key}, found none; deploy again`, {
        code: 'backbone_not_installed',
      });
    },
  };
}
