import type { FeatureRow } from '../../shared/features/feature-row.ts';
import { FeatureStore } from '../../shared/features/feature-store.ts';
import { Random } from '../../shared/head/random.ts';
import { FileObjectStore } from '../../shared/storage/file-object-store.ts';

/** What `headstart embed` would leave behind for this many pictures. */
export interface ScaleDataset {
  readonly folder: string;
  readonly name: string;
  readonly featureSpaceId: string;
  readonly rowCount: number;
  readonly dimensions: number;
  readonly classCount: number;
}

const ROWS_PER_SHARD = 4096;
/** Of each class. A row takes each of its segments from one of them, so that no two rows are equal. */
const PATTERNS = 24;
const SEGMENTS = 8;

/**
 * Writes clustered, non-negative vectors as real shards, labels in turn, as events would bring them: copied together from patterns, since a
 * million rows of fresh random numbers would take longer than to train on them.
 */
export async function writeScaleDataset(dataset: ScaleDataset): Promise<void> {
  const { folder, name, featureSpaceId, rowCount, dimensions, classCount } = dataset;
  const features = new FeatureStore(new FileObjectStore(folder), { dataset: name, featureSpaceId, dimensions });
  const random = new Random(1, 0);
  const patterns = patternsOf(dataset, random);
  const segment = dimensions / SEGMENTS;
  for (let first = 0; first < rowCount; first += ROWS_PER_SHARD) {
    const rows: FeatureRow[] = [];
    for (let row = first; row < Math.min(rowCount, first + ROWS_PER_SHARD); row++) {
      const label = row % classCount;
      const embedding = new Float16Array(dimensions);
      for (let s = 0; s < SEGMENTS; s++) {
        const pattern = patterns[label * PATTERNS + random.below(PATTERNS)] ?? embedding;
        embedding.set(pattern.subarray(s * segment, (s + 1) * segment), s * segment);
      }
      const sha256 = new Uint8Array(32);
      new DataView(sha256.buffer).setUint32(0, Math.imul(row, 2_654_435_761));
      const key = `label-${String(label).padStart(4, '0')}/${String(row).padStart(8, '0')}.jpg`;
      rows.push({ key, eTag: key, sequencer: '01', sha256, width: 1, height: 1, embedding });
    }
    await features.append(rows);
  }
}

function patternsOf({ classCount, dimensions }: ScaleDataset, random: Random): Float16Array[] {
  return Array.from({ length: classCount }, () => {
    const centre = Float32Array.from({ length: dimensions }, () => random.uniform() * 2 - 1);
    return Array.from({ length: PATTERNS }, () =>
      Float16Array.from(centre, (value) => Math.max(0, value + (random.uniform() * 2 - 1) * 3)),
    );
  }).flat();
}
