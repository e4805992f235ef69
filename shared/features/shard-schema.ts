import { Field, FixedSizeBinary, FixedSizeList, Float16, Schema, Uint32, Utf8 } from 'apache-arrow';
import type { FeatureLocation } from './feature-row.ts';

export const SHARD_FORMAT_VERSION = 1;
/** Of a SHA-256. */
export const HASH_BYTES = 32;

/** Keys of the schema's metadata. */
export const SHARD_METADATA = {
  formatVersion: 'headstart.format',
  featureSpaceId: 'headstart.featureSpace',
  dimensions: 'headstart.dimensions',
} as const;

/**
 * The columns of a shard. The vectors come last, so that everything else is one run of bytes at the front of a batch.
 *
 * @param listSize D; 0 in a shard that holds tombstones only, because Arrow stores a null of D halfs as D halfs
 */
export function shardSchema(location: FeatureLocation, listSize: number): Schema {
  const fields = [
    new Field('key', new Utf8(), false),
    new Field('eTag', new Utf8(), false),
    new Field('sequencer', new Utf8(), false),
    // Nullable: a tombstone has no content.
    new Field('sha256', new FixedSizeBinary(HASH_BYTES), true),
    new Field('width', new Uint32(), false),
    new Field('height', new Uint32(), false),
    new Field('embedding', new FixedSizeList(listSize, new Field('item', new Float16(), false)), true),
  ];
  return new Schema(fields, new Map(Object.entries(metadataOf(location))));
}

/** How each column must look to a reader: name and type as Arrow prints it. */
export const SHARD_COLUMNS = [
  ['key', 'Utf8'],
  ['eTag', 'Utf8'],
  ['sequencer', 'Utf8'],
  ['sha256', 'FixedSizeBinary[32]'],
  ['width', 'Uint32'],
  ['height', 'Uint32'],
] as const;

function metadataOf({ featureSpaceId, dimensions }: FeatureLocation): Record<string, string> {
  return {
    [SHARD_METADATA.formatVersion]: String(SHARD_FORMAT_VERSION),
    [SHARD_METADATA.featureSpaceId]: featureSpaceId,
    [SHARD_METADATA.dimensions]: String(dimensions),
  };
}
