import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { DamagedFileError, HeadstartError, messageOf, NotFoundError } from '../errors.ts';
import type { SessionOptions } from '../onnx/session.ts';
import {
  BUNDLE_FILE_NAME,
  GOLDEN_FILE_NAME,
  MODEL_FILE_NAME,
  parseBundleFile,
  parseGoldenFile,
  type BundleFile,
} from './bundle-file.ts';
import type { ClassifierFacts } from './classifier-facts.ts';
import { openExportedClassifier } from './exported-classifier.ts';

export interface GoldenCheck {
  /** Below the bundle's folder. */
  readonly file: string;
  readonly source: 'test' | 'synthetic';
  /** Of the picture; null for a drawn one. */
  readonly label: string | null;
  /** The most probable here and now. */
  readonly predicted: string;
  /** Largest of all labels, absolute. */
  readonly difference: number;
}

export interface VerifiedBundle {
  readonly facts: ClassifierFacts;
  readonly pictures: readonly GoldenCheck[];
  readonly largestDifference: number;
  readonly tolerance: number;
}

/**
 * Checks every file of an exported bundle against its hash, and lets its model answer the golden pictures in this runtime.
 *
 * @throws NotFoundError when the folder is no bundle; DamagedFileError naming every file that is missing or altered; HeadstartError
 *   `golden_mismatch` when an answer differs by more than the tolerance
 */
export async function verifyBundle(
  folder: string,
  options: Pick<SessionOptions, 'threads'> = {},
): Promise<VerifiedBundle> {
  const files = await readFiles(folder, await readBundleFile(folder));
  const golden = parseGoldenFile(fileOf(files, GOLDEN_FILE_NAME), GOLDEN_FILE_NAME);
  const classifier = await openExportedClassifier(fileOf(files, MODEL_FILE_NAME), MODEL_FILE_NAME, options);
  try {
    const pictures: GoldenCheck[] = [];
    for (const { file, source, label, probabilities } of golden.pictures) {
      const received = await classifier.classify(fileOf(files, file));
      const predicted = classifier.facts.labels[received.indexOf(Math.max(...received))] ?? '';
      pictures.push({ file, source, label, predicted, difference: largestDifference(received, probabilities) });
    }
    const worst = pictures.reduce((a, b) => (b.difference > a.difference ? b : a));
    if (worst.difference > golden.tolerance) throw mismatch(worst, golden.tolerance);
    return { facts: classifier.facts, pictures, largestDifference: worst.difference, tolerance: golden.tolerance };
  } finally {
    await classifier.close();
  }
}

async function readBundleFile(folder: string): Promise<BundleFile> {
  const file = path.join(folder, BUNDLE_FILE_NAME);
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new NotFoundError(
      `expected a bundle of headstart export in "${folder}": ${messageOf(cause)}; name the folder that --out named`,
      { cause },
    );
  });
  return parseBundleFile(bytes, file);
}

async function readFiles(folder: string, { files }: BundleFile): Promise<ReadonlyMap<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  const problems: string[] = [];
  for (const { name, sizeBytes, sha256 } of files) {
    const bytes = await readFile(path.join(folder, name)).catch(() => null);
    const hash = bytes === null ? null : createHash('sha256').update(bytes).digest('hex');
    if (bytes !== null && hash === sha256) found.set(name, bytes);
    else problems.push(`${name} (${bytes === null ? 'missing' : describeChange(bytes, sizeBytes)})`);
  }
  if (problems.length === 0) return found;
  throw new DamagedFileError(
    `expected the files of "${folder}" as they were exported, found ${problems.join(', ')}; copy the bundle again, or export it again`,
  );
}

function describeChange({ length }: Uint8Array, sizeBytes: number): string {
  return length === sizeBytes ? 'altered' : `${length} bytes instead of ${sizeBytes}`;
}

function fileOf(files: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const bytes = files.get(name);
  if (bytes !== undefined) return bytes;
  throw new DamagedFileError(`expected "${name}" among the files of the bundle, found none; export it again`);
}

/** Infinity for another number of labels, or for NaN. */
function largestDifference(received: Float32Array, expected: readonly number[]): number {
  if (received.length !== expected.length) return Number.POSITIVE_INFINITY;
  const differences = expected.map((value, index) => Math.abs(value - (received[index] ?? Number.NaN)));
  return differences.every(Number.isFinite) ? Math.max(...differences) : Number.POSITIVE_INFINITY;
}

function mismatch({ file, difference }: GoldenCheck, tolerance: number): HeadstartError {
  return new HeadstartError(
    'golden_mismatch',
    `expected the exported probabilities within ${tolerance} for "${file}", received a difference of ${difference.toPrecision(3)}; ` +
      'this processor or runtime computes otherwise: export the model on it, or use precision float32',
  );
}
