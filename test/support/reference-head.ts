import { classWeightsOf } from '../../shared/head/class-weights.ts';
import { dropoutMasks, type DropoutMasks } from '../../shared/head/dropout-masks.ts';
import type { TrainHeadRequest } from '../../shared/head/head.ts';
import { permutation, Random, RANDOM_STREAMS } from '../../shared/head/random.ts';
import { inSequence } from '../../shared/head/row-blocks.ts';
import { initialWeights } from '../../shared/head/training-state.ts';

export interface ReferenceResult {
  readonly kernel: Float64Array;
  readonly bias: Float64Array;
  readonly epochLoss: number[];
  readonly epochAccuracy: number[];
  /** Mean loss of each batch, before its update. */
  readonly stepLoss: number[];
}

/** A batch with its masks applied, `inputs` `[rows, D]`. */
export interface ReferenceBatch {
  readonly inputs: readonly Float64Array[];
  readonly labels: readonly number[];
}

export interface ReferenceGradient {
  readonly loss: number;
  readonly correct: number;
  readonly kernel: Float64Array;
  readonly bias: Float64Array;
}

/** Loss and gradient of one batch in float64, written from the formulas. */
export function referenceGradient(
  { inputs, labels }: ReferenceBatch,
  kernel: Float64Array,
  bias: Float64Array,
  { l2, weightOf }: { readonly l2: number; readonly weightOf: ArrayLike<number> },
): ReferenceGradient {
  const C = bias.length;
  const kernelGradient = kernel.map((value) => 2 * l2 * value);
  const biasGradient = new Float64Array(C);
  let loss = l2 * kernel.reduce((sum, value) => sum + value * value, 0);
  let correct = 0;
  inputs.forEach((input, row) => {
    const label = labels[row] ?? 0;
    const w = (weightOf[label] ?? 1) / inputs.length;
    const logits = bias.map((value, c) => input.reduce((sum, xd, d) => sum + xd * (kernel[d * C + c] ?? 0), value));
    const max = Math.max(...logits);
    const total = logits.reduce((sum, z) => sum + Math.exp(z - max), 0);
    loss += w * (Math.log(total) + max - (logits[label] ?? 0));
    correct += logits.indexOf(max) === label ? 1 : 0;
    logits.forEach((z, c) => {
      const g = (Math.exp(z - max) / total - (c === label ? 1 : 0)) * w;
      biasGradient[c] = (biasGradient[c] ?? 0) + g;
      input.forEach((xd, d) => {
        kernelGradient[d * C + c] = (kernelGradient[d * C + c] ?? 0) + xd * g;
      });
    });
  });
  return { loss, correct, kernel: kernelGradient, bias: biasGradient };
}

/**
 * The same training in float64, sharing no arithmetic with the engines: only the random choices (order, masks, initial kernel) and the
 * class weights are those of the product.
 *
 * @param x `[rows, D]`
 * @param blockRows rows for which masks are drawn at once, as the product does for each block of features
 */
export function trainReference(request: TrainHeadRequest, x: ArrayLike<number>, blockRows = Infinity): ReferenceResult {
  const { train, classCount: C, hyperparameters, shuffle = true } = request;
  const { epochs, batchSize, learningRate, l2, classWeights, seed } = hyperparameters;
  const D = train.features.dimensions;
  const N = train.features.rowCount;
  const start = initialWeights(request);
  const kernel = { values: Float64Array.from(start.kernel), m: new Float64Array(D * C), v: new Float64Array(D * C) };
  const bias = { values: Float64Array.from(start.bias), m: new Float64Array(C), v: new Float64Array(C) };
  const weightOf = classWeightsOf(classWeights, train.labels, C);
  const orderRandom = new Random(seed, RANDOM_STREAMS.order);
  const maskRandom = new Random(seed, RANDOM_STREAMS.masks);
  const result: ReferenceResult = {
    kernel: kernel.values,
    bias: bias.values,
    epochLoss: [],
    epochAccuracy: [],
    stepLoss: [],
  };
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    const order = shuffle ? permutation(N, orderRandom) : inSequence(N);
    const masks = epochMasks(request, Math.min(blockRows, N), maskRandom);
    const totals = { loss: 0, correct: 0 };
    for (let first = 0; first < N; first += batchSize) {
      const rows = order.subarray(first, Math.min(N, first + batchSize));
      const inputs = Array.from(rows, (row, place) =>
        Float64Array.from({ length: D }, (_, d) => (x[row * D + d] ?? 0) * masks(first + place, d)),
      );
      const labels = Array.from(rows, (row) => train.labels[row] ?? 0);
      const gradient = referenceGradient({ inputs, labels }, kernel.values, bias.values, { l2, weightOf });
      const t = result.stepLoss.push(gradient.loss);
      adam(kernel, gradient.kernel, learningRate, t);
      adam(bias, gradient.bias, learningRate, t);
      totals.loss += gradient.loss * rows.length;
      totals.correct += gradient.correct;
    }
    result.epochLoss.push(totals.loss / N);
    result.epochAccuracy.push(totals.correct / N);
  }
  return result;
}

/** The factor of input `d` of the row at `place` in the epoch. */
function epochMasks({ train, hyperparameters }: TrainHeadRequest, blockRows: number, random: Random) {
  const { dropout, batchSize } = hyperparameters;
  const { rowCount, dimensions } = train.features;
  if (dropout === 0) return () => 1;
  const blocks: DropoutMasks[] = [];
  for (let first = 0; first < rowCount; first += blockRows) {
    const rows = Math.min(blockRows, rowCount - first);
    const steps = Math.ceil(rows / batchSize);
    const width = steps === 1 ? rows : batchSize;
    blocks.push(dropoutMasks({ dropout, dimensions, batchSize: width, steps }, random));
  }
  return (place: number, d: number) => {
    const { pool, rows } = blocks[Math.floor(place / blockRows)] ?? { pool: [], rows: [] };
    return pool[Number(rows[place % blockRows] ?? 0n) * dimensions + d] ?? Number.NaN;
  };
}

/** Keras' Adam: epsilon is added to the uncorrected root. */
function adam(
  { values, m, v }: Readonly<Record<'values' | 'm' | 'v', Float64Array>>,
  gradient: Float64Array,
  learningRate: number,
  t: number,
): void {
  const rate = (learningRate * Math.sqrt(1 - 0.999 ** t)) / (1 - 0.9 ** t);
  gradient.forEach((g, i) => {
    m[i] = 0.9 * (m[i] ?? 0) + 0.1 * g;
    v[i] = 0.999 * (v[i] ?? 0) + 0.001 * g * g;
    values[i] = (values[i] ?? 0) - (rate * (m[i] ?? 0)) / (Math.sqrt(v[i] ?? 0) + 1e-7);
  });
}
