import { InvalidInputError } from '../errors.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { FeatureRows } from './feature-row.ts';
import { mapParallel } from './map-parallel.ts';
import { readRun, runsOf, storedOrderOf, type VectorPlace } from './vector-place.ts';

/** Runs are chunks of stored neighbours at best (shared/head/epoch-order.ts), single rows at worst. */
const PARALLEL_READS = 16;
const LIMITS = { maxGapBytes: 64 * 1024, maxRunBytes: 32 * 1024 * 1024 };

/** Vectors that stay in their shards: each read fetches what it needs, neighbours in one request. */
export class StreamedRows implements FeatureRows {
  readonly rowCount: number;
  readonly dimensions: number;
  readonly #store: ObjectStore;
  readonly #places: readonly VectorPlace[];

  constructor(store: ObjectStore, dimensions: number, places: readonly VectorPlace[]) {
    this.rowCount = places.length;
    this.dimensions = dimensions;
    this.#store = store;
    this.#places = places;
  }

  /** @throws InvalidInputError for a row that is not there; ShardGoneError; DamagedFileError when a stored value is not finite */
  async read(rows: Uint32Array, out: Float16Array): Promise<void> {
    const places = Array.from(rows, (row) => {
      const place = this.#places[row];
      if (place === undefined) throw new InvalidInputError(`expected a row below ${this.rowCount}, received ${row}`);
      return place;
    });
    const runs = runsOf(places, this.dimensions * 2, LIMITS);
    const scratches: Uint8Array[] = [];
    await mapParallel(runs, PARALLEL_READS, (run) =>
      readRun(this.#store, places, run, this.dimensions, out, scratches),
    );
  }

  storedOrder(): Uint32Array {
    return storedOrderOf(this.#places);
  }
}
