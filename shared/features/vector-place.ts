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
  /** Positions in the caller's places and output, in the order in which the rows are stored. */
  readonly targets: Uint32Array;
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
  const order = storedOrderOf(places);
  const runs: VectorRun[] = [];
  let first = 0;
  for (let i = 1; i <= order.length; i++) {
    const [head, last, next] = [places[order[first] ?? 0], places[order[i - 1] ?? 0], places[order[i] ?? -1]];
    if (head === undefined || last === undefined) break;
    const end = last.start + rowBytes;
    const isJoined =
      next?.shardKey === head.shardKey &&
      next.start <= end + maxGapBytes &&
      next.start + rowBytes - head.start <= maxRunBytes;
    if (isJoined) continue;
    runs.push({ shardKey: head.shardKey, start: head.start, end, targets: order.subarray(first, i) });
    first = i;
  }
  return runs;
}

/** Indices of the places by shard and position. Whole datasets come in that order, and a million need not be sorted then. */
export function storedOrderOf(places: readonly VectorPlace[]): Uint32Array {
  const order = Uint32Array.from(places.keys());
  const isSorted = places.every((place, i) => i === 0 || comparePlaces(places[i - 1] ?? place, place) <= 0);
  return isSorted ? order : order.sort((a, b) => comparePlaces(places[a] ?? NOWHERE, places[b] ?? NOWHERE));
}

const NOWHERE: VectorPlace = { shardKey: '', start: 0 };

function comparePlaces(a: VectorPlace, b: VectorPlace): number {
  if (a.shardKey === b.shardKey) return a.start - b.start;
  return a.shardKey < b.shardKey ? -1 : 1;
}

/**
 * Reads a run's rows to their places in `out`: at once where they are neighbours there too, else by way of a scratch buffer.
 *
 * @param scratches buffers of earlier runs, used again: new ones would cost their page faults
 * @throws ShardGoneError; DamagedFileError when a value is not finite
 */
export async function readRun(
  store: ObjectStore,
  places: readonly VectorPlace[],
  run: VectorRun,
  dimensions: number,
  out: Float16Array,
  scratches: Uint8Array[] = [],
): Promise<void> {
  const length = run.end - run.start;
  const destination = destinationOf(run, dimensions, out);
  const into = destination ?? takeScratch(scratches, length);
  const object = await store.get(run.shardKey, { start: run.start, end: run.end }, into);
  if (object === null) throw new ShardGoneError(run.shardKey);
  if (object.bytes.length < length) throw poisoned(run.shardKey, 'ends before its vectors');
  if (object.bytes.buffer !== out.buffer) copyRows(halvesOf(object.bytes), places, run, dimensions, out);
  else if (indexOfNonFinite(halvesOf(object.bytes)) !== -1) throw notFinite(run.shardKey);
  if (destination === null) scratches.push(into);
}

/** The part of `out` that the run fills byte for byte; null when its rows have gaps or another order. */
function destinationOf({ targets, start, end }: VectorRun, dimensions: number, out: Float16Array): Uint8Array | null {
  const first = targets[0] ?? 0;
  const isDense = end - start === targets.length * dimensions * 2 && targets.every((target, i) => target === first + i);
  return isDense ? new Uint8Array(out.buffer, out.byteOffset + first * dimensions * 2, end - start) : null;
}

function takeScratch(scratches: Uint8Array[], length: number): Uint8Array {
  const scratch = scratches.pop();
  return scratch !== undefined && scratch.length >= length ? scratch : new Uint8Array(length);
}

/** Neighbours that stay neighbours are copied at once. */
function copyRows(
  values: Float16Array,
  places: readonly VectorPlace[],
  { targets, start, shardKey }: VectorRun,
  dimensions: number,
  out: Float16Array,
): void {
  const offsetOf = (i: number): number => ((places[targets[i] ?? 0]?.start ?? 0) - start) / 2;
  for (let first = 0; first < targets.length;) {
    const target = targets[first] ?? 0;
    const offset = offsetOf(first);
    let count = 1;
    while (targets[first + count] === target + count && offsetOf(first + count) === offset + count * dimensions)
      count++;
    const source = values.subarray(offset, offset + count * dimensions);
    if (indexOfNonFinite(source) !== -1) throw notFinite(shardKey);
    out.set(source, target * dimensions);
    first += count;
  }
}

function halvesOf(bytes: Uint8Array): Float16Array {
  // A store may answer with a view at an odd place of a larger buffer.
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : Uint8Array.from(bytes);
  return new Float16Array(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength >> 1);
}

function notFinite(shardKey: string): DamagedFileError {
  return poisoned(shardKey, 'holds a value that is not a finite number');
}

function poisoned(shardKey: string, problem: string): DamagedFileError {
  return new DamagedFileError(`the shard "${shardKey}" ${problem}; delete it, its pictures are then embedded again`);
}
