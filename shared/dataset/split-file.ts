import { DamagedFileError } from '../errors.ts';
import { SPLITS, type Split } from './dataset.ts';
import { SPLIT_METHODS, type AssignedPicture, type SplitPlan } from './split-plan.ts';

/** Name of the file in a model folder. */
export const SPLIT_FILE_NAME = 'split.json';
const FORMAT_VERSION = 1;

/** What is stored of a split: enough to train the same model again, and to know later what it has seen. */
export type StoredSplit = Pick<SplitPlan, 'method' | 'seed' | 'fractions' | 'pictures'>;

/** JSON with one picture a line, so that two versions can be compared with `diff`. Same plan, same bytes. */
export function splitFileBytes({ method, seed, fractions, pictures }: StoredSplit): Uint8Array {
  const { train, valid, test } = fractions;
  const head = JSON.stringify({ formatVersion: FORMAT_VERSION, method, seed, fractions: { train, valid, test } });
  const lines = pictures.map(({ key, label, split, sha256 }) => JSON.stringify({ key, label, split, sha256 }));
  return new TextEncoder().encode(`${head.slice(0, -1)},"pictures":[\n${lines.join(',\n')}\n]}\n`);
}

/** @throws DamagedFileError when the bytes are not such a file */
export function parseSplitFile(bytes: Uint8Array): StoredSplit {
  const stored = parseJson(bytes);
  const method = SPLIT_METHODS.find((name) => name === stored.method);
  const fractions = asRecord(stored.fractions);
  const { seed, pictures } = stored;
  if (stored.formatVersion !== FORMAT_VERSION || method === undefined || typeof seed !== 'number') {
    throw damaged(`format ${FORMAT_VERSION} with a method and a seed`, JSON.stringify(stored).slice(0, 80));
  }
  if (!Array.isArray(pictures)) throw damaged('a list of pictures', typeof pictures);
  const fraction = (split: Split): number => {
    const value = fractions[split];
    if (typeof value !== 'number') throw damaged(`the fraction of ${split}`, String(value));
    return value;
  };
  return {
    method,
    seed,
    fractions: { train: fraction('train'), valid: fraction('valid'), test: fraction('test') },
    pictures: pictures.map(parsePicture),
  };
}

function parsePicture(value: unknown): AssignedPicture {
  const { key, label, split: splitName, sha256 } = asRecord(value);
  const split = SPLITS.find((name) => name === splitName);
  if (typeof key === 'string' && typeof label === 'string' && typeof sha256 === 'string' && split !== undefined) {
    return { key, label, split, sha256 };
  }
  throw damaged('pictures with key, label, split and sha256', JSON.stringify(value));
}

function parseJson(bytes: Uint8Array): Record<string, unknown> {
  try {
    return asRecord(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch (error) {
    throw damaged('JSON', 'something else', { cause: error });
  }
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function damaged(expected: string, received: string, options?: ErrorOptions): DamagedFileError {
  return new DamagedFileError(
    `expected ${expected} in ${SPLIT_FILE_NAME}, got ${received}; train again, or restore the model folder`,
    options,
  );
}
