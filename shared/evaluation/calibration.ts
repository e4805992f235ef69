import type { CalibrationMetrics, ReliabilityBin } from './evaluation.ts';
import { softmaxRow } from './predictions.ts';

/** Equal-width bins of the largest probability, as in Guo et al. (2017). */
export const CONFIDENCE_BINS = 15;

/** Smallest probability in the log loss, as scikit-learn has it for float64: one impossible answer costs 36, not infinity. */
const LOG_LOSS_FLOOR = 2 ** -52;

interface BinSums {
  count: number;
  confidence: number;
  correct: number;
}

/**
 * How far the probabilities `softmax(logits / temperature)` can be believed.
 *
 * - Log loss: mean of `-ln p(label)`.
 * - Brier score: mean of `sum over c of (p_c - [c is the label])^2`; G. W. Brier, Monthly Weather Review 78 (1950).
 * - Expected calibration error: `sum over bins of |bin| / N * |accuracy(bin) - confidence(bin)|`; C. Guo et al., "On
 *   calibration of modern neural networks", ICML 2017, equation 5.
 *
 * @param logits `[N, C]`, N at least 1
 * @param predicted answer of each row
 */
export function calibrationMetrics(
  logits: Float32Array,
  truth: Uint32Array,
  predicted: Uint32Array,
  classCount: number,
  temperature: number,
): CalibrationMetrics {
  const sums = Array.from({ length: CONFIDENCE_BINS }, (): BinSums => ({ count: 0, confidence: 0, correct: 0 }));
  const row = new Float64Array(classCount);
  let logLoss = 0;
  let brier = 0;
  truth.forEach((label, index) => {
    softmaxRow(logits, index, temperature, row);
    const answer = predicted[index] ?? 0;
    logLoss -= Math.log(Math.max(row[label] ?? Number.NaN, LOG_LOSS_FLOOR));
    brier += squaredDistance(row, label);
    addToBin(sums, row[answer] ?? Number.NaN, answer === label);
  });
  const count = truth.length;
  const bins = sums.map(binOf);
  return { logLoss: logLoss / count, brier: brier / count, expectedError: expectedError(bins, count), bins };
}

function squaredDistance(probabilities: Float64Array, label: number): number {
  let sum = 0;
  for (let index = 0; index < probabilities.length; index++) {
    const difference = (probabilities[index] ?? Number.NaN) - (index === label ? 1 : 0);
    sum += difference * difference;
  }
  return sum;
}

function addToBin(sums: readonly BinSums[], confidence: number, isCorrect: boolean): void {
  const index = Math.min(CONFIDENCE_BINS, Math.max(1, Math.ceil(confidence * CONFIDENCE_BINS))) - 1;
  const bin = sums[index];
  if (bin === undefined) return;
  bin.count++;
  bin.confidence += confidence;
  bin.correct += isCorrect ? 1 : 0;
}

function binOf({ count, confidence, correct }: BinSums, index: number): ReliabilityBin {
  return {
    low: index / CONFIDENCE_BINS,
    high: (index + 1) / CONFIDENCE_BINS,
    count,
    confidence: count === 0 ? null : confidence / count,
    accuracy: count === 0 ? null : correct / count,
  };
}

function expectedError(bins: readonly ReliabilityBin[], pictureCount: number): number {
  return bins.reduce(
    (sum, { count, confidence, accuracy }) =>
      confidence === null || accuracy === null ? sum : sum + (count / pictureCount) * Math.abs(accuracy - confidence),
    0,
  );
}
