import type { RowBlock } from './row-blocks.ts';

/** The batches of a block as the training graph takes them, `[steps, batchSize]`, filled up at the end with rows of weight 0. */
export interface BatchFeeds {
  readonly steps: number;
  readonly batchSize: number;
  readonly rows: BigInt64Array;
  readonly labels: BigInt64Array;
  /** Class weight / (rows in the batch), before the scale of the step. */
  readonly rowWeights: Float64Array;
}

/** @param batchSize of the hyper-parameters; a block with fewer rows makes one batch of its own size */
export function batchFeeds(block: RowBlock, batchSize: number, classWeights: Float32Array): BatchFeeds {
  const rowCount = block.rows.length;
  const steps = Math.ceil(rowCount / batchSize);
  const width = steps === 1 ? rowCount : batchSize;
  const feeds = {
    steps,
    batchSize: width,
    rows: new BigInt64Array(steps * width),
    labels: new BigInt64Array(steps * width),
    rowWeights: new Float64Array(steps * width),
  };
  block.rows.forEach((row, index) => {
    const label = block.labels[index] ?? 0;
    const inBatch = Math.min(width, rowCount - Math.floor(index / width) * width);
    feeds.rows[index] = BigInt(row);
    feeds.labels[index] = BigInt(label);
    feeds.rowWeights[index] = (classWeights[label] ?? 1) / inBatch;
  });
  return feeds;
}
