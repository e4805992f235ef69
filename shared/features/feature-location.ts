import type { Backbone } from '../backbone/backbone.ts';
import type { FeatureLocation } from './feature-row.ts';

export const FEATURES_PREFIX = 'features/';

/** Where the vectors of this backbone and pooling are. Both are in the id, so that vectors of different spaces never mix. */
export function featureLocationOf(
  dataset: string,
  { installed, pooling, dimensions }: Pick<Backbone, 'installed' | 'pooling' | 'dimensions'>,
): FeatureLocation {
  return {
    dataset,
    featureSpaceId: pooling === 'flatten' ? `${installed.id}-flatten` : installed.id,
    dimensions,
  };
}

/** The folder of the shards, ending in `/`. */
export function shardPrefixOf({ dataset, featureSpaceId }: FeatureLocation, prefix = FEATURES_PREFIX): string {
  return `${prefix}${dataset}/${featureSpaceId}/`;
}
