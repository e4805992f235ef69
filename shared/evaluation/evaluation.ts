/** What was evaluated: pictures held out from training, the validation pictures when nothing else was held out, or others. */
export const EVALUATED_SPLITS = ['test', 'valid', 'new'] as const;
export type EvaluatedSplit = (typeof EVALUATED_SPLITS)[number];

/** Raised when the file could be misread by older code. */
export const EVALUATION_FORMAT_VERSION = 1;

/** How good a model is on labelled pictures: metrics.json of a model folder. Plain JSON; same pictures, same bytes. */
export interface Evaluation {
  readonly formatVersion: typeof EVALUATION_FORMAT_VERSION;
  readonly split: EvaluatedSplit;
  /** In the order of the head's outputs; indices below refer to it. */
  readonly labels: readonly string[];
  readonly pictureCount: number;
  readonly correctCount: number;
  readonly accuracy: Proportion;
  readonly baseline: Baseline;
  /** Ascending k; always k = 1, then 3 and 5 where there are more labels. */
  readonly topK: readonly TopK[];
  /** In the order of `labels`. */
  readonly perLabel: readonly LabelMetrics[];
  /** Unweighted means over the labels that have pictures. */
  readonly macro: AverageMetrics;
  /** Means weighted by the pictures of each label. */
  readonly weighted: AverageMetrics;
  /** Cells of the confusion matrix that are not zero, by truth, then prediction. */
  readonly confusion: readonly ConfusionCell[];
  readonly calibration: Calibration;
  /** The most confident wrong answers first, at most MAX_MISTAKES. */
  readonly mistakes: readonly Mistake[];
  /** One sentence each, for people. */
  readonly warnings: readonly string[];
}

/** A share with the bounds of its 95% Wilson interval, all in [0, 1]. */
export interface Proportion {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** What answering the most frequent label of these pictures, whatever is shown, would reach. */
export interface Baseline {
  readonly label: string;
  /** [0, 1]. */
  readonly accuracy: number;
}

export interface TopK {
  readonly k: number;
  /** Share of the pictures whose label is among the k most probable, [0, 1]. */
  readonly accuracy: number;
}

/** Null where the ratio has no meaning: nothing was predicted, or there were no pictures. */
export interface LabelMetrics {
  readonly label: string;
  /** Pictures of this label. */
  readonly support: number;
  /** Pictures that were taken for it. */
  readonly predictedCount: number;
  readonly correctCount: number;
  /** Share of the pictures taken for it that are of it. */
  readonly precision: number | null;
  /** Share of its pictures that were recognised. */
  readonly recall: Proportion | null;
  /** Harmonic mean of both, `2 correct / (support + predicted)`. */
  readonly f1: number | null;
}

export interface AverageMetrics {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

export interface ConfusionCell {
  readonly truth: number;
  readonly predicted: number;
  readonly count: number;
}

/** How far probabilities can be believed, without and with the temperature. */
export interface Calibration {
  readonly temperature: number;
  readonly before: CalibrationMetrics;
  readonly after: CalibrationMetrics;
}

export interface CalibrationMetrics {
  /** Mean of `-ln p(label)`, p clipped below at 2^-52. */
  readonly logLoss: number;
  /** Mean over the pictures of the squared distance to the right answer, [0, 2]. */
  readonly brier: number;
  /** Expected calibration error, [0, 1]. */
  readonly expectedError: number;
  /** All CONFIDENCE_BINS, also the empty ones. */
  readonly bins: readonly ReliabilityBin[];
}

/** Pictures whose largest probability is in `(low, high]`. */
export interface ReliabilityBin {
  readonly low: number;
  readonly high: number;
  readonly count: number;
  /** Mean largest probability; null without pictures. */
  readonly confidence: number | null;
  /** Share answered right; null without pictures. */
  readonly accuracy: number | null;
}

export interface Mistake {
  readonly key: string;
  readonly truth: number;
  readonly predicted: number;
  /** Of the wrong answer, with the temperature applied, [0, 1]. */
  readonly probability: number;
  /** Of the right one. */
  readonly truthProbability: number;
}
