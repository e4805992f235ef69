import type { MetricsSummary } from '../registry/model-manifest.ts';
import { refuse } from './assert-logits.ts';
import type { Evaluation } from './evaluation.ts';

/**
 * The manifest's few numbers of an evaluation.
 *
 * @throws InvalidInputError code `invalid_evaluation` for pictures that are no part of the model's split
 */
export function metricsSummaryOf(evaluation: Evaluation): MetricsSummary {
  const { split, pictureCount, accuracy, macro, calibration } = evaluation;
  if (split === 'new')
    refuse('expected an evaluation on the test or validation pictures, received one on new pictures');
  return {
    split,
    pictureCount,
    accuracy: accuracy.value,
    accuracyLow: accuracy.low,
    accuracyHigh: accuracy.high,
    macroF1: macro.f1,
    logLoss: calibration.after.logLoss,
    calibrationErrorBefore: calibration.before.expectedError,
    calibrationErrorAfter: calibration.after.expectedError,
  };
}
