import type { Backbone } from '../backbone/backbone.ts';
import type { DatasetListing, SkippedFile } from '../dataset/dataset.ts';
import { listDataset } from '../dataset/list-dataset.ts';
import { HeadstartError, messageOf } from '../errors.ts';
import { embedPictures, type EmbedProgress, type EmbedReport } from '../features/embed-pictures.ts';
import type { FeatureIndex } from '../features/feature-index.ts';
import { featureLocationOf } from '../features/feature-location.ts';
import { FeatureStore } from '../features/feature-store.ts';
import { RejectLog } from '../features/reject-log.ts';
import { claimWorkspace, type Workspace } from './workspace.ts';

export interface EmbedDatasetOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: EmbedProgress) => void;
}

/** A dataset whose usable pictures all have a vector. */
export interface EmbeddedDataset {
  readonly listing: DatasetListing;
  readonly index: FeatureIndex;
  readonly report: EmbedReport;
  /** Of the listing and of the decoding. */
  readonly skipped: readonly SkippedFile[];
}

/**
 * Lists the pictures and embeds those that are not in the cache; those that are gone get a tombstone. What is finished is stored, also
 * when the signal aborts or a read fails.
 *
 * @throws InvalidInputError for a dataset without pictures, CancelledError, HeadstartError `unreadable_pictures` when a picture could
 *   not be read after retries: to go on without it would train on less than was asked for
 */
export async function embedDataset(
  workspace: Workspace,
  backbone: Backbone,
  { signal, onProgress }: EmbedDatasetOptions = {},
): Promise<EmbeddedDataset> {
  const listing = await listDataset(workspace.pictures, workspace.picturesPrefix, { ...(signal && { signal }) });
  await claimWorkspace(workspace);
  const features = new FeatureStore(workspace.state, featureLocationOf(workspace.dataset, backbone));
  const report = await embedPictures({
    pictures: listing.pictures,
    store: workspace.pictures,
    backbone,
    features,
    index: await features.open(),
    rejects: new RejectLog(workspace.state, workspace.dataset),
    total: listing.pictures.length,
    removeVanished: true,
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  });
  assertAllRead(report);
  return { listing, index: await features.open(), report, skipped: [...listing.skipped, ...report.skipped] };
}

function assertAllRead({ failed }: EmbedReport): void {
  const [first] = failed;
  if (first === undefined) return;
  throw new HeadstartError(
    'unreadable_pictures',
    `expected to read every picture, ${failed.length} could not be read, first "${first.key}": ${messageOf(first.error)}; ` +
      'what was embedded is stored, run the same command again',
    { cause: first.error },
  );
}
