import { resolve } from 'node:path';
import { InvalidInputError } from '../errors.ts';
import { FileObjectStore } from './file-object-store.ts';
import type { ObjectStore } from './object-store.ts';
import { isS3Location, parseS3Location } from './s3-location.ts';

/**
 * A folder, which need not exist yet, or `s3://bucket`. The SDK is loaded for a bucket only.
 *
 * @throws InvalidInputError (`invalid_location`) for a malformed bucket, or one with a prefix behind it
 */
export async function openStore(location: string): Promise<ObjectStore> {
  if (!isS3Location(location)) return new FileObjectStore(resolve(location));
  const { bucket, prefix } = parseS3Location(location);
  if (prefix !== '') {
    throw new InvalidInputError(
      `expected a whole bucket for the store, received "${location}"; use s3://${bucket}, a store keeps its datasets apart itself`,
      { code: 'invalid_location' },
    );
  }
  const { openBucket } = await import('./s3-open-bucket.ts');
  return openBucket(bucket);
}
