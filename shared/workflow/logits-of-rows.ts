import type { FeatureRows } from '../features/feature-row.ts';

/** Values of one read at most: 32 MB of float16. */
const READ_VALUES = 16 * 1024 * 1024;

/** A head that answers vectors with logits: ServedHead fits. */
export interface LogitsHead {
  logits(embeddings: Float16Array, count: number): Promise<Float32Array>;
}

/** Logits of every row, `[rowCount, classCount]`, computed in blocks so that a long list of wide rows stays out of memory. */
export async function logitsOfRows(head: LogitsHead, rows: FeatureRows, classCount: number): Promise<Float32Array> {
  const { rowCount, dimensions } = rows;
  const logits = new Float32Array(rowCount * classCount);
  const blockRows = Math.max(1, Math.floor(READ_VALUES / dimensions));
  for (let start = 0; start < rowCount; start += blockRows) {
    const count = Math.min(blockRows, rowCount - start);
    const block = new Float16Array(count * dimensions);
    await rows.read(
      Uint32Array.from({ length: count }, (_, index) => start + index),
      block,
    );
    logits.set(await head.logits(block, count), start * classCount);
  }
  return logits;
}
