import { createHash } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DamagedFileError, HeadstartError, messageOf } from '../errors.ts';
import { PREPROCESSING_VERSION } from '../image/picture.ts';
import { errnoOf } from '../storage/file-error.ts';
import { readReplaceable, replaceFolder } from '../storage/replace-folder.ts';
import {
  PRECISIONS,
  type BackboneInput,
  type BackboneOutputs,
  type InstalledBackbone,
  type Precision,
} from './backbone.ts';
import { backboneHome } from './backbone-home.ts';
import { parseBackboneFile } from './backbone-file.ts';
import { hashOfFile } from './file-hash.ts';

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
  const target = folderOf(options.home ?? backboneHome(), backbone.name, backbone.precision);
  const sha256 = createHash('sha256').update(model).digest('hex');
  const id = backboneIdOf(facts.name, facts.precision, sha256);
  const text = `${JSON.stringify({ formatVersion: 1, id, ...facts, sha256, sizeBytes: model.length }, null, 2)}\n`;
  const installed = toInstalled(target, text);
  if (await isInstalled(target, text, sha256)) return installed;
  try {
    await replaceFolder(target, async (folder) => {
      await writeFile(path.join(folder, MODEL_FILE), model);
      await writeFile(path.join(folder, FACTS_FILE), text);
    });
  } catch (cause) {
    throw new HeadstartError(
      'not_writable',
      `expected to store backbone "${backbone.name}" in "${target}": ${messageOf(cause)}; ` +
        'free some space, or name another folder by HEADSTART_HOME',
      { cause },
    );
  }
  return installed;
}

/** Whether the very same is there already: then a process that reads it is not disturbed. */
async function isInstalled(folder: string, text: string, sha256: string): Promise<boolean> {
  try {
    const isSame = (await readFile(path.join(folder, FACTS_FILE), 'utf8')) === text;
    return isSame && (await hashOfFile(path.join(folder, MODEL_FILE), 'sha256')) === sha256;
  } catch {
    return false;
  }
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
    const text = await readReplaceable(folder, () => readFacts(folder));
    if (text !== null) return toInstalled(folder, text);
  }
  return null;
}

/** The installed backbone whose vectors a model was trained on, or null. */
export async function findBackboneById(id: string, options: HomeOptions = {}): Promise<InstalledBackbone | null> {
  return (await listInstalledBackbones(options)).find((backbone) => backbone.id === id) ?? null;
}

/** @throws DamagedFileError when the graph is missing or cut short; reads no byte of it */
export async function assertWhole({ modelPath, sizeBytes, name }: InstalledBackbone): Promise<void> {
  const facts = await stat(modelPath).catch(() => null);
  if (facts?.size === sizeBytes) return;
  throw new DamagedFileError(
    `expected ${sizeBytes} bytes for backbone "${name}" in "${modelPath}", found ${facts === null ? 'no file' : facts.size}; install it again`,
  );
}

/** @throws DamagedFileError when the graph is not the file that was installed */
export async function assertIntact(installed: InstalledBackbone): Promise<void> {
  await assertWhole(installed);
  const { modelPath, sha256, name } = installed;
  const received = await hashOfFile(modelPath, 'sha256');
  if (received === sha256) return;
  throw new DamagedFileError(
    `expected SHA-256 ${sha256} for backbone "${name}" in "${modelPath}", received ${received}; install it again`,
  );
}

async function readFacts(folder: string): Promise<string | null> {
  try {
    return await readFile(path.join(folder, FACTS_FILE), 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return null;
    throw error;
  }
}

function toInstalled(folder: string, text: string): InstalledBackbone {
  return { ...parseBackboneFile(text, path.join(folder, FACTS_FILE)), modelPath: path.join(folder, MODEL_FILE) };
}

function folderOf(home: string, name: string, precision: Precision): string {
  return path.join(home, 'backbones', name, precision);
}
