import { InvalidInputError } from '../errors.ts';

export interface S3Location {
  readonly bucket: string;
  /** Without slashes at its ends; empty for the bucket itself. */
  readonly prefix: string;
}

const SCHEME = 's3://';

export function isS3Location(text: string): boolean {
  return text.startsWith(SCHEME);
}

/**
 * Splits `s3://bucket/prefix`.
 *
 * @throws InvalidInputError (`invalid_location`) when S3 could have no bucket of that name: 3 to 63 lower-case letters, digits, dots
 * and dashes, with a letter or digit at both ends, no two dots in a row, and not the form of an IP address
 */
export function parseS3Location(text: string): S3Location {
  const [bucket = '', ...segments] = isS3Location(text) ? text.slice(SCHEME.length).split('/') : [];
  const isBucket = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) && !bucket.includes('..');
  if (!isBucket || /^\d+\.\d+\.\d+\.\d+$/.test(bucket)) {
    throw new InvalidInputError(
      `expected s3://bucket/prefix with a bucket of 3 to 63 lower-case letters, digits, dots and dashes, ` +
        `received ${JSON.stringify(text.slice(0, 200))}; check the bucket's name`,
      { code: 'invalid_location' },
    );
  }
  return { bucket, prefix: segments.join('/').replace(/^\/+|\/+$/g, '') };
}
