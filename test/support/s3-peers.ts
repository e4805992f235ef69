import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { S3ObjectStore } from '../../shared/storage/s3-object-store.ts';
import type { StoreUnderTest } from '../shared/storage/object-store.contract.ts';
import { TEST_CREDENTIALS } from './aws/deploy-function.ts';
import { TEST_PLACE } from './aws/synthesised-stack.ts';

export function clientOf(endpoint: string): S3Client {
  return new S3Client({ endpoint, region: TEST_PLACE.region, credentials: TEST_CREDENTIALS, forcePathStyle: true });
}

/** A bucket of its own for each test, so that it starts empty. */
export async function emptyBucket(client: S3Client): Promise<StoreUnderTest> {
  const bucket = `b-${randomUUID()}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  return { store: new S3ObjectStore(client, bucket), close: () => Promise.resolve() };
}
