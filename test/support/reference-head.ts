import { batchFeeds } from '../../shared/head/batch-feeds.ts';
import { classWeightsOf } from '../../shared/head/class-weights.ts';
import { dropoutMasks } from '../../shared/head/dropout-masks.ts';
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

/**
 * The same training in float64, written from the formulas and sharing no arithmetic with the engines: only the random choices (order,
 * masks, initial kernel) are those of the product.
 *
 * @param x `[rows, D]`
 */
export function trainReference(request: TrainHeadRequest, x: ArrayLike<number>): ReferenceResult {
  const { train, classCount: C, hyperparameters, shuffle = true } = request;
  const { epochs, batchSize, learningRate, dropout, l2, classWeights, seed } = hyperparameters;
  const D = train.features.dimensions;
  const N = train.features.rowCount;
  const start = initialWeights(request);
  const kernel = Float64Array.from(start.kernel);
  const bias = Float64Array.from(start.bias);
  const moments = {
    km: new Float64Array(D * C),
    kv: new Float64Array(D * C),
    bm: new Float64Array(C),
    bv: new Float64Array(C),
  };
  const weightOf = classWeightsOf(classWeights, train.labels, C);
  const orderRandom = new Random(seed, RANDOM_STREAMS.order);
  const maskRandom = new Random(seed, RANDOM_STREAMS.masks);
  const result: ReferenceResult = { kernel, bias, epochLoss: [], epochAccuracy: [], stepLoss: [] };
  let t = 0;
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    const order = shuffle ? permutation(N, orderRandom) : inSequence(N);
    const shape = batchFeeds(
      { features: new Uint16Array(), rowCount: N, rows: order, labels: order.map((row) => train.labels[row] ?? 0) },
      batchSize,
      weightOf,
    );
    const masks =
      dropout > 0
        ? dropoutMasks({ dropout, dimensions: D, batchSize: shape.batchSize, steps: shape.steps }, maskRandom)
        : null;
    let epochLoss = 0;
    let correct = 0;
    for (let first = 0; first < N; first += batchSize) {
      const count = Math.min(batchSize, N - first);
      const kernelGradient = kernel.map((value) => 2 * l2 * value);
      const biasGradient = new Float64Array(C);
      let loss = l2 * kernel.reduce((sum, value) => sum + value * value, 0);
      for (let place = first; place < first + count; place += 1) {
        const row = order[place] ?? 0;
        const label = train.labels[row] ?? 0;
        const w = weightOf[label] ?? 1;
        const maskRow = Number(masks?.rows[place] ?? 0n);
        const input = Float64Array.from(
          { length: D },
          (_, d) => (x[row * D + d] ?? 0) * (masks ? (masks.pool[maskRow * D + d] ?? 0) : 1),
        );
        const logits = bias.map((value, c) => input.reduce((sum, xd, d) => sum + xd * (kernel[d * C + c] ?? 0), value));
        const max = Math.max(...logits);
        const total = logits.reduce((sum, z) => sum + Math.exp(z - max), 0);
        loss += (w * (Math.log(total) + max - (logits[label] ?? 0))) / count;
        correct += logits.indexOf(max) === label ? 1 : 0;
        for (let c = 0; c < C; c += 1) {
          const g = ((Math.exp((logits[c] ?? 0) - max) / total - (c === label ? 1 : 0)) * w) / count;
          biasGradient[c] = (biasGradient[c] ?? 0) + g;
          for (let d = 0; d < D; d += 1)
            kernelGradient[d * C + c] = (kernelGradient[d * C + c] ?? 0) + (input[d] ?? 0) * g;
        }
      }
      t += 1;
      adam(kernel, kernelGradient, moments.km, moments.kv, learningRate, t);
      adam(bias, biasGradient, moments.bm, moments.bv, learningRate, t);
      result.stepLoss.push(loss);
      epochLoss += loss * count;
    }
    result.epochLoss.push(epochLoss / N);
    result.epochAccuracy.push(correct / N);
  }
  return result;
}

/** Keras' Adam: epsilon is added to the uncorrected root. */
function adam(
  values: Float64Array,
  gradient: Float64Array,
  m: Float64Array,
  v: Float64Array,
  learningRate: number,
  t: number,
): void {
  const rate = (learningRate * Math.sqrt(1 - 0.999 ** t)) / (1 - 0.9 ** t);
  for (let i = 0; i < values.length; i += 1) {
    const g = gradient[i] ?? 0;
    m[i] = 0.9 * (m[i] ?? 0) + 0.1 * g;
    v[i] = 0.999 * (v[i] ?? 0) + 0.001 * g * g;
    values[i] = (values[i] ?? 0) - (rate * (m[i] ?? 0)) / (Math.sqrt(v[i] ?? 0) + 1e-7);
  }
}
