import { assertLogits, assertTemperature, refuse } from './assert-logits.ts';
import { calibrationMetrics } from './calibration.ts';
import { evaluationWarnings } from './evaluation-warnings.ts';
import {
  EVALUATION_FORMAT_VERSION,
  type Baseline,
  type EvaluatedSplit,
  type Evaluation,
  type LabelMetrics,
  type TopK,
} from './evaluation.ts';
import { averageMetrics, confusionCells, labelMetrics } from './label-metrics.ts';
import { predictedClasses, ranksOfTruth } from './predictions.ts';
import { wilsonInterval } from './wilson-interval.ts';
import { worstMistakes } from './worst-mistakes.ts';

export interface EvaluateRequest {
  /** C names, in the order of the logits. */
  readonly labels: readonly string[];
  /** N names of the pictures, for the list of mistakes. */
  readonly keys: readonly string[];
  /** `[N]` index of the right label of each picture. */
  readonly truth: Uint32Array;
  /** `[N, C]` float32, before the temperature. */
  readonly logits: Float32Array;
  /** As fitTemperature gives it; 1 leaves the probabilities as they are. */
  readonly temperature: number;
  /** @default 'test' */
  readonly split?: EvaluatedSplit;
}

const TOP_K = [1, 3, 5];

/**
 * Judges a model by its logits on labelled pictures that it was not trained on.
 *
 * @returns plain JSON; the order of the pictures only decides between equals
 * @throws InvalidInputError code `invalid_evaluation`: no pictures, numbers that do not fit together or are not finite
 */
export function evaluateLogits(request: EvaluateRequest): Evaluation {
  assertRequest(request);
  const { labels, keys, truth, logits, temperature, split = 'test' } = request;
  const classCount = labels.length;
  const predicted = predictedClasses(logits, classCount);
  const confusion = confusionCells(truth, predicted, classCount);
  const perLabel = labelMetrics(labels, confusion);
  const correctCount = perLabel.reduce((sum, metrics) => sum + metrics.correctCount, 0);
  const calibrated = (value: number) => calibrationMetrics(logits, truth, predicted, classCount, value);
  const before = calibrated(1);
  const facts: Omit<Evaluation, 'warnings'> = {
    formatVersion: EVALUATION_FORMAT_VERSION,
    split,
    labels: [...labels],
    pictureCount: truth.length,
    correctCount,
    accuracy: wilsonInterval(correctCount, truth.length),
    baseline: baselineOf(perLabel, truth.length),
    topK: topK(ranksOfTruth(logits, truth, classCount), classCount),
    perLabel,
    macro: averageMetrics(perLabel),
    weighted: averageMetrics(perLabel, ({ support }) => support),
    confusion,
    calibration: { temperature, before, after: temperature === 1 ? before : calibrated(temperature) },
    mistakes: worstMistakes({ keys, truth, predicted, logits, classCount, temperature }),
  };
  return { ...facts, warnings: evaluationWarnings(facts) };
}

function assertRequest({ labels, keys, truth, logits, temperature }: EvaluateRequest): void {
  if (truth.length === 0)
    refuse(
      'expected labelled pictures to judge the model by, received none; hold out some, or name a folder of others',
    );
  if (keys.length !== truth.length)
    refuse(`expected a key for each of ${truth.length} pictures, received ${keys.length}`);
  assertLogits(logits, truth, labels.length);
  assertTemperature(temperature);
}

/** The first of equally frequent labels. */
function baselineOf(perLabel: readonly LabelMetrics[], pictureCount: number): Baseline {
  const most = perLabel.reduce((best, metrics) => (metrics.support > best.support ? metrics : best));
  return { label: most.label, accuracy: most.support / pictureCount };
}

function topK(ranks: Uint32Array, classCount: number): TopK[] {
  return TOP_K.filter((k) => k < classCount).map((k) => ({
    k,
    accuracy: ranks.reduce((count, rank) => count + (rank < k ? 1 : 0), 0) / ranks.length,
  }));
}
