import type { InstalledBackbone, Pooling } from '../backbone/backbone.ts';
import { dimensionsOf } from '../backbone/open-backbone.ts';
import { featureLocationOf } from '../features/feature-location.ts';
import { FeatureStore } from '../features/feature-store.ts';
import type { ModelManifest } from '../registry/model-manifest.ts';
import { ModelRegistry } from '../registry/model-registry.ts';
import { datasetStatus } from './dataset-status.ts';
import type { Workspace } from './workspace.ts';

/** One training, past or to come: what its time depends on. */
export interface TrainingSize {
  readonly rows: number;
  readonly epochs: number;
  readonly dimensions: number;
  readonly classes: number;
}

/** What was done for a dataset, as what is stored tells it, and what is still to be done. */
export interface DatasetUsage {
  /** Vectors that were written, superseded ones too as long as no compaction has dropped them. */
  readonly embedded: number;
  readonly shards: number;
  /** One for each version. */
  readonly trainings: readonly TrainingSize[];
  /** Pictures without a vector. */
  readonly waiting: number;
  /** As the newest version was trained, on all pictures; null before the first. */
  readonly nextTraining: TrainingSize | null;
  /** Pictures, vectors and models. */
  readonly storedBytes: number;
}

export async function datasetUsage(
  workspace: Workspace,
  installed: InstalledBackbone,
  pooling: Pooling,
): Promise<DatasetUsage> {
  const { dataset, state, pictures, picturesPrefix } = workspace;
  const location = featureLocationOf(dataset, { installed, pooling, dimensions: dimensionsOf(installed, pooling) });
  const index = await new FeatureStore(state, location).open();
  const status = await datasetStatus(workspace, installed, pooling);
  const versions = await new ModelRegistry(state, dataset).list();
  const trainings = versions.flatMap((entry) => ('manifest' in entry ? [sizeOf(entry.manifest)] : []));
  const [newest] = trainings;
  const sizes = await Promise.all([
    bytesBelow(pictures, picturesPrefix),
    bytesBelow(state, `features/${dataset}/`),
    bytesBelow(state, `models/${dataset}/`),
  ]);
  return {
    embedded: [...index.rowCounts().values()].reduce((sum, rows) => sum + rows, 0),
    shards: index.shardKeys.length,
    trainings,
    waiting: status.waiting,
    nextTraining: newest === undefined ? null : { ...newest, rows: status.pictures - status.rejected },
    storedBytes: sizes.reduce((sum, bytes) => sum + bytes, 0),
  };
}

function sizeOf({ split, training, backbone, labels }: ModelManifest): TrainingSize {
  return {
    rows: split.counts.reduce((sum, { train }) => sum + train, 0),
    epochs: training.epochsRun,
    dimensions: backbone.dimensions,
    classes: labels.length,
  };
}

async function bytesBelow(store: Workspace['state'], prefix: string): Promise<number> {
  let bytes = 0;
  for await (const { sizeBytes } of store.list(prefix)) bytes += sizeBytes;
  return bytes;
}
