import { CancelledError } from '../errors.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { FeatureRows } from './feature-row.ts';
import { mapParallel } from './map-parallel.ts';
import { readRun, runsOf, storedOrderOf, type VectorPlace } from './vector-place.ts';

/** Vectors in memory. */
export interface LoadedRows extends FeatureRows {
  /** `[rowCount, dimensions]` row-major, one piece. */
  readonly values: Float16Array<ArrayBuffer>;
}

/** Enough to keep a disk and four S3 connections busy; a few runs in memory at once. */
const PARALLEL_READS = 4;
/** Reading over the rows of another split costs less than another request. */
const LIMITS = { maxGapBytes: 1024 * 1024, maxRunBytes: 8 * 1024 * 1024 };

export async function loadRows(
  store: ObjectStore,
  dimensions: number,
  places: readonly VectorPlace[],
  signal?: AbortSignal,
): Promise<LoadedRows> {
  const values = new Float16Array(places.length * dimensions);
  const scratches: Uint8Array[] = [];
  await mapParallel(runsOf(places, dimensions * 2, LIMITS), PARALLEL_READS, async (run) => {
    if (signal?.aborted === true) throw new CancelledError();
    await readRun(store, places, run, dimensions, values, scratches);
  });
  return { ...rowsOf(values, places.length, dimensions), storedOrder: () => storedOrderOf(places) };
}

/** Rows over an array that the caller keeps unchanged. */
export function rowsOf(values: Float16Array<ArrayBuffer>, rowCount: number, dimensions: number): LoadedRows {
  const read = (rows: Uint32Array, out: Float16Array): Promise<void> => {
    rows.forEach((row, i) => {
      out.set(values.subarray(row * dimensions, (row + 1) * dimensions), i * dimensions);
    });
    return Promise.resolve();
  };
  return { rowCount, dimensions, values, read };
}
