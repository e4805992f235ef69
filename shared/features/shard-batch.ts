import type { RecordBatch } from 'apache-arrow/ipc/metadata/message';
import type { StoredFacts } from './stored-facts.ts';
import { HASH_BYTES } from './shard-schema.ts';

/** Where a record batch lies. */
export interface BatchLayout {
  readonly shardKey: string;
  /** D, or 0 when it holds tombstones only. */
  readonly listSize: number;
  /** Of the batch's body in the shard, bytes. */
  readonly bodyStart: number;
}

/** Order of the buffers of a record batch, from the order of the columns (shard-schema.ts). */
const BUFFER = {
  key: 1,
  eTag: 4,
  sequencer: 7,
  sha256: 10,
  width: 12,
  height: 14,
  embeddingValidity: 15,
  vectors: 17,
} as const;
const BUFFER_COUNT = 18;

interface Region {
  readonly offset: number;
  readonly length: number;
}

/**
 * The facts of a record batch in the bytes they were stored in: about 200 a row, decoded one by one when asked for. An index over a
 * million pictures would otherwise hold ten million JavaScript values.
 */
export class ShardBatch {
  readonly shardKey: string;
  readonly rowCount: number;
  /** Of the first vector in the shard, bytes; row i's is `i * D * 2` further. */
  readonly vectorsStart: number;
  readonly #view: DataView;
  readonly #facts: Buffer;
  readonly #regions: readonly Region[];

  /** How many bytes of the body are in front of the vectors. */
  static factBytesOf(record: RecordBatch, layout: BatchLayout, bodyLength: number): number {
    const regions = record.buffers;
    const vectors = regions[BUFFER.vectors];
    if (regions.length !== BUFFER_COUNT || vectors === undefined) {
      throw new Error(`expected ${BUFFER_COUNT} buffers in a record batch, received ${regions.length}`);
    }
    if (record.compression !== null)
      throw new Error('expected an uncompressed record batch, received a compressed one');
    if (vectors.length < record.length * layout.listSize * 2 || vectors.offset + vectors.length > bodyLength) {
      throw new Error(`expected vectors of ${record.length} rows, received ${vectors.length} bytes`);
    }
    if (record.length < 0 || regions.some(({ offset, length }) => offset < 0 || length < 0)) {
      throw new Error(`expected rows and buffers of 0 bytes or more, received ${record.length} rows`);
    }
    const facts = regions.slice(0, BUFFER.vectors);
    const end = Math.max(0, ...facts.map(({ offset, length }) => offset + length));
    if (end > bodyLength)
      throw new Error(`expected buffers within ${bodyLength} bytes, received one that ends at ${end}`);
    return end;
  }

  /** @throws Error when a buffer is too short for its rows or a text leaves its buffer */
  constructor(layout: BatchLayout, record: RecordBatch, facts: Uint8Array) {
    this.shardKey = layout.shardKey;
    this.rowCount = record.length;
    this.#facts = Buffer.from(facts.buffer, facts.byteOffset, facts.byteLength);
    this.#view = new DataView(facts.buffer, facts.byteOffset, facts.byteLength);
    this.#regions = record.buffers.map(({ offset, length }) => ({ offset, length }));
    this.vectorsStart = layout.bodyStart + this.#region(BUFFER.vectors).offset;
    this.#assertSizes(layout.listSize);
  }

  keyOf(row: number): string {
    return this.#textOf(BUFFER.key, row);
  }

  sequencerOf(row: number): string {
    return this.#textOf(BUFFER.sequencer, row);
  }

  isTombstone(row: number): boolean {
    const { offset, length } = this.#region(BUFFER.embeddingValidity);
    return length > 0 && ((this.#facts[offset + (row >> 3)] ?? 0) & (1 << (row & 7))) === 0;
  }

  /** 32 bytes, a view; of no meaning in a tombstone. */
  sha256Of(row: number): Uint8Array {
    const start = this.#region(BUFFER.sha256).offset + row * HASH_BYTES;
    return this.#facts.subarray(start, start + HASH_BYTES);
  }

  factsOf(row: number): StoredFacts {
    const isTombstone = this.isTombstone(row);
    return {
      key: this.keyOf(row),
      eTag: this.#textOf(BUFFER.eTag, row),
      sequencer: this.sequencerOf(row),
      sha256: isTombstone ? new Uint8Array() : Uint8Array.from(this.sha256Of(row)),
      width: this.#view.getUint32(this.#region(BUFFER.width).offset + row * 4, true),
      height: this.#view.getUint32(this.#region(BUFFER.height).offset + row * 4, true),
      isTombstone,
    };
  }

  #textOf(column: number, row: number): string {
    const offsets = this.#region(column).offset + row * 4;
    const { offset } = this.#region(column + 1);
    const start = this.#view.getInt32(offsets, true);
    const end = this.#view.getInt32(offsets + 4, true);
    return this.#facts.toString('utf8', offset + start, offset + end);
  }

  #region(index: number): Region {
    const region = this.#regions[index];
    if (region === undefined) throw new Error(`expected ${BUFFER_COUNT} buffers, received ${this.#regions.length}`);
    return region;
  }

  /** So that no later read can leave the buffers. */
  #assertSizes(listSize: number): void {
    const rows = this.rowCount;
    if (rows === 0) return;
    const smallest: readonly (readonly [number, number])[] = [
      [BUFFER.key, (rows + 1) * 4],
      [BUFFER.eTag, (rows + 1) * 4],
      [BUFFER.sequencer, (rows + 1) * 4],
      [BUFFER.sha256, rows * HASH_BYTES],
      [BUFFER.width, rows * 4],
      [BUFFER.height, rows * 4],
    ];
    for (const [index, bytes] of smallest) {
      if (this.#region(index).length < bytes)
        throw new Error(`expected ${bytes} bytes in buffer ${index} of ${rows} rows`);
    }
    const validity = this.#region(BUFFER.embeddingValidity).length;
    if (validity > 0 && validity * 8 < rows) throw new Error(`expected a bit for each of ${rows} rows`);
    if (listSize === 0 && validity === 0) throw new Error('expected tombstones in a shard without vectors');
    for (const column of [BUFFER.key, BUFFER.eTag, BUFFER.sequencer]) this.#assertOffsets(column);
  }

  #assertOffsets(column: number): void {
    const offsets = this.#region(column).offset;
    const { length } = this.#region(column + 1);
    let last = 0;
    for (let row = 0; row <= this.rowCount; row++) {
      const next = this.#view.getInt32(offsets + row * 4, true);
      if (next < last || next > length)
        throw new Error(`expected growing text offsets up to ${length}, received ${next}`);
      last = next;
    }
  }
}
