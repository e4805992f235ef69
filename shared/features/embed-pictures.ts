import type { Backbone } from '../backbone/backbone.ts';
import type { SkippedFile } from '../dataset/dataset.ts';
import { CancelledError } from '../errors.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { FeatureIndex } from './feature-index.ts';
import type { FeatureRow } from './feature-row.ts';
import type { FeatureStore } from './feature-store.ts';
import { inspectPicture, type Inspection, type PictureToEmbed } from './inspect-picture.ts';
import { mapUnordered } from './map-unordered.ts';
import { openEmbedder, type EmbedderOptions, type OpenedEmbedder } from './open-embedder.ts';
import type { RejectLog, RejectRecord } from './reject-log.ts';
import { listingSequencer } from './sequencer.ts';
import { ShardWriter } from './shard-writer.ts';

export type { PictureToEmbed } from './inspect-picture.ts';

export interface EmbedRequest extends EmbedderOptions {
  /** A listing, or what a queue delivered. Taken only as fast as it is worked off. */
  readonly pictures: Iterable<PictureToEmbed> | AsyncIterable<PictureToEmbed>;
  /** Of the pictures. */
  readonly store: ObjectStore;
  readonly backbone: Backbone;
  /** Of the backbone's feature space. */
  readonly features: FeatureStore;
  /** From `features.open()`: what it knows is not embedded again. @default null: everything is embedded */
  readonly index?: FeatureIndex | null;
  /** Keeps records of refused pictures. @default null: they are only reported */
  readonly rejects?: RejectLog | null;
  /** Number of pictures, for the progress. @default unknown */
  readonly total?: number;
  /** Rows in a shard. @default 512 */
  readonly flushRows?: number;
  /** A finished row is stored after this time at the latest, while work goes on. @default 15000 */
  readonly flushIntervalMs?: number;
  /** The pictures are all there are: those of the index that are not among them get a tombstone. @default false */
  readonly removeVanished?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: EmbedProgress) => void;
}

export interface EmbedProgress {
  readonly done: number;
  /** Null when unknown. */
  readonly total: number | null;
  readonly embedded: number;
  readonly reused: number;
  readonly refused: number;
  /** Embedded ones, since the start; 0 before the first. */
  readonly picturesPerSecond: number;
}

export interface EmbedReport {
  readonly embedded: number;
  /** Vectors that were in the cache: `unchanged + sameContent`. */
  readonly reused: number;
  /** By key and eTag, without reading the picture. */
  readonly unchanged: number;
  /** By content: renamed, moved, copied or touched pictures. */
  readonly sameContent: number;
  /** Tombstones written for pictures that are gone. */
  readonly removed: number;
  /** Refused pictures. */
  readonly skipped: readonly SkippedFile[];
  /** Pictures that could not be read, after retries; nothing is known about their content. */
  readonly failed: readonly { readonly key: string; readonly error: unknown }[];
  readonly shardKeys: readonly string[];
  readonly durationMs: number;
}

const FLUSH_ROWS = 512;
const FLUSH_INTERVAL_MS = 15_000;
/**
 * Brings the cache up to date: reads, decodes and embeds what is new, and stores it in shards as it goes. Stopping at any time, by the signal or
 * by a crash, loses at most `flushIntervalMs` of work, and the next run continues. A bad picture never stops it.
 *
 * @throws CancelledError when the signal was given; what was finished is stored then. Faults of the features' store and of the backbone
 */
export async function embedPictures(request: EmbedRequest): Promise<EmbedReport> {
  const opened = openEmbedder(request.backbone, request);
  const run = new EmbedRun(request, opened, await knownRejects(request));
  try {
    return await run.finish();
  } finally {
    await opened.embedder.close();
  }
}

/** Only beside an index: a function that handles a few events does not list all records. */
async function knownRejects({ rejects, index }: EmbedRequest): Promise<Map<string, RejectRecord>> {
  const known = new Map<string, RejectRecord>();
  if (rejects === null || rejects === undefined || index === null || index === undefined) return known;
  for await (const record of rejects.list()) known.set(record.key, record);
  return known;
}

type NewPicture = Extract<Inspection, { kind: 'new' }>;
type RefusedPicture = Extract<Inspection, { kind: 'refused' }>;

class EmbedRun {
  readonly #request: EmbedRequest;
  readonly #opened: OpenedEmbedder;
  readonly #rejected: ReadonlyMap<string, RejectRecord>;
  readonly #writer: ShardWriter;
  readonly #startedAt = performance.now();
  readonly #counts = { done: 0, embedded: 0, unchanged: 0, sameContent: 0, removed: 0 };
  readonly #skipped: SkippedFile[] = [];
  readonly #failed: { key: string; error: unknown }[] = [];
  readonly #seen = new Set<string>();

  constructor(request: EmbedRequest, opened: OpenedEmbedder, rejected: ReadonlyMap<string, RejectRecord>) {
    const { features, flushRows = FLUSH_ROWS, flushIntervalMs = FLUSH_INTERVAL_MS } = request;
    this.#request = request;
    this.#opened = opened;
    this.#rejected = rejected;
    this.#writer = new ShardWriter(features, flushRows, flushIntervalMs);
  }

  async finish(): Promise<EmbedReport> {
    const { signal, removeVanished = false } = this.#request;
    try {
      await this.#embedAll();
    } finally {
      // Also after an error: what is finished is kept.
      await this.#writer.flush();
    }
    if (signal?.aborted === true) throw new CancelledError();
    if (removeVanished) await this.#removeVanished();
    const { embedded, unchanged, sameContent, removed } = this.#counts;
    return {
      embedded,
      reused: unchanged + sameContent,
      unchanged,
      sameContent,
      removed,
      skipped: this.#skipped,
      failed: this.#failed,
      shardKeys: this.#writer.shardKeys,
      durationMs: performance.now() - this.#startedAt,
    };
  }

  async #embedAll(): Promise<void> {
    const { pictures, store, index = null, signal } = this.#request;
    const { embedder, ahead } = this.#opened;
    const context = { store, index, embedder, rejected: this.#rejected, signal };
    const inspections = mapUnordered(pictures, ahead, (picture) => {
      if (this.#request.removeVanished === true) this.#seen.add(picture.key);
      return inspectPicture(picture, context);
    });
    for await (const inspection of inspections) {
      if (signal?.aborted === true) return;
      await this.#take(inspection);
    }
  }

  async #take(inspection: Inspection): Promise<void> {
    switch (inspection.kind) {
      case 'new':
        await this.#store(inspection);
        break;
      case 'known-content':
        await this.#writer.add(inspection.row);
        this.#counts.sameContent++;
        break;
      case 'unchanged':
        this.#counts.unchanged++;
        break;
      case 'refused':
        await this.#refuse(inspection);
        break;
      case 'failed':
        this.#failed.push({ key: inspection.key, error: inspection.error });
        break;
    }
    this.#counts.done++;
    this.#report();
  }

  async #store({ row }: NewPicture): Promise<void> {
    const { rejects, index } = this.#request;
    await this.#writer.add(row);
    if (index === null || index === undefined || this.#rejected.has(row.key)) await rejects?.clear(row.key);
    this.#counts.embedded++;
  }

  async #refuse({ key, rejection, isRecorded, sequencer }: RefusedPicture): Promise<void> {
    const { rejects, index } = this.#request;
    this.#skipped.push({ key, reason: rejection.reason, detail: rejection.detail });
    if (!isRecorded) await rejects?.record(rejection);
    // The vector of the good picture that was there before must not stand for the bad one.
    const hasOldVector = index === null || index === undefined || index.has(key);
    if (hasOldVector) await this.#writer.add(tombstoneOf(key, sequencer));
  }

  async #removeVanished(): Promise<void> {
    const { index, rejects } = this.#request;
    for (const key of index?.keys() ?? []) {
      if (this.#seen.has(key)) continue;
      await this.#writer.add(tombstoneOf(key, listingSequencer(Date.now(), index?.get(key)?.sequencer ?? null)));
      this.#counts.removed++;
    }
    await this.#writer.flush();
    for (const key of this.#rejected.keys()) if (!this.#seen.has(key)) await rejects?.clear(key);
  }

  #report(): void {
    const { done, embedded, unchanged, sameContent } = this.#counts;
    const seconds = (performance.now() - this.#startedAt) / 1000;
    this.#request.onProgress?.({
      done,
      total: this.#request.total ?? null,
      embedded,
      reused: unchanged + sameContent,
      refused: this.#skipped.length,
      picturesPerSecond: embedded === 0 ? 0 : embedded / seconds,
    });
  }
}

/** The row that says a picture is gone. */
export function tombstoneOf(key: string, sequencer: string): FeatureRow {
  return { key, eTag: '', sequencer, sha256: new Uint8Array(), width: 0, height: 0, embedding: null };
}
