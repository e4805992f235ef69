import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import type { ObjectStore } from './object-store.ts';
import { S3ObjectStore } from './s3-object-store.ts';

/**
 * The SDK waits for ever by default, and a function that cannot reach S3 would be paid for until its own limit. The first one includes the wait for
 * one of the 50 sockets; the second one is of silence, so a slow transfer is none.
 */
const TIMEOUTS_MS = { connectionTimeout: 30_000, socketTimeout: 60_000 };

let client: S3Client | null = null;

/** One for the process, from the environment: region, credentials, and `AWS_ENDPOINT_URL_S3` for another server than AWS's. */
export function s3Client(): S3Client {
  client ??= new S3Client(settings());
  return client;
}

/** A new one, from the same environment, for presigned addresses: its requests carry no checksum of a body that is not there yet. */
export function signingClient(): S3Client {
  return new S3Client({ ...settings(), requestChecksumCalculation: 'WHEN_REQUIRED' });
}

export function openBucket(bucket: string): ObjectStore {
  return new S3ObjectStore(s3Client(), bucket);
}

function settings(): S3ClientConfig {
  // Addresses with the bucket in the path, wherever another server is meant: it seldom has a name for each bucket.
  const isOther = [process.env.AWS_ENDPOINT_URL_S3, process.env.AWS_ENDPOINT_URL].some(
    (url) => url !== undefined && url !== '',
  );
  return { maxAttempts: 5, requestHandler: TIMEOUTS_MS, ...(isOther && { forcePathStyle: true }) };
}
