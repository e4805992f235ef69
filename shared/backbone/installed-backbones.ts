import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DamagedFileError, HeadstartError, messageOf } from '../errors.ts';
import { PREPROCESSING_VERSION } from '../image/picture.ts';
import {
  PRECISIONS,
  type BackboneInput,
  type BackboneOutputs,
  type InstalledBackbone,
  type Precision,
} from './backbone.ts';
import { backboneHome } from './backbone-home.ts';
import { parseBackboneFile } from './backbone-file.ts';

const MODEL_FILE = 'model.onnx';
const FACTS_FILE = 'backbone.json';

/** Everything an importer knows of a graph that it wrote. */
export interface BackboneToInstall {
  readonly name: string;
  readonly precision: Precision;
  readonly licence: string;
  readonly parameterCount: number;
  readonly input: BackboneInput;
  readonly outputs: BackboneOutputs;
  readonly importedFrom: string;
  /** The ONNX file. */
  readonly model: Uint8Array;
}

export interface HomeOptions {
  /** @default backboneHome() */
  readonly home?: string;
}

/**
 * Stores a backbone under its name and precision. The folder appears whole or not at all, and one that was there before stays until
 * the new one is complete.
 */
export async function installBackbone(
  backbone: BackboneToInstall,
  options: HomeOptions = {},
): Promise<InstalledBackbone> {
  const { model, ...facts } = backbone;
  const home = options.home ?? backboneHome();
  const target = folderOf(home, backbone.name, backbone.precision);
  const partial = `${target}.partial-${randomUUID()}`;
  const sha256 = createHash('sha256').update(model).digest('hex');
  const file = {
    formatVersion: 1,
    id: backboneIdOf(facts.name, facts.precision, sha256),
    ...facts,
    sha256,
    sizeBytes: model.length,
  };
  try {
    await mkdir(partial, { recursive: true });
    await writeFile(path.join(partial, MODEL_FILE), model);
    await writeFile(path.join(partial, FACTS_FILE), `${JSON.stringify(file, null, 2)}\n`);
    await replaceFolder(partial, target);
  } catch (cause) {
    await rm(partial, { recursive: true, force: true });
    throw new HeadstartError(
      'not_writable',
      `expected to store backbone "${backbone.name}" in "${target}": ${messageOf(cause)}; ` +
        'free some space, or name another folder by HEADSTART_HOME',
      { cause },
    );
  }
  return readInstalled(target);
}

/** `<name>-<precision>-<first 12 hex digits of the SHA-256>-p<PREPROCESSING_VERSION>`. */
export function backboneIdOf(name: string, precision: Precision, sha256: string): string {
  return `${name}-${precision}-${sha256.slice(0, 12)}-p${PREPROCESSING_VERSION}`;
}

/** All that are installed, by name and then by precision. A damaged one is left out; `verify` names what is wrong with it. */
export async function listInstalledBackbones(options: HomeOptions = {}): Promise<InstalledBackbone[]> {
  const root = path.join(options.home ?? backboneHome(), 'backbones');
  const names = await readdir(root).catch(() => []);
  const found = await Promise.all(
    names.flatMap((name) =>
      PRECISIONS.map((precision) => findInstalledBackbone(name, precision, options).catch(() => null)),
    ),
  );
  return found.filter((backbone) => backbone !== null);
}

/** Null when it is not installed. Without a precision the first that is installed of float32, int8-weights, int8. */
export async function findInstalledBackbone(
  name: string,
  precision?: Precision,
  options: HomeOptions = {},
): Promise<InstalledBackbone | null> {
  for (const candidate of precision === undefined ? PRECISIONS : [precision]) {
    const folder = folderOf(options.home ?? backboneHome(), name, candidate);
    const isThere = await stat(path.join(folder, FACTS_FILE)).catch(() => null);
    if (isThere !== null) return readInstalled(folder);
  }
  return null;
}

/** The installed backbone whose vectors a model was trained on, or null. */
export async function findBackboneById(id: string, options: HomeOptions = {}): Promise<InstalledBackbone | null> {
  return (await listInstalledBackbones(options)).find((backbone) => backbone.id === id) ?? null;
}

/** @throws DamagedFileError when the graph is not the file that was installed */
export async function assertIntact({ modelPath, sha256, name }: InstalledBackbone): Promise<void> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(modelPath), hash);
  const received = hash.digest('hex');
  if (received === sha256) return;
  throw new DamagedFileError(
    `expected SHA-256 ${sha256} for backbone "${name}" in "${modelPath}", received ${received}; install it again`,
  );
}

async function readInstalled(folder: string): Promise<InstalledBackbone> {
  const file = path.join(folder, FACTS_FILE);
  const facts = parseBackboneFile(await readFile(file, 'utf8'), file);
  return { ...facts, modelPath: path.join(folder, MODEL_FILE) };
}

function folderOf(home: string, name: string, precision: Precision): string {
  return path.join(home, 'backbones', name, precision);
}

/** A folder cannot be renamed over one with files, so the old one is moved away first; of two installers at once the later wins. */
async function replaceFolder(from: string, to: string): Promise<void> {
  for (;;) {
    try {
      await rename(from, to);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'EPERM') throw error;
    }
    const old = `${to}.old-${randomUUID()}`;
    await rename(to, old).catch(() => undefined);
    await rm(old, { recursive: true, force: true });
  }
}
