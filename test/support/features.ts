import type { FeatureRows } from '../../shared/features/feature-row.ts';
import type { LabelledRows } from '../../shared/head/head.ts';
import { Random } from '../../shared/head/random.ts';

/** Rows in memory, `[rowCount, dimensions]`. */
export function featureRows(values: Float16Array, dimensions: number): FeatureRows {
  return {
    rowCount: values.length / dimensions,
    dimensions,
    read: (rows, out) => {
      rows.forEach((row, index) => {
        out.set(values.subarray(row * dimensions, (row + 1) * dimensions), index * dimensions);
      });
      return Promise.resolve();
    },
  };
}

/** Clustered, non-negative rows as a backbone gives them after its last ReLU; label of row i is `i % classCount`. */
export function clusteredRows(rowCount: number, dimensions: number, classCount: number, seed = 1): LabelledRows {
  const random = new Random(seed, 77);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
  const centres = Float32Array.from({ length: classCount * dimensions }, normal);
  const labels = Uint32Array.from({ length: rowCount }, (_, row) => row % classCount);
  const values = new Float16Array(rowCount * dimensions);
  labels.forEach((label, row) => {
    for (let d = 0; d < dimensions; d += 1) {
      values[row * dimensions + d] = Math.max(0, (centres[label * dimensions + d] ?? 0) + normal());
    }
  });
  return { features: featureRows(values, dimensions), labels };
}

/** Every row, as a training would read it. */
export async function valuesOf(features: FeatureRows): Promise<Float16Array<ArrayBuffer>> {
  const values = new Float16Array(features.rowCount * features.dimensions);
  await features.read(
    Uint32Array.from({ length: features.rowCount }, (_, row) => row),
    values,
  );
  return values;
}
