import { DamagedFileError, InvalidInputError } from '../errors.ts';
import { availableParallelism } from 'node:os';
import { openSession, type DenseTensor, type OnnxSession, type SessionOptions } from '../onnx/session.ts';
import { assertWhole } from './installed-backbones.ts';
import type { Backbone, BackboneOutputs, InstalledBackbone, Pooling } from './backbone.ts';

export interface OpenBackboneOptions extends Pick<SessionOptions, 'threads'> {
  /** @default 'avg' */
  readonly pooling?: Pooling;
}

/** Length of one vector. @throws InvalidInputError for `flatten` of a backbone without a feature map */
export function dimensionsOf({ name, outputs }: InstalledBackbone, pooling: Pooling): number {
  if (pooling === 'avg') return outputs.embedding.dimensions;
  const { channels, height, width } = featuresOf(name, outputs);
  return channels * height * width;
}

/**
 * Loads the graph from its file.
 * @throws InvalidInputError for `flatten` of a backbone without a feature map, DamagedFileError
 */
export async function openBackbone(installed: InstalledBackbone, options: OpenBackboneOptions = {}): Promise<Backbone> {
  const { pooling = 'avg', threads = availableParallelism() } = options;
  const dimensions = dimensionsOf(installed, pooling);
  await assertWhole(installed);
  const session = await openSession(installed.modelPath, { threads });
  return {
    installed,
    pooling,
    dimensions,
    threads,
    embed: async (input, count) =>
      pooling === 'avg' ? pooled(session, installed, input, count) : flattened(session, installed, input, count),
    close: () => session.release(),
  };
}

/**
 * The same, but the graph is loaded at the first picture: a run in which every vector is cached never needs it.
 * @throws InvalidInputError for `flatten` of a backbone without a feature map
 */
export function openBackboneLazily(installed: InstalledBackbone, options: OpenBackboneOptions = {}): Backbone {
  let opened: Promise<Backbone> | null = null;
  return {
    installed,
    pooling: options.pooling ?? 'avg',
    dimensions: dimensionsOf(installed, options.pooling ?? 'avg'),
    threads: options.threads ?? availableParallelism(),
    embed: async (input, count) => {
      opened ??= openBackbone(installed, options);
      return (await opened).embed(input, count);
    },
    close: async () => {
      await (await opened)?.close();
    },
  };
}

async function pooled(session: OnnxSession, installed: InstalledBackbone, input: Float32Array, count: number) {
  const { name, dimensions } = installed.outputs.embedding;
  return run(session, installed, input, count, name, count * dimensions);
}

/** `[count, height * width * channels]` in NHWC order, as Keras' Flatten gives it. */
async function flattened(session: OnnxSession, installed: InstalledBackbone, input: Float32Array, count: number) {
  const { name, channels, height, width } = featuresOf(installed.name, installed.outputs);
  const positions = height * width;
  const planes = await run(session, installed, input, count, name, count * channels * positions); // [N, C, H, W]
  const rows = new Float32Array(planes.length); // [N, H, W, C]
  for (let picture = 0; picture < count; picture += 1) {
    const start = picture * channels * positions;
    for (let channel = 0; channel < channels; channel += 1) {
      let to = start + channel;
      for (let from = start + channel * positions, end = from + positions; from < end; from += 1, to += channels) {
        rows[to] = planes[from] ?? 0;
      }
    }
  }
  return rows;
}

async function run(
  session: OnnxSession,
  { name, input: { name: inputName, layout, width, height } }: InstalledBackbone,
  input: Float32Array,
  count: number,
  output: string,
  length: number,
): Promise<Float32Array> {
  const dims = layout === 'NCHW' ? [count, 3, height, width] : [count, height, width, 3];
  const feeds: Record<string, DenseTensor> = { [inputName]: { data: input, dims } };
  const { [output]: result } = await session.run(feeds, [output]);
  if (result?.data instanceof Float32Array && result.data.length === length) return result.data;
  throw new DamagedFileError(
    `expected ${length} float32 values in output "${output}" of backbone "${name}", received ${result?.data.length ?? 0}; import it again`,
  );
}

function featuresOf(name: string, { features }: BackboneOutputs) {
  if (features !== null) return features;
  throw new InvalidInputError(
    `expected a backbone with a feature map for --pooling flatten, received "${name}", which only has a pooled output; use --pooling avg`,
  );
}
