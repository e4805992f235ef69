import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { startFauxqs } from 'fauxqs';
import { S3ObjectStore, type S3ObjectStoreOptions } from '../../shared/storage/s3-object-store.ts';
import type { StoreUnderTest } from '../shared/storage/contract/store-under-test.ts';
import type { Peer } from './aws/peers.ts';
import { TEST_CREDENTIALS, TEST_PLACE } from './aws/test-account.ts';

/** @param maxAttempts tries of one request. @default 3, as the SDK has it */
export function clientOf(endpoint: string, maxAttempts = 3): S3Client {
  return new S3Client({ ...settingsOf(endpoint), maxAttempts });
}

/** As signingClient of shared/storage/s3-open-bucket.ts. */
export function signingClientOf(endpoint: string): S3Client {
  return new S3Client({ ...settingsOf(endpoint), requestChecksumCalculation: 'WHEN_REQUIRED' });
}

function settingsOf(endpoint: string): S3ClientConfig {
  return { endpoint, region: TEST_PLACE.region, credentials: TEST_CREDENTIALS, forcePathStyle: true };
}

/** A bucket of its own for each test, so that it starts empty. */
export async function emptyBucket(
  client: S3Client,
  options?: S3ObjectStoreOptions,
): Promise<StoreUnderTest & { readonly store: S3ObjectStore; readonly bucket: string }> {
  const bucket = `b-${randomUUID()}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  return { store: new S3ObjectStore(client, bucket, options), bucket, close: () => Promise.resolve() };
}

/** From npm, in this process: stores, lists and serves ranges over real HTTP; keeps no conditions. */
export async function startNpmServer(): Promise<Peer> {
  const server = await startFauxqs({ port: 0, logger: false });
  return { endpoint: `http://127.0.0.1:${server.port}`, stop: () => server.stop() };
}
