import { DamagedFileError } from '../errors.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { indexOfNonFinite } from './half-floats.ts';
import { ShardGoneError } from './shard-errors.ts';

/** Where a vector is stored. */
export interface VectorPlace {
  readonly shardKey: string;
  /** Of its first byte in the shard; D float16 follow. */
  readonly start: number;
}

/** A run of bytes of one shard, and the rows that are in it. */
export interface VectorRun {
  readonly shardKey: string;
  readonly start: number;
  readonly end: number;
  /** Position in the caller's output, and first byte in the run. */
  readonly rows: readonly { readonly target: number; readonly offset: number }[];
}

/**
 * Joins vectors that lie close together, so that each run is one request.
 *
 * @param maxGapBytes bytes that may be read in vain between two rows
 * @param maxRunBytes a longer run is cut, to bound memory
 */
export function runsOf(
  places: readonly VectorPlace[],
  rowBytes: number,
  { maxGapBytes, maxRunBytes }: { readonly maxGapBytes: number; readonly maxRunBytes: number },
): VectorRun[] {
  const sorted = places.map((place, target) => ({ ...place, target }));
  sorted.sort((a, b) => (a.shardKey === b.shardKey ? a.start - b.start : a.shardKey < b.shardKey ? -1 : 1));
  const runs: { shardKey: string; start: number; end: number; rows: { target: number; offset: number }[] }[] = [];
  for (const { shardKey, start, target } of sorted) {
    const end = start + rowBytes;
    let run = runs.at(-1);
    if (run?.shardKey !== shardKey || start > run.end + maxGapBytes || end - run.start > maxRunBytes) {
      run = { shardKey, start, end, rows: [] };
      runs.push(run);
    }
    run.end = Math.max(run.end, end);
    run.rows.push({ target, offset: start - run.start });
  }
  return runs;
}

/**
 * Reads a run and copies its rows to their places in `out`.
 * @throws ShardGoneError; DamagedFileError when a value is not finite
 */
export async function readRun(
  store: ObjectStore,
  run: VectorRun,
  dimensions: number,
  out: Float16Array,
): Promise<void> {
  const object = await store.get(run.shardKey, { start: run.start, end: run.end });
  if (object === null) throw new ShardGoneError(run.shardKey);
  if (object.bytes.length < run.end - run.start) throw poisoned(run.shardKey, 'ends before its vectors');
  const values = halvesOf(object.bytes);
  copyRows(values, run, dimensions, out);
}

/** Neighbours that stay neighbours are copied at once. */
function copyRows(values: Float16Array, { rows, shardKey }: VectorRun, dimensions: number, out: Float16Array): void {
  for (let first = 0; first < rows.length;) {
    const { target, offset } = rows[first] ?? { target: 0, offset: 0 };
    let count = 1;
    for (; first + count < rows.length; count++) {
      const next = rows[first + count];
      if (next?.target !== target + count || next.offset !== offset + count * dimensions * 2) break;
    }
    const source = values.subarray(offset / 2, offset / 2 + count * dimensions);
    if (indexOfNonFinite(source) !== -1) throw poisoned(shardKey, 'holds a value that is not a finite number');
    out.set(source, target * dimensions);
    first += count;
  }
}

function halvesOf(bytes: Uint8Array): Float16Array {
  // A store may answer with a view at an odd place of a larger buffer.
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : Uint8Array.from(bytes);
  return new Float16Array(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength >> 1);
}

function poisoned(shardKey: string, problem: string): DamagedFileError {
  return new DamagedFileError(`the shard "${shardKey}" ${problem}; delete it, its pictures are then embedded again`);
}
