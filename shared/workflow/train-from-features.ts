import { detectSplitFolders } from '../dataset/detect-split-folders.ts';
import { parsePictureKey } from '../dataset/parse-picture-key.ts';
import { featureLocationOf } from '../features/feature-location.ts';
import { FeatureStore } from '../features/feature-store.ts';
import { trainEmbedded, type TrainingOutcome, type TrainOptions } from './train-embedded.ts';
import type { BackboneFacts } from './training-input.ts';
import type { Workspace } from './workspace.ts';

/**
 * Trains on the vectors that are in the cache, without a listing of the pictures: in a bucket, events keep the two in step. Labels are
 * read from the keys.
 *
 * @throws InvalidInputError for a dataset that cannot be trained, CancelledError
 */
export async function trainFromFeatures(
  workspace: Workspace,
  backbone: BackboneFacts,
  options: TrainOptions,
): Promise<TrainingOutcome> {
  const features = new FeatureStore(workspace.state, featureLocationOf(workspace.dataset, backbone));
  const index = await features.open({ ...(options.signal && { signal: options.signal }) });
  const paths = [...index.keys()].map((key) => key.slice(workspace.picturesPrefix.length));
  const hasSplitFolders = detectSplitFolders(paths);
  const pictures = paths.flatMap((path) => {
    const parsed = parsePictureKey(path, hasSplitFolders);
    return 'skip' in parsed ? [] : [{ key: workspace.picturesPrefix + path, label: parsed.label, split: parsed.split }];
  });
  return trainEmbedded(workspace, backbone, { index, pictures, skipped: [], warnings: index.warnings }, options);
}
