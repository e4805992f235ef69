import type { AverageMetrics, ConfusionCell, LabelMetrics } from './evaluation.ts';
import { wilsonInterval } from './wilson-interval.ts';

/** Counts of (label, answer) pairs, without the empty ones, ordered by label, then answer. */
export function confusionCells(truth: Uint32Array, predicted: Uint32Array, classCount: number): ConfusionCell[] {
  const counts = new Map<number, number>();
  truth.forEach((label, row) => {
    const cell = label * classCount + (predicted[row] ?? 0);
    counts.set(cell, (counts.get(cell) ?? 0) + 1);
  });
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([cell, count]) => ({ truth: Math.floor(cell / classCount), predicted: cell % classCount, count }));
}

/** Precision, recall and F1 of each label, as scikit-learn's `precision_recall_fscore_support`, but null where it has 0 / 0. */
export function labelMetrics(labels: readonly string[], cells: readonly ConfusionCell[]): LabelMetrics[] {
  const support = new Uint32Array(labels.length);
  const predictedCount = new Uint32Array(labels.length);
  const correctCount = new Uint32Array(labels.length);
  for (const { truth, predicted, count } of cells) {
    add(support, truth, count);
    add(predictedCount, predicted, count);
    if (truth === predicted) add(correctCount, truth, count);
  }
  return labels.map((label, index) =>
    metricsOf(label, support[index] ?? 0, predictedCount[index] ?? 0, correctCount[index] ?? 0),
  );
}

function metricsOf(label: string, support: number, predictedCount: number, correctCount: number): LabelMetrics {
  return {
    label,
    support,
    predictedCount,
    correctCount,
    precision: predictedCount === 0 ? null : correctCount / predictedCount,
    recall: support === 0 ? null : wilsonInterval(correctCount, support),
    f1: support + predictedCount === 0 ? null : (2 * correctCount) / (support + predictedCount),
  };
}

/**
 * Means over the labels that have pictures; a precision that is null counts as 0, since a label that is never answered
 * is no success.
 *
 * @param weightOf @default every label counts the same
 */
export function averageMetrics(
  perLabel: readonly LabelMetrics[],
  weightOf: (metrics: LabelMetrics) => number = () => 1,
): AverageMetrics {
  const sums = { weight: 0, precision: 0, recall: 0, f1: 0 };
  for (const metrics of perLabel) {
    if (metrics.support === 0) continue;
    const weight = weightOf(metrics);
    sums.weight += weight;
    sums.precision += weight * (metrics.precision ?? 0);
    sums.recall += weight * (metrics.recall?.value ?? 0);
    sums.f1 += weight * (metrics.f1 ?? 0);
  }
  return { precision: sums.precision / sums.weight, recall: sums.recall / sums.weight, f1: sums.f1 / sums.weight };
}

function add(counts: Uint32Array, index: number, count: number): void {
  counts[index] = (counts[index] ?? 0) + count;
}
