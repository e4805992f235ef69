import type { BatchFeeds } from './batch-feeds.ts';

/** What an engine says of the rows of a block, before each step's update. Rows that fill up the last batch are there too. */
export interface BatchScores {
  /** `[steps, batchSize]`: log of the probability of each row's label. */
  readonly logLikelihood: Float32Array;
  /** `[steps, batchSize]`: the class with the largest logit. */
  readonly best: BigInt64Array;
  /** `[steps]`: sum of the squared kernel; null without L2. */
  readonly squaredNorm: Float32Array | Float64Array | null;
}

/** Sums over the rows of an epoch. */
export interface EpochTotals {
  /** Each batch's loss before its update, counted as often as the batch has rows: Keras' loss metric, times the rows. */
  loss: number;
  correct: number;
}

/** Adds the rows of a block. */
export function addBatchScores(
  totals: EpochTotals,
  { logLikelihood, best, squaredNorm }: BatchScores,
  { batchSize, steps, labels, rowWeights }: BatchFeeds,
  rowCount: number,
  l2: number,
): void {
  for (let step = 0; step < steps; step += 1) {
    const end = Math.min(rowCount, (step + 1) * batchSize);
    let loss = l2 * (squaredNorm?.[step] ?? 0);
    for (let row = step * batchSize; row < end; row += 1) {
      loss -= (logLikelihood[row] ?? Number.NaN) * (rowWeights[row] ?? 0);
      if (best[row] === labels[row]) totals.correct += 1;
    }
    totals.loss += loss * (end - step * batchSize);
  }
}
