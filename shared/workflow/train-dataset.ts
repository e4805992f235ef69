import type { Backbone } from '../backbone/backbone.ts';
import { embedDataset, type EmbeddedDataset, type EmbedDatasetOptions } from './embed-dataset.ts';
import { trainEmbedded, type TrainingOutcome, type TrainOptions } from './train-embedded.ts';
import type { Workspace } from './workspace.ts';

export interface TrainDatasetOptions extends TrainOptions {
  readonly onEmbedProgress?: EmbedDatasetOptions['onProgress'];
  readonly onEmbedded?: (embedded: EmbeddedDataset) => void;
}

/**
 * The main job, over a listing of the pictures: embeds what is new, then trains on all.
 *
 * @throws InvalidInputError for a dataset that cannot be trained, CancelledError
 */
export async function trainDataset(
  workspace: Workspace,
  backbone: Backbone,
  options: TrainDatasetOptions,
): Promise<TrainingOutcome> {
  const { signal, onEmbedProgress, onEmbedded } = options;
  const embedded = await embedDataset(workspace, backbone, {
    ...(signal && { signal }),
    ...(onEmbedProgress && { onProgress: onEmbedProgress }),
  });
  onEmbedded?.(embedded);
  const { listing, index, skipped } = embedded;
  const pictures = { index, pictures: listing.pictures, skipped, warnings: [...listing.warnings, ...index.warnings] };
  return trainEmbedded(workspace, backbone, pictures, options);
}
