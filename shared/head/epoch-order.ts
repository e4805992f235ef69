import type { FeatureRows } from '../features/feature-row.ts';
import { permutation, shuffle, type Random } from './random.ts';

/** From this many bytes of features on, an epoch goes through them chunk by chunk, whether they are in memory or not. */
const CHUNKED_FROM_BYTES = 2 * 1024 ** 3;
/** A request to S3 for so much costs no more than for one row, and takes hardly longer. */
const CHUNK_BYTES = 1024 ** 2;

/**
 * The rows of an epoch in a random order.
 *
 * Rows that do not fit into memory are read from their shards in each epoch: a plain permutation would be a request for each row. There, chunks of
 * stored neighbours come in a random order, and the rows of each block, of some hundred chunks, in a random order too. The size of the features
 * alone decides, not the machine's memory, so that the same seed gives the same bytes everywhere.
 *
 * @param blockRows in memory at once
 */
export function epochOrder(features: FeatureRows, blockRows: number, random: Random): Uint32Array {
  const { rowCount, dimensions } = features;
  const rowBytes = dimensions * Float16Array.BYTES_PER_ELEMENT;
  const stored = rowCount * rowBytes < CHUNKED_FROM_BYTES ? null : (features.storedOrder?.() ?? null);
  if (stored === null) return permutation(rowCount, random);
  return chunkedOrder(stored, Math.max(1, Math.floor(CHUNK_BYTES / rowBytes)), blockRows, random);
}

/** @param stored every row once, neighbours beside each other */
export function chunkedOrder(stored: Uint32Array, chunkRows: number, blockRows: number, random: Random): Uint32Array {
  const order = new Uint32Array(stored.length);
  let filled = 0;
  for (const chunk of permutation(Math.ceil(stored.length / chunkRows), random)) {
    const rows = stored.subarray(chunk * chunkRows, (chunk + 1) * chunkRows);
    order.set(rows, filled);
    filled += rows.length;
  }
  for (let start = 0; start < order.length; start += blockRows) {
    shuffle(order.subarray(start, start + blockRows), random);
  }
  return order;
}
