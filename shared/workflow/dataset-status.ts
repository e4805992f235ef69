import type { InstalledBackbone, Pooling } from '../backbone/backbone.ts';
import { dimensionsOf } from '../backbone/open-backbone.ts';
import { listDataset } from '../dataset/list-dataset.ts';
import { featureLocationOf } from '../features/feature-location.ts';
import { FeatureStore } from '../features/feature-store.ts';
import { RejectLog } from '../features/reject-log.ts';
import { ModelRegistry } from '../registry/model-registry.ts';
import type { Workspace } from './workspace.ts';

export interface DatasetStatus {
  readonly dataset: string;
  readonly labels: number;
  /** Files that may be pictures, under a label. */
  readonly pictures: number;
  /** Of these, those that have a vector of this backbone. */
  readonly embedded: number;
  /** Of these, those that were refused, for a reason that `rejects/` holds. */
  readonly rejected: number;
  /** The others: on their way in the queue, or never sent to it. */
  readonly waiting: number;
  readonly currentVersion: string | null;
}

/** How far a dataset is: what is listed, what has a vector, what was refused, and what is served. */
export async function datasetStatus(
  workspace: Workspace,
  installed: InstalledBackbone,
  pooling: Pooling,
): Promise<DatasetStatus> {
  const { dataset, state, pictures, picturesPrefix } = workspace;
  const listing = await listDataset(pictures, picturesPrefix);
  const location = featureLocationOf(dataset, { installed, pooling, dimensions: dimensionsOf(installed, pooling) });
  const index = await new FeatureStore(state, location).open();
  const refused = new Map<string, string>();
  for await (const { key, eTag } of new RejectLog(state, dataset).list()) refused.set(key, eTag);
  const isEmbedded = ({ key, eTag }: (typeof listing.pictures)[number]) => index.get(key)?.eTag === eTag;
  const embedded = listing.pictures.filter(isEmbedded).length;
  const rejected = listing.pictures.filter((one) => !isEmbedded(one) && refused.get(one.key) === one.eTag).length;
  return {
    dataset,
    labels: listing.labels.length,
    pictures: listing.pictures.length,
    embedded,
    rejected,
    waiting: listing.pictures.length - embedded - rejected,
    currentVersion: (await new ModelRegistry(state, dataset).current())?.version ?? null,
  };
}
