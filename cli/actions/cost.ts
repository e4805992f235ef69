import {
  addEstimates,
  describeCost,
  estimateEmbedding,
  estimateIdle,
  estimatePredictions,
  estimateStorage,
  estimateTraining,
  trainingDurationMs,
  type CostEstimate,
} from '../../shared/cost/estimate-cost.ts';
import { InvalidInputError } from '../../shared/errors.ts';
import { isS3Location } from '../../shared/storage/s3-location.ts';
import type { DatasetUsage, TrainingSize } from '../../shared/workflow/dataset-usage.ts';
import type { CostFlags } from '../commands/cost.ts';
import { backboneFromFlags, workspaceFromFlags } from '../options/open-from-flags.ts';
import { formatPlural } from '../terminal/format.ts';
import { printJson, printLines } from '../terminal/output.ts';

/** The defaults of the stack (infra/team-settings.ts). */
const EMBED_MEMORY_MB = 3538;
const TRAIN_MEMORY_MB = 7076;
const PREDICT_MEMORY_MB = 1769;

export async function cost(target: string | undefined, flags: CostFlags): Promise<void> {
  if (target === undefined) costOfMonth(flags);
  else await costOfDataset(target, flags);
}

function costOfMonth({ pictures, predictions, storedGb, pictureMs, json }: CostFlags): void {
  const estimate = addEstimates(
    estimateIdle(),
    ...(pictures > 0 ? [embedding(pictures, pictureMs)] : []),
    // One processor instead of two.
    ...(predictions > 0
      ? [estimatePredictions(predictions, { durationMs: 2 * pictureMs, memoryMb: PREDICT_MEMORY_MB })]
      : []),
    ...(storedGb > 0 ? [estimateStorage(storedGb * 1e9)] : []),
  );
  if (json === true) printJson(estimate);
  else printLines(...describeCost(estimate));
}

/** What a dataset of a bucket has cost so far, what is about to be paid for it, and each month. */
async function costOfDataset(target: string, flags: CostFlags): Promise<void> {
  if (!isS3Location(target)) {
    throw new InvalidInputError(
      `expected s3://bucket/dataset, received "${target}", and a folder on this computer costs nothing at AWS; ` +
        'estimate an upload: headstart cost --pictures <n>',
      { code: 'invalid_location' },
    );
  }
  const { datasetUsage } = await import('../../shared/workflow/dataset-usage.ts');
  const workspace = await workspaceFromFlags(target, flags);
  const usage = await datasetUsage(workspace, await backboneFromFlags(flags), flags.pooling);
  const soFar = addEstimates(
    embedding(usage.embedded, flags.pictureMs),
    ...usage.trainings.map((size) => training(size, usage)),
  );
  const next = addEstimates(
    embedding(usage.waiting, flags.pictureMs),
    ...(usage.nextTraining === null ? [] : [training(usage.nextTraining, usage)]),
  );
  const month = estimateStorage(usage.storedBytes);
  if (flags.json === true) {
    printJson({ dataset: workspace.dataset, usage, soFar, next, month });
    return;
  }
  printLines(
    `so far: ${formatPlural(usage.embedded, 'vector')} in ${formatPlural(usage.shards, 'shard')}, ${formatPlural(usage.trainings.length, 'training')}`,
    ...describeCost(soFar),
    '',
    `next: ${formatPlural(usage.waiting, 'picture')} to embed${usage.nextTraining === null ? '' : ', and a training'}`,
    ...describeCost(next),
    '',
    'each month, for what is stored',
    ...describeCost(month),
  );
}

function embedding(pictures: number, durationMs: number): CostEstimate {
  return estimateEmbedding(pictures, { durationMs, memoryMb: EMBED_MEMORY_MB });
}

function training(size: TrainingSize, { shards }: DatasetUsage): CostEstimate {
  return estimateTraining({ durationMs: trainingDurationMs(size), memoryMb: TRAIN_MEMORY_MB, shards });
}
