import { HeadstartError, NotFoundError } from '../errors.ts';
import { toHex } from '../image/content-hash.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { FeatureLocation, FeatureRows } from './feature-row.ts';
import { type LoadedRows, loadRows } from './load-rows.ts';
import { compareSequencers } from './sequencer.ts';
import type { ShardBatch } from './shard-batch.ts';
import type { StoredFacts } from './stored-facts.ts';
import { StreamedRows } from './streamed-rows.ts';
import type { VectorPlace } from './vector-place.ts';

/** A row's number over all batches: `batch * ROWS + row`, exact as long as a batch has fewer rows than this. */
const ROWS = 2 ** 32;

export interface CurrentRow {
  readonly facts: StoredFacts;
  readonly shardKey: string;
  /** No shard holds another row of this key. */
  readonly isOnlyRow: boolean;
}

/** What FeatureStore.open found: for each key the row with the highest sequencer. Vectors stay in their shards. */
export class FeatureIndex {
  readonly location: FeatureLocation;
  /** One sentence for each shard that is not used. */
  readonly warnings: readonly string[];
  /** Keys of the shards that are used, in the order of their names. */
  readonly shardKeys: readonly string[];
  /** How many pictures have a vector. */
  readonly size: number;
  readonly #store: ObjectStore;
  readonly #batches: readonly ShardBatch[];
  readonly #winners = new Map<string, number>();
  /** Keys with more than one row. */
  readonly #contested = new Set<string>();
  #byHash: Map<string, number> | null = null;

  /** @param batches in the order of their shards: of rows with equal sequencers the later one counts */
  constructor(
    store: ObjectStore,
    location: FeatureLocation,
    batches: readonly ShardBatch[],
    warnings: readonly string[],
  ) {
    this.#store = store;
    this.location = location;
    this.warnings = warnings;
    this.#batches = batches;
    this.shardKeys = [...new Set(batches.map((batch) => batch.shardKey))];
    batches.forEach((batch, number) => {
      this.#enter(batch, number);
    });
    let size = 0;
    for (const place of this.#winners.values()) if (!this.#at(place).batch.isTombstone(place % ROWS)) size++;
    this.size = size;
  }

  /** Of the pictures that have a vector. */
  *keys(): IterableIterator<string> {
    for (const [key, place] of this.#winners) if (!this.#at(place).batch.isTombstone(place % ROWS)) yield key;
  }

  has(key: string): boolean {
    const place = this.#winners.get(key);
    return place !== undefined && !this.#at(place).batch.isTombstone(place % ROWS);
  }

  /** Null when the key was never seen. A removed picture has facts with `isTombstone`. */
  get(key: string): StoredFacts | null {
    const place = this.#winners.get(key);
    return place === undefined ? null : this.#factsAt(place);
  }

  /**
   * A row with a vector of exactly this content: of any key, also of a removed or replaced picture while its vector is still stored.
   * Null when there is none. `loadByHash` reads the vector.
   */
  findByHash(sha256: Uint8Array): StoredFacts | null {
    const place = this.#placesByHash().get(toHex(sha256));
    return place === undefined ? null : this.#factsAt(place);
  }

  /** The vector of exactly this content, read from its shard; null when there is none. */
  async loadByHash(sha256: Uint8Array): Promise<Float16Array | null> {
    const place = this.#placesByHash().get(toHex(sha256));
    if (place === undefined) return null;
    const out = new Float16Array(this.location.dimensions);
    await new StreamedRows(this.#store, this.location.dimensions, [this.#placeOf(place)]).read(Uint32Array.of(0), out);
    return out;
  }

  /**
   * Loads vectors into memory, whole shards in parallel: `keys.length * D * 2` bytes, and a few shards on the way.
   *
   * @returns row i is the vector of `keys[i]`
   * @throws NotFoundError (`missing_vector`) for a key without one; DamagedFileError when a stored value is not finite, naming the shard
   */
  async loadRows(keys: readonly string[], options: { readonly signal?: AbortSignal } = {}): Promise<LoadedRows> {
    return loadRows(this.#store, this.location.dimensions, this.#placesOf(keys), options.signal);
  }

  /**
   * Vectors that stay in their shards and are read by range when asked for: for those that do not fit into memory.
   * @throws as loadRows; the values are checked when they are read
   */
  streamRows(keys: readonly string[]): FeatureRows {
    return new StreamedRows(this.#store, this.location.dimensions, this.#placesOf(keys));
  }

  /** The row that counts of each key, tombstones too: for compaction. */
  *currentRows(): IterableIterator<CurrentRow> {
    for (const [key, place] of this.#winners) {
      const { batch, row } = this.#at(place);
      yield { facts: batch.factsOf(row), shardKey: batch.shardKey, isOnlyRow: !this.#contested.has(key) };
    }
  }

  /** Rows of each shard, superseded ones too. */
  rowCounts(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { shardKey, rowCount } of this.#batches) counts.set(shardKey, (counts.get(shardKey) ?? 0) + rowCount);
    return counts;
  }

  #enter(batch: ShardBatch, number: number): void {
    for (let row = 0; row < batch.rowCount; row++) {
      const key = batch.keyOf(row);
      const rival = this.#winners.get(key);
      const isBehind =
        rival !== undefined &&
        compareSequencers(batch.sequencerOf(row), this.#at(rival).batch.sequencerOf(rival % ROWS)) < 0;
      if (rival !== undefined) this.#contested.add(key);
      if (!isBehind) this.#winners.set(key, number * ROWS + row);
    }
  }

  #placesByHash(): Map<string, number> {
    if (this.#byHash !== null) return this.#byHash;
    const places = new Map<string, number>();
    this.#batches.forEach((batch, number) => {
      for (let row = 0; row < batch.rowCount; row++) {
        if (!batch.isTombstone(row)) places.set(toHex(batch.sha256Of(row)), number * ROWS + row);
      }
    });
    return (this.#byHash = places);
  }

  #at(place: number): { batch: ShardBatch; row: number } {
    const batch = this.#batches[Math.floor(place / ROWS)];
    if (batch === undefined) throw new HeadstartError('internal', `expected a stored row, received place ${place}`);
    return { batch, row: place % ROWS };
  }

  #factsAt(place: number): StoredFacts {
    const { batch, row } = this.#at(place);
    return batch.factsOf(row);
  }

  #placeOf(place: number): VectorPlace {
    const { batch, row } = this.#at(place);
    return { shardKey: batch.shardKey, start: batch.vectorsStart + row * this.location.dimensions * 2 };
  }

  #placesOf(keys: readonly string[]): VectorPlace[] {
    const missing: string[] = [];
    const places: VectorPlace[] = [];
    for (const key of keys) {
      const place = this.#winners.get(key);
      if (place === undefined || this.#at(place).batch.isTombstone(place % ROWS)) missing.push(key);
      else places.push(this.#placeOf(place));
    }
    if (missing.length === 0) return places;
    throw new NotFoundError(
      `expected a vector of every picture, but ${missing.length} have none, the first is "${missing[0] ?? ''}"; embed them first`,
      { code: 'missing_vector' },
    );
  }
}
