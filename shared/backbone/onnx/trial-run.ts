import { InvalidInputError, messageOf } from '../../errors.ts';
import { openSession } from '../../onnx/session.ts';
import type { BackboneInput, BackboneOutputs } from '../backbone.ts';

/** Of the largest value. Kernels sum in another order for another batch; pictures that mix differ by far more. */
const BATCH_TOLERANCE = 1e-3;

/** Dimensions of these values for one picture. @throws InvalidInputError when the graph does not load or run */
export async function shapesOf(
  model: Uint8Array,
  fileName: string,
  input: BackboneInput,
  values: readonly string[],
): Promise<Record<string, readonly number[]>> {
  const results = await runOn(model, fileName, input, 1, values);
  return Object.fromEntries(values.map((name) => [name, results[name]?.dims ?? []]));
}

/**
 * Runs the finished backbone on one picture and on two at once.
 *
 * @throws InvalidInputError when a value is not finite, or a picture's vector depends on the other one
 */
export async function assertRuns(
  model: Uint8Array,
  fileName: string,
  input: BackboneInput,
  { embedding: { dimensions } }: BackboneOutputs,
): Promise<void> {
  const one = await embeddingsOf(model, fileName, input, 1, dimensions);
  const two = await embeddingsOf(model, fileName, input, 2, dimensions);
  const largest = one.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  if (one.every((value, index) => Math.abs(value - (two[index] ?? 0)) <= BATCH_TOLERANCE * largest)) return;
  throw new InvalidInputError(
    `expected "${fileName}" to give a picture the same vector alone and beside another one, received others; ` +
      'export it in evaluation mode and with a free batch dimension',
  );
}

async function embeddingsOf(
  model: Uint8Array,
  fileName: string,
  input: BackboneInput,
  count: number,
  dimensions: number,
): Promise<Float32Array> {
  const { embedding } = await runOn(model, fileName, input, count, ['embedding']);
  const values = embedding?.data;
  const isWhole = values instanceof Float32Array && values.length === count * dimensions;
  if (isWhole && values.every(Number.isFinite)) return values;
  const received = isWhole ? 'NaN or infinity' : `${values?.length ?? 0} values`;
  throw new InvalidInputError(
    `expected ${count * dimensions} finite numbers for ${count} pictures from "${fileName}", received ${received}; ` +
      'its weights are damaged, or --normalise does not fit',
  );
}

async function runOn(
  model: Uint8Array,
  fileName: string,
  input: BackboneInput,
  count: number,
  outputs: readonly string[],
) {
  const { layout, height, width } = input;
  const dims = layout === 'NCHW' ? [count, 3, height, width] : [count, height, width, 3];
  const session = await openSession(model, { threads: 1 }).catch((cause: unknown) => {
    throw new InvalidInputError(`expected "${fileName}" to load: ${messageOf(cause)}`, { cause });
  });
  try {
    return await session.run({ [input.name]: { data: trialPictures(input, count), dims } }, outputs);
  } catch (cause) {
    const advice =
      count === 1 ? 'set --layout, or export it for pictures of a fixed size' : 'export it with a free batch dimension';
    throw new InvalidInputError(
      `expected "${fileName}" to run on ${count === 1 ? 'a picture' : 'two pictures at once'} [${dims.join(', ')}]: ${messageOf(cause).trim()}; ${advice}`,
      { cause },
    );
  } finally {
    await session.release();
  }
}

/** Two different gradients in the range that the normalisation gives. */
function trialPictures({ height, width, normalisation }: BackboneInput, count: number): Float32Array {
  const { scale, mean, std } = normalisation;
  const length = 3 * height * width;
  return Float32Array.from({ length: count * length }, (_, index) => {
    const pixel = ((index % length) / length) * 255;
    return ((index < length ? pixel : 255 - pixel) * scale - mean[0]) / std[0];
  });
}
