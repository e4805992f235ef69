import type { Split } from '../dataset/dataset.ts';
import type { AssignedPicture } from '../dataset/split-plan.ts';
import type { FeatureIndex } from '../features/feature-index.ts';
import type { FeatureRows } from '../features/feature-row.ts';
import type { LabelledRows } from '../head/head.ts';

/** Vectors up to this many bytes are loaded once; more are read from the shards as they are needed. */
const MAX_LOADED_BYTES = 2 * 1024 ** 3;

/** The rows of one split, in ascending order of the key. */
export interface SplitRows extends LabelledRows {
  readonly keys: readonly string[];
}

/**
 * @param labels class i is `labels[i]`
 * @returns null when no picture is in the split
 */
export async function rowsOfSplit(
  index: FeatureIndex,
  pictures: readonly AssignedPicture[],
  split: Split,
  labels: readonly string[],
): Promise<SplitRows | null> {
  const chosen = pictures.filter((picture) => picture.split === split);
  if (chosen.length === 0) return null;
  const classOf = new Map(labels.map((label, number) => [label, number]));
  const keys = chosen.map(({ key }) => key);
  return {
    keys,
    features: await featuresOf(index, keys),
    labels: Uint32Array.from(chosen, ({ label }) => classOf.get(label) ?? 0),
  };
}

async function featuresOf(index: FeatureIndex, keys: readonly string[]): Promise<FeatureRows> {
  const sizeBytes = keys.length * index.location.dimensions * Float16Array.BYTES_PER_ELEMENT;
  return sizeBytes > MAX_LOADED_BYTES ? index.streamRows(keys) : index.loadRows(keys);
}
