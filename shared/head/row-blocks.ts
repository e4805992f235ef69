import { assertFiniteRows } from './assert-finite-rows.ts';
import type { LabelledRows } from './head.ts';

/**
 * Bytes of float16 features in one block: 65,536 rows of 2,048, or 1,280 of the flattened 7x7x2048. Bounds the memory of training, and
 * is part of what makes a training repeatable: the scale of Adam's moments starts anew with each block.
 */
export const BLOCK_BYTES = 256 * 1024 * 1024;

/** Some rows with their labels, ready for a graph. Valid until the next block is asked for. */
export interface RowBlock {
  /** float16 bits, `[rowCount, dimensions]`. */
  readonly features: Uint16Array;
  readonly rowCount: number;
  /** Indices into the features, in the order of use. */
  readonly rows: Uint32Array;
  /** Of `rows`, in the same order. */
  readonly labels: Uint32Array;
}

/**
 * Rows in a block: a multiple of the batch, so that only the last batch of an epoch is smaller.
 *
 * @param blockBytes of features at most, unless one batch has more
 */
export function rowsPerBlock(
  dimensions: number,
  batchSize: number,
  maxSteps: number,
  blockBytes: number = BLOCK_BYTES,
): number {
  const batches = Math.floor(blockBytes / (2 * dimensions * batchSize));
  return batchSize * Math.min(Math.max(1, batches), maxSteps);
}

/** `0..count-1`. */
export function inSequence(count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, index) => index);
}

/**
 * The rows in this order, block by block. Rows that fit one block are used where they are, or read once and kept; more are streamed, so that
 * memory holds one block, however many there are. Both give the same rows to the graph in the same blocks.
 */
export class RowBlocks {
  readonly #rows: LabelledRows;
  readonly #blockRows: number;
  readonly #name: string;
  #kept: Uint16Array | null = null;
  /** One block's memory for all: a new one for each would cost its page faults, and twice the memory until the old one is collected. */
  #buffer: Float16Array<ArrayBuffer> | null = null;
  /** Stored rows do not change, so they are looked at once, in the first pass. */
  #areChecked = false;

  /** @param name for messages: `train`, `valid` */
  constructor(rows: LabelledRows, blockRows: number, name: string) {
    this.#rows = rows;
    this.#blockRows = blockRows;
    this.#name = name;
  }

  /** @throws InvalidInputError at the first row with a value that is not finite */
  async *inOrder(order: Uint32Array): AsyncIterable<RowBlock> {
    const { features, labels } = this.#rows;
    const labelsOf = (rows: Uint32Array) => rows.map((row) => labels[row] ?? 0);
    if (features.rowCount <= this.#blockRows) {
      this.#kept ??= await this.#readAll();
      yield { features: this.#kept, rowCount: features.rowCount, rows: order, labels: labelsOf(order) };
      return;
    }
    for (let start = 0; start < order.length; start += this.#blockRows) {
      const rows = order.subarray(start, start + this.#blockRows);
      const block = await this.#read(rows);
      yield { features: block, rowCount: rows.length, rows: inSequence(rows.length), labels: labelsOf(rows) };
    }
    this.#areChecked = true;
  }

  async #readAll(): Promise<Uint16Array> {
    const { values, rowCount } = this.#rows.features;
    const everyRow = inSequence(rowCount);
    if (values === undefined) return this.#read(everyRow);
    const bits = new Uint16Array(values.buffer, values.byteOffset, values.length);
    assertFiniteRows(bits, everyRow, this.#name);
    return bits;
  }

  async #read(rows: Uint32Array): Promise<Uint16Array> {
    const { dimensions, rowCount } = this.#rows.features;
    this.#buffer ??= new Float16Array(Math.min(rowCount, this.#blockRows) * dimensions);
    const values = this.#buffer.subarray(0, rows.length * dimensions);
    await this.#rows.features.read(rows, values);
    const bits = new Uint16Array(values.buffer, 0, values.length);
    if (!this.#areChecked) assertFiniteRows(bits, rows, this.#name);
    return bits;
  }
}
