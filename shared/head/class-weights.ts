import type { ClassWeights } from './head.ts';

/** Rows of each class, `[classCount]`. */
export function countLabels(labels: Uint32Array, classCount: number): Uint32Array {
  const counts = new Uint32Array(classCount);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}

/**
 * Weight of each class in the loss, `[classCount]`: 1, or for `auto` `rows / (classes * rows of the class)` (scikit-learn's
 * `compute_class_weight('balanced')`). A class without rows has no loss, so its weight of 1 has no effect.
 */
export function classWeightsOf(kind: ClassWeights, labels: Uint32Array, classCount: number): Float32Array {
  const counts = countLabels(labels, classCount);
  return Float32Array.from(counts, (count) =>
    kind === 'none' || count === 0 ? 1 : labels.length / (classCount * count),
  );
}
