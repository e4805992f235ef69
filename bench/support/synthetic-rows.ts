import type { LabelledRows } from '../../shared/head/head.ts';
import { rowsOf } from '../../shared/features/load-rows.ts';
import { Random } from '../../shared/head/random.ts';

/** Clustered, non-negative vectors in memory, as a backbone gives them behind its last ReLU; the label of row i is `i % classCount`. */
export function syntheticRows(rowCount: number, dimensions: number, classCount: number): LabelledRows {
  const random = new Random(1, 0);
  const centres = Float32Array.from({ length: classCount * dimensions }, () => random.uniform() * 2 - 1);
  const labels = Uint32Array.from({ length: rowCount }, (_, row) => row % classCount);
  const values = new Float16Array(rowCount * dimensions);
  labels.forEach((label, row) => {
    for (let d = 0; d < dimensions; d += 1) {
      const value = (centres[label * dimensions + d] ?? 0) + random.uniform() * 2 - 1;
      values[row * dimensions + d] = Math.max(0, value);
    }
  });
  return { features: rowsOf(values, rowCount, dimensions), labels };
}
