import { createHash } from 'node:crypto';
import { z } from 'zod';
import { DamagedFileError, messageOf } from '../errors.ts';

export const BUNDLE_FILE_NAME = 'bundle.json';
export const MODEL_FILE_NAME = 'model.onnx';
export const GOLDEN_FILE_NAME = 'golden/golden.json';

const BUNDLE = z.object({
  formatVersion: z.literal(1),
  model: z.object({ dataset: z.string(), version: z.string() }),
  /** What wrote it. */
  headstart: z.string(),
  /** Every other file, sorted by name. */
  files: z.array(
    z.object({
      name: z.string().regex(/^(?!.*\.\.)[^/\\][^\\]*$/),
      sizeBytes: z.int().nonnegative(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
});
/** `bundle.json`: what must lie beside it. */
export type BundleFile = z.infer<typeof BUNDLE>;

const GOLDEN = z.object({
  /** Largest difference of a probability that is still the same model. */
  tolerance: z.number().positive(),
  pictures: z
    .array(
      z.object({
        file: z.string(),
        source: z.enum(['test', 'synthetic']),
        label: z.string().nullable(),
        /** In the order of the labels. */
        probabilities: z.array(z.number().min(0).max(1)),
      }),
    )
    .min(1),
});
/** `golden/golden.json`: what the model must answer. */
export type GoldenFile = z.infer<typeof GOLDEN>;

export function describeFiles(files: ReadonlyMap<string, Uint8Array>): BundleFile['files'] {
  return [...files]
    .map(([name, bytes]) => ({
      name,
      sizeBytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 1)}\n`);
}

export function parseBundleFile(bytes: Uint8Array, file: string): BundleFile {
  return parse(BUNDLE, bytes, file);
}

export function parseGoldenFile(bytes: Uint8Array, file: string): GoldenFile {
  return parse(GOLDEN, bytes, file);
}

function parse<T>(schema: z.ZodType<T>, bytes: Uint8Array, file: string): T {
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause).replaceAll('\n', ' ') : messageOf(cause);
    throw new DamagedFileError(`expected what headstart export writes in "${file}": ${why}; export the model again`, {
      cause,
    });
  }
}
