import { sha256Of } from '../../../shared/image/content-hash.ts';
import type { FeatureLocation, FeatureRow } from '../../../shared/features/feature-row.ts';

export const LOCATION: FeatureLocation = {
  dataset: 'birds',
  featureSpaceId: 'tiny-float32-0123456789ab-p1',
  dimensions: 5,
};

/** A row whose vector tells which content it is of. */
export function rowOf(key: string, sequencer: string, content = key, dimensions = LOCATION.dimensions): FeatureRow {
  const sha256 = sha256Of(Buffer.from(content));
  const embedding = Float16Array.from({ length: dimensions }, (_, i) => (sha256[i % 32] ?? 0) / 16 - i);
  return { key, eTag: `"${content}"`, sequencer, sha256, width: 640, height: 480, embedding };
}
