import type { Random } from './random.ts';

/** Values in a pool, where the block has more: 1,024 rows of 2,048, used 13 times an epoch of 13,500 rows, each time for another row. */
const POOL_VALUES = 2 ** 21;

/** Values that are drawn together: they stay in the processor's nearest cache. Even, so that no word is cut. */
const DRAWN_AT_ONCE = 2 ** 14;

/** Inverted dropout for one block of steps. */
export interface DropoutMasks {
  /** `[poolRows, dimensions]` float32: 1 / (1 - dropout) keeps an input, 0 drops it. */
  readonly pool: Float32Array<ArrayBuffer>;
  readonly poolRows: number;
  /** `[steps, batchSize]`: the mask of each row; no two rows of a batch share one. */
  readonly rows: BigInt64Array;
}

export interface DropoutRequest {
  /** Probability of dropping an input, honoured to 1 / 65,536. */
  readonly dropout: number;
  readonly dimensions: number;
  readonly batchSize: number;
  readonly steps: number;
}

/**
 * A fresh pool of random masks, and for each step a random place in it from which its rows take theirs.
 *
 * @param used an earlier block's masks, which are no longer needed: their memory is taken where it is enough. @default new memory
 */
export function dropoutMasks(
  { dropout, dimensions, batchSize, steps }: DropoutRequest,
  random: Random,
  used: DropoutMasks | null = null,
): DropoutMasks {
  const poolRows = Math.max(2 * batchSize, Math.min(steps * batchSize, Math.ceil(POOL_VALUES / dimensions)));
  const pool = floatsIn(used?.pool.buffer, poolRows * dimensions);
  fillMasks(pool, dropout, random);
  const rows = new BigInt64Array(steps * batchSize);
  for (let step = 0; step < steps; step += 1) {
    const start = random.below(poolRows);
    for (let row = 0; row < batchSize; row += 1) rows[step * batchSize + row] = BigInt((start + row) % poolRows);
  }
  return { pool, poolRows, rows };
}

function floatsIn(memory: ArrayBuffer | undefined, length: number): Float32Array<ArrayBuffer> {
  const isEnough = memory !== undefined && memory.byteLength >= length * Float32Array.BYTES_PER_ELEMENT;
  return isEnough ? new Float32Array(memory, 0, length) : new Float32Array(length);
}

/** Two values from each 32 bits, the lower half first. The float's bits are kept or cleared: a choice by comparison takes four times as long. */
function fillMasks(pool: Float32Array<ArrayBuffer>, dropout: number, random: Random): void {
  const threshold = Math.round(dropout * 0x10000);
  const [kept = 0] = new Int32Array(Float32Array.of(1 / (1 - dropout)).buffer);
  const bits = new Int32Array(pool.buffer, 0, pool.length);
  const words = new Int32Array(DRAWN_AT_ONCE / 2);
  const draws = new Uint16Array(words.buffer);
  for (let start = 0; start < bits.length; start += DRAWN_AT_ONCE) {
    const count = Math.min(DRAWN_AT_ONCE, bits.length - start);
    random.fill(words.subarray(0, Math.ceil(count / 2)));
    for (let index = 0; index < count; index += 1) {
      const isDropped = ((draws[index] ?? 0) - threshold) >> 31;
      bits[start + index] = kept & ~isDropped;
    }
  }
}
