import type { Backbone } from '../backbone/backbone.ts';
import type { SkippedFile } from '../dataset/dataset.ts';
import { parsePictureKey } from '../dataset/parse-picture-key.ts';
import { NotFoundError } from '../errors.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { embedPictures, tombstoneOf, type EmbedReport, type PictureToEmbed } from './embed-pictures.ts';
import { featureLocationOf } from './feature-location.ts';
import { FeatureStore } from './feature-store.ts';
import { mapParallel } from './map-parallel.ts';
import { RejectLog } from './reject-log.ts';
import { compareSequencers, isSequencer, listingSequencer } from './sequencer.ts';

/** What happened to one object below `datasets/`. */
export interface PictureEvent {
  readonly kind: 'created' | 'removed';
  /** Of the object: `datasets/<dataset>/<label>/<file>`. */
  readonly key: string;
  /** Empty when unknown. */
  readonly eTag: string;
  readonly sizeBytes?: number;
  /** Hex. @default one from the clock: the event counts as the youngest */
  readonly sequencer?: string;
}

export interface ApplyEventsRequest {
  readonly events: readonly PictureEvent[];
  /** Holds `datasets/`, `features/` and `rejects/`. */
  readonly store: ObjectStore;
  readonly backbone: Backbone;
}

export interface AppliedEvents {
  readonly embedded: number;
  /** Tombstones written. */
  readonly removed: number;
  /** Pictures that cannot be used; a record of each is in `rejects/`. */
  readonly refused: readonly SkippedFile[];
  /** Objects that are no pictures of a dataset: hidden, hostile or foreign names. Nothing is stored of them. */
  readonly ignored: readonly SkippedFile[];
  /** Could not be read or stored: the same events have to come again. */
  readonly failed: readonly { readonly key: string; readonly error: unknown }[];
  readonly shardKeys: readonly string[];
}

const DATASETS_PREFIX = 'datasets/';
const PARALLEL_LOOKS = 16;
/** Above it a picture is decoded with few others at its side, so that a batch of giants stays within a function's memory. */
const HEAVY_BYTES = 12 * 1024 * 1024;

interface DatasetEvents {
  readonly dataset: string;
  readonly events: readonly Required<Omit<PictureEvent, 'sizeBytes'>>[];
}

/**
 * Brings the cache to where the events say, one shard for each dataset of them. They may come twice, late and in any order: of several for a key the one
 * with the highest sequencer counts, here and in the cache. A removal is looked up first: in a versioned bucket an object can be there again.
 */
export async function applyPictureEvents(request: ApplyEventsRequest): Promise<AppliedEvents> {
  const ignored: SkippedFile[] = [];
  const sizes = new Map(request.events.map(({ key, sizeBytes }) => [key, sizeBytes]));
  const parts: AppliedEvents[] = [];
  for (const group of groupByDataset(request.events, ignored)) {
    parts.push(
      await applyToDataset(group, sizes, request).catch((error: unknown) => ({
        ...NOTHING,
        failed: group.events.map(({ key }) => ({ key, error })),
      })),
    );
  }
  return parts.reduce(merge, { ...NOTHING, ignored });
}

const NOTHING: AppliedEvents = { embedded: 0, removed: 0, refused: [], ignored: [], failed: [], shardKeys: [] };

function merge(a: AppliedEvents, b: AppliedEvents): AppliedEvents {
  return {
    embedded: a.embedded + b.embedded,
    removed: a.removed + b.removed,
    refused: [...a.refused, ...b.refused],
    ignored: [...a.ignored, ...b.ignored],
    failed: [...a.failed, ...b.failed],
    shardKeys: [...a.shardKeys, ...b.shardKeys],
  };
}

function groupByDataset(events: readonly PictureEvent[], ignored: SkippedFile[]): DatasetEvents[] {
  const groups = new Map<string, Map<string, DatasetEvents['events'][number]>>();
  for (const event of events) {
    const [dataset = '', ...rest] = event.key.slice(DATASETS_PREFIX.length).split('/');
    const skip = skipOf(event.key, rest.join('/'));
    if (skip !== null) {
      ignored.push(skip);
      continue;
    }
    const ofDataset = groups.get(dataset) ?? new Map<string, DatasetEvents['events'][number]>();
    groups.set(dataset, ofDataset);
    const isValid = event.sequencer !== undefined && event.sequencer !== '' && isSequencer(event.sequencer);
    const sequencer = isValid ? (event.sequencer ?? '') : listingSequencer(Date.now(), null);
    const known = ofDataset.get(event.key);
    if (known === undefined || compareSequencers(sequencer, known.sequencer) >= 0) {
      ofDataset.set(event.key, { kind: event.kind, key: event.key, eTag: event.eTag, sequencer });
    }
  }
  return [...groups].map(([dataset, byKey]) => ({ dataset, events: [...byKey.values()] }));
}

function skipOf(key: string, path: string): SkippedFile | null {
  if (!key.startsWith(DATASETS_PREFIX)) {
    return { key, reason: 'not-a-dataset', detail: `expected a key below ${DATASETS_PREFIX}` };
  }
  // Of the whole key too, because the dataset's own name may be hostile.
  const parsed = [parsePictureKey(key, false), parsePictureKey(path, false)].find((one) => 'skip' in one);
  return parsed === undefined || !('skip' in parsed) ? null : { key, ...parsed.skip };
}

async function applyToDataset(
  { dataset, events }: DatasetEvents,
  sizes: ReadonlyMap<string, number | undefined>,
  { store, backbone }: ApplyEventsRequest,
): Promise<AppliedEvents> {
  const features = new FeatureStore(store, featureLocationOf(dataset, backbone));
  const rejects = new RejectLog(store, dataset);
  const seen = await mapParallel(events, PARALLEL_LOOKS, async (event) => ({
    ...event,
    isGone: event.kind === 'removed' && (await store.head(event.key)) === null,
  }));
  const gone = seen.filter(({ isGone }) => isGone);
  const pictures = seen.filter(({ isGone }) => !isGone).map((event) => toPicture(event, sizes.get(event.key)));
  const isHeavy = ({ sizeBytes = 0 }: PictureToEmbed): boolean => sizeBytes > HEAVY_BYTES;
  const reports: EmbedReport[] = [];
  for (const [part, batchSize] of [
    [pictures.filter((picture) => !isHeavy(picture)), undefined],
    [pictures.filter(isHeavy), 1],
  ] as const) {
    if (part.length === 0) continue;
    const size = batchSize === undefined ? {} : { batchSize };
    reports.push(await embedPictures({ pictures: part, store, backbone, features, rejects, ...size }));
  }
  const tombstones = await features.append(gone.map(({ key, sequencer }) => tombstoneOf(key, sequencer)));
  await mapParallel(gone, PARALLEL_LOOKS, ({ key }) => rejects.clear(key));
  return {
    embedded: reports.reduce((sum, { embedded }) => sum + embedded, 0),
    removed: gone.length,
    refused: reports.flatMap(({ skipped }) => skipped),
    ignored: [],
    // One that is gone by now has a removal of its own on the way.
    failed: reports.flatMap(({ failed }) => failed).filter(({ error }) => !(error instanceof NotFoundError)),
    shardKeys: [...reports.flatMap(({ shardKeys }) => shardKeys), ...tombstones],
  };
}

function toPicture(
  { key, eTag, sequencer }: { readonly key: string; readonly eTag: string; readonly sequencer: string },
  sizeBytes: number | undefined,
): PictureToEmbed {
  return { key, eTag, sequencer, ...(sizeBytes !== undefined && { sizeBytes }) };
}
