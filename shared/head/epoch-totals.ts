import type { DenseTensor } from '../onnx/session.ts';
import type { BatchFeeds } from './batch-feeds.ts';
import { floatsOf } from './training-state.ts';

/** Sums over the rows of an epoch. */
export interface EpochTotals {
  /** Each batch's loss before its update, counted as often as the batch has rows: Keras' loss metric, times the rows. */
  loss: number;
  correct: number;
}

/** Adds what the training graph said of each row of a block. */
export function addBatchScores(
  totals: EpochTotals,
  outputs: Readonly<Record<string, DenseTensor>>,
  { batchSize, steps, labels, rowWeights }: BatchFeeds,
  rowCount: number,
  l2: number,
): void {
  const logLikelihood = floatsOf(outputs, 'logLikelihood').data;
  const best = outputs.best?.data;
  const squaredNorm = l2 > 0 ? floatsOf(outputs, 'squaredNorm').data : null;
  for (let step = 0; step < steps; step += 1) {
    const end = Math.min(rowCount, (step + 1) * batchSize);
    let loss = l2 * (squaredNorm?.[step] ?? 0);
    for (let row = step * batchSize; row < end; row += 1) {
      loss -= (logLikelihood[row] ?? Number.NaN) * (rowWeights[row] ?? 0);
      if (best?.[row] === labels[row]) totals.correct += 1;
    }
    totals.loss += loss * (end - step * batchSize);
  }
}
