import { monotonicFactory } from 'ulid';
import { CancelledError } from '../errors.ts';
import type { ObjectInfo, ObjectStore } from '../storage/object-store.ts';
import { compactFeatures, type CompactOptions, type CompactReport } from './compact-features.ts';
import { encodeShard } from './encode-shard.ts';
import { FeatureIndex } from './feature-index.ts';
import { FEATURES_PREFIX, shardPrefixOf } from './feature-location.ts';
import type { FeatureLocation, FeatureRow } from './feature-row.ts';
import { mapParallel } from './map-parallel.ts';
import { readShard } from './read-shard.ts';
import type { ShardBatch } from './shard-batch.ts';
import { RefusedShardError, ShardGoneError } from './shard-errors.ts';

const SHARD_CONTENT_TYPE = 'application/vnd.apache.arrow.file';
/** Each is a request or two of a few kilobytes. */
const PARALLEL_OPENS = 16;
/** How often a compaction may get in the way of one opening. */
const OPEN_ATTEMPTS = 5;

/**
 * The embedding cache of one dataset and one feature space: append-only shards `<prefix><dataset>/<featureSpaceId>/<ulid>.arrow`. Any
 * number of writers may append at the same time, in any order and more than once: the row with the highest sequencer counts.
 */
export class FeatureStore {
  readonly location: FeatureLocation;
  readonly #store: ObjectStore;
  readonly #prefix: string;
  /** Names ascend within a process, so that of rows with equal sequencers the one appended last counts. */
  readonly #nextId = monotonicFactory();

  constructor(store: ObjectStore, location: FeatureLocation, options: { readonly prefix?: string } = {}) {
    this.#store = store;
    this.location = location;
    this.#prefix = shardPrefixOf(location, options.prefix ?? FEATURES_PREFIX);
  }

  /**
   * Stores rows as one shard, tombstones as another. When it returns they are durable; when it throws, none or one of the two is there, and
   * appending the same rows again does no harm.
   *
   * @returns the keys of the shards
   * @throws InvalidInputError when a row does not belong here (encodeShard); nothing is written then
   */
  async append(rows: readonly FeatureRow[], options: { readonly epochMs?: number } = {}): Promise<readonly string[]> {
    const vectors = rows.filter((row) => row.embedding !== null);
    const tombstones = rows.filter((row) => row.embedding === null);
    const shards = [vectors, tombstones]
      .filter((part) => part.length > 0)
      .map((part) => encodeShard(part, this.location));
    const keys: string[] = [];
    for (const bytes of shards) {
      const key = `${this.#prefix}${this.#nextId(options.epochMs)}.arrow`;
      await this.#store.put(key, bytes, { ifAbsent: true, contentType: SHARD_CONTENT_TYPE });
      keys.push(key);
    }
    return keys;
  }

  /**
   * Reads what is known of every picture, but no vectors. Shards that cannot be used are skipped, told in `warnings` and left alone.
   *
   * @throws NewerShardError; CancelledError; faults of the store
   */
  async open(options: { readonly signal?: AbortSignal } = {}): Promise<FeatureIndex> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#openOnce(options.signal);
      } catch (error) {
        // The merged shard was written before the others went, so the next listing shows it.
        if (!(error instanceof ShardGoneError) || attempt === OPEN_ATTEMPTS) throw error;
      }
    }
  }

  /** Merges small shards and drops what is superseded: compact-features.ts. */
  compact(options: CompactOptions = {}): Promise<CompactReport> {
    return compactFeatures(this, this.#store, options);
  }

  async #openOnce(signal: AbortSignal | undefined): Promise<FeatureIndex> {
    const warnings: string[] = [];
    const shards: ObjectInfo[] = [];
    for await (const info of this.#store.list(this.#prefix, { ...(signal && { signal }) })) {
      if (info.key.endsWith('.arrow')) shards.push(info);
    }
    const batches = await mapParallel(shards, PARALLEL_OPENS, async (shard): Promise<readonly ShardBatch[]> => {
      if (signal?.aborted === true) throw new CancelledError();
      try {
        return await readShard(this.#store, shard, this.location);
      } catch (error) {
        if (!(error instanceof RefusedShardError)) throw error;
        warnings.push(error.message);
        return [];
      }
    });
    return new FeatureIndex(this.#store, this.location, batches.flat(), warnings.sort());
  }
}
