import { decodeTime } from 'ulid';
import { CancelledError } from '../errors.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { CurrentRow, FeatureIndex } from './feature-index.ts';
import type { FeatureRow } from './feature-row.ts';
import type { FeatureStore } from './feature-store.ts';

/** Big enough that a request costs little beside its bytes, small enough that four at once fit anywhere. */
const TARGET_SHARD_BYTES = 64 * 1024 * 1024;
/** SQS keeps a message for at most 14 days, so no late event of a removed picture can be older. */
const TOMBSTONE_RETENTION_MS = 14 * 24 * 3600 * 1000;

export interface CompactOptions {
  /** @default 64 MiB */
  readonly targetShardBytes?: number;
  /** Age from which a tombstone may go. @default 14 days, the longest life of a queued event; 0 where nothing arrives late */
  readonly tombstoneRetentionMs?: number;
  /** @default Date.now */
  readonly now?: () => number;
  readonly signal?: AbortSignal;
}

export interface CompactReport {
  readonly mergedShards: number;
  readonly writtenShards: number;
  readonly keptRows: number;
  /** Superseded rows and old tombstones. */
  readonly droppedRows: number;
  /** Shards that were not touched because they cannot be read. */
  readonly warnings: readonly string[];
}

/**
 * Merges shards. Safe at every moment, also beside appends and other compactions:
 *
 * 1. New shards with the current rows of the old ones are written. A crash before or within this leaves extra copies of rows with the same
 *    sequencer, which change nothing.
 * 2. Exactly the shards that were read are deleted. A crash within this leaves some of them: again copies, or superseded rows that the
 *    new shards outrank. A shard appended meanwhile was not read, so it stays.
 *
 * A tombstone is carried along as long as any shard holds another row of its key, and only dropped by a later compaction which finds it alone:
 * no order of the deletions can bring a removed picture back. A damaged shard is never deleted.
 *
 * @throws ShardGoneError when another compaction was faster: nothing is lost, there is nothing left to do
 */
export async function compactFeatures(
  features: FeatureStore,
  store: ObjectStore,
  options: CompactOptions,
): Promise<CompactReport> {
  const { targetShardBytes = TARGET_SHARD_BYTES, signal } = options;
  const index = await features.open({ ...(signal && { signal }) });
  const plan = planOf(index, targetShardBytes, options);
  let writtenShards = 0;
  for (const rows of chunksOf(plan.vectors, Math.ceil(targetShardBytes / (index.location.dimensions * 2)))) {
    if (signal?.aborted === true) throw new CancelledError();
    writtenShards += (await features.append(await withVectors(index, rows))).length;
  }
  writtenShards += await appendTombstones(features, plan.tombstones);
  for (const shardKey of plan.sources) await store.delete(shardKey);
  const keptRows = plan.vectors.length + plan.tombstones.length;
  return {
    mergedShards: plan.sources.length,
    writtenShards,
    keptRows,
    droppedRows: plan.sourceRows - keptRows,
    warnings: index.warnings,
  };
}

interface CompactPlan {
  readonly sources: readonly string[];
  readonly sourceRows: number;
  readonly vectors: readonly CurrentRow[];
  readonly tombstones: readonly CurrentRow[];
}

function planOf(index: FeatureIndex, targetShardBytes: number, options: CompactOptions): CompactPlan {
  const { tombstoneRetentionMs = TOMBSTONE_RETENTION_MS, now = Date.now } = options;
  const isOld = (row: CurrentRow): boolean => now() - timeOf(row.shardKey) >= tombstoneRetentionMs;
  const kept = [...index.currentRows()].filter((row) => !(row.facts.isTombstone && row.isOnlyRow && isOld(row)));
  const keptCounts = new Map<string, number>();
  const vectorCounts = new Map<string, number>();
  for (const { shardKey, facts } of kept) {
    keptCounts.set(shardKey, (keptCounts.get(shardKey) ?? 0) + 1);
    if (!facts.isTombstone) vectorCounts.set(shardKey, (vectorCounts.get(shardKey) ?? 0) + 1);
  }
  const rowCounts = index.rowCounts();
  const isWhole = (shardKey: string): boolean => keptCounts.get(shardKey) === rowCounts.get(shardKey);
  // Half the target: a shard written by an earlier compaction, which may be a little short, is left alone.
  const isBig = (shardKey: string): boolean =>
    (vectorCounts.get(shardKey) ?? 0) * index.location.dimensions * 4 >= targetShardBytes;
  const candidates = index.shardKeys.filter((shardKey) => !isWhole(shardKey) || !isBig(shardKey));
  const vectorShards = candidates.filter((shardKey) => vectorCounts.has(shardKey)).length;
  // One shard of vectors and one of tombstones, nothing to drop: merging them would only write them again.
  const isMerged = candidates.every(isWhole) && vectorShards <= 1 && candidates.length - vectorShards <= 1;
  const sources = isMerged ? [] : candidates;
  const isSource = new Set(sources);
  const rows = kept.filter((row) => isSource.has(row.shardKey));
  return {
    sources,
    sourceRows: sources.reduce((sum, shardKey) => sum + (rowCounts.get(shardKey) ?? 0), 0),
    vectors: rows.filter((row) => !row.facts.isTombstone),
    tombstones: rows.filter((row) => row.facts.isTombstone),
  };
}

/** From the shard's name; a foreign name counts as new. */
function timeOf(shardKey: string): number {
  try {
    return decodeTime(shardKey.slice(shardKey.lastIndexOf('/') + 1, -'.arrow'.length));
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

async function withVectors(index: FeatureIndex, rows: readonly CurrentRow[]): Promise<FeatureRow[]> {
  const { values, dimensions } = await index.loadRows(rows.map((row) => row.facts.key));
  return rows.map(({ facts }, i) => ({ ...facts, embedding: values.subarray(i * dimensions, (i + 1) * dimensions) }));
}

/** Under the time of the youngest of them, so that compaction does not make tombstones young again. */
async function appendTombstones(features: FeatureStore, tombstones: readonly CurrentRow[]): Promise<number> {
  if (tombstones.length === 0) return 0;
  const times = tombstones.map((row) => timeOf(row.shardKey)).filter(Number.isFinite);
  const epochMs = times.reduce((latest, time) => Math.max(latest, time), 0);
  const rows = tombstones.map(({ facts }) => ({ ...facts, embedding: null }));
  return (await features.append(rows, epochMs > 0 ? { epochMs } : {})).length;
}

function* chunksOf<T>(items: readonly T[], size: number): Iterable<readonly T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
