import {
  addEstimates,
  describeCost,
  estimateEmbedding,
  estimateIdle,
  estimatePredictions,
  estimateStorage,
} from '../../shared/cost/estimate-cost.ts';
import type { CostFlags } from '../commands/cost.ts';
import { printJson, printLines } from '../terminal/output.ts';

/** The defaults of the stack (infra/team-settings.ts). */
const EMBED_MEMORY_MB = 3538;
const PREDICT_MEMORY_MB = 1769;

export function cost({ pictures, predictions, storedGb, pictureMs, json }: CostFlags): void {
  const estimate = addEstimates(
    estimateIdle(),
    ...(pictures > 0 ? [estimateEmbedding(pictures, { durationMs: pictureMs, memoryMb: EMBED_MEMORY_MB })] : []),
    // One processor instead of two.
    ...(predictions > 0
      ? [estimatePredictions(predictions, { durationMs: 2 * pictureMs, memoryMb: PREDICT_MEMORY_MB })]
      : []),
    ...(storedGb > 0 ? [estimateStorage(storedGb * 1e9)] : []),
  );
  if (json) printJson(estimate);
  else printLines(...describeCost(estimate));
}
