import { z } from 'zod';
import { InvalidInputError } from '../../errors.ts';
import { readTfjsWeights, type TfjsTensor } from './tfjs-weights.ts';

const WEIGHT = z.object({
  name: z.string(),
  shape: z.array(z.int().nonnegative()),
  dtype: z.string(),
  quantization: z
    .object({ dtype: z.string(), scale: z.number().optional(), min: z.number().optional() })
    .transform(({ dtype, scale, min }) => ({
      dtype,
      ...(scale !== undefined && { scale }),
      ...(min !== undefined && { min }),
    }))
    .optional(),
});

const MODEL = z.object({
  modelTopology: z.record(z.string(), z.unknown()),
  weightsManifest: z.array(z.object({ paths: z.array(z.string()), weights: z.array(WEIGHT) })).min(1),
});

/** A TF.js model in memory. */
export interface TfjsModel {
  readonly topology: Readonly<Record<string, unknown>>;
  readonly weights: ReadonlyMap<string, TfjsTensor>;
  /** All shards, one behind the other. */
  readonly shards: Uint8Array;
}

/**
 * Reads the JSON of a TF.js model.
 *
 * @param shardsOf gives the bytes of the named shard files, one behind the other
 * @throws InvalidInputError that names the field
 */
export function parseTfjsModel(description: unknown, shardsOf: (paths: readonly string[]) => Uint8Array): TfjsModel {
  const parsed = MODEL.safeParse(description);
  if (!parsed.success) {
    throw new InvalidInputError(
      `expected the model.json of a TF.js model: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}; export the model again`,
    );
  }
  const { modelTopology, weightsManifest } = parsed.data;
  const groups = weightsManifest.map(({ paths, weights }) => {
    const shards = shardsOf(paths);
    const specs = weights.map(({ quantization, ...spec }) => ({ ...spec, ...(quantization && { quantization }) }));
    return { shards, tensors: readTfjsWeights(specs, shards) };
  });
  return {
    topology: modelTopology,
    weights: new Map(groups.flatMap(({ tensors }) => [...tensors])),
    shards: Buffer.concat(groups.map(({ shards }) => shards)),
  };
}
