import { z } from 'zod';
import { DamagedFileError, messageOf } from '../errors.ts';
import { LAYOUTS } from '../image/normalisation.ts';
import { PRECISIONS, type InstalledBackbone } from './backbone.ts';

const triple = z.tuple([z.number(), z.number(), z.number()]);
const size = z.int().positive();

const BACKBONE_FILE = z
  .object({
    formatVersion: z.literal(1),
    id: z.string().min(1),
    name: z.string().min(1),
    precision: z.enum(PRECISIONS),
    licence: z.string(),
    parameterCount: z.int().nonnegative(),
    input: z.object({
      name: z.string().min(1),
      width: size,
      height: size,
      layout: z.enum(LAYOUTS),
      normalisation: z.object({ channelOrder: z.enum(['RGB', 'BGR']), scale: z.number(), mean: triple, std: triple }),
    }),
    outputs: z.object({
      features: z.object({ name: z.string().min(1), channels: size, height: size, width: size }).nullable(),
      embedding: z.object({ name: z.string().min(1), dimensions: size }),
    }),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    sizeBytes: size,
    importedFrom: z.string(),
  })
  .transform(({ formatVersion: _, ...facts }) => facts);

/** Reads backbone.json. @throws DamagedFileError that names the file and the field */
export function parseBackboneFile(text: string, file: string): Omit<InstalledBackbone, 'modelPath'> {
  try {
    return BACKBONE_FILE.parse(JSON.parse(text));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause).replaceAll('\n', ' ') : messageOf(cause);
    throw new DamagedFileError(`expected the facts of a backbone in "${file}": ${why}; install the backbone again`, {
      cause,
    });
  }
}
