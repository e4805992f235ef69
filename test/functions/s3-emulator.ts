import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { startFauxqs } from 'fauxqs';
import { S3ObjectStore } from '../../shared/storage/s3-object-store.ts';
import { TEST_CREDENTIALS } from '../support/aws/deploy-function.ts';
import { TEST_PLACE } from '../support/aws/synthesised-stack.ts';

/** A server from npm that stores objects and ignores If-Match: enough for what is read and refused, not for races. */
export async function startS3Emulator(bucket: string) {
  const server = await startFauxqs({ port: 0, logger: false });
  const endpoint = `http://127.0.0.1:${server.port}`;
  const client = new S3Client({
    endpoint,
    region: TEST_PLACE.region,
    credentials: TEST_CREDENTIALS,
    forcePathStyle: true,
  });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  return { endpoint, client, store: new S3ObjectStore(client, bucket), stop: () => server.stop() };
}
