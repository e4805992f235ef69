import type { Split } from '../dataset/dataset.ts';
import type { AssignedPicture } from '../dataset/split-plan.ts';
import type { FeatureIndex } from '../features/feature-index.ts';
import type { FeatureRows } from '../features/feature-row.ts';
import type { LabelledRows } from '../head/head.ts';
import { usableMemory } from '../usable-memory.ts';

/**
 * The part of the memory that vectors may take: a dataset up to that is loaded once, and a larger one is read from the shards in every epoch.
 * A function of 10 GB loads a million vectors of 2,048 (4 GB); the rest is for the blocks, the graph and the index.
 */
const SHARE_OF_MEMORY = 0.45;

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
  // Of the whole dataset, as every split of it is loaded.
  const sizeBytes = index.size * index.location.dimensions * Float16Array.BYTES_PER_ELEMENT;
  return sizeBytes > usableMemory() * SHARE_OF_MEMORY ? index.streamRows(keys) : index.loadRows(keys);
}
