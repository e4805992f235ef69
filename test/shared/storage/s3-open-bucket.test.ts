import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { deploymentNames } from '../../../shared/deployment/deployment-names.ts';
import { openBucket, s3Client, signingClient } from '../../../shared/storage/s3-open-bucket.ts';
import { S3ObjectStore } from '../../../shared/storage/s3-object-store.ts';
import { TEST_CREDENTIALS, TEST_PLACE } from '../../support/aws/test-account.ts';
import { s3Error, startFaultServer } from '../../support/s3-fault-server.ts';

beforeEach(() => {
  vi.stubEnv('AWS_REGION', TEST_PLACE.region);
  vi.stubEnv('AWS_ACCESS_KEY_ID', TEST_CREDENTIALS.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', TEST_CREDENTIALS.secretAccessKey);
  vi.stubEnv('AWS_ENDPOINT_URL', undefined);
  vi.stubEnv('AWS_ENDPOINT_URL_S3', undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

it('has one client for all buckets of the process', () => {
  expect(s3Client()).toBe(s3Client());
  expect(openBucket('team').location).toBe('s3://team');
});

it('names the bucket in the host on AWS, and in the path on another server', async () => {
  expect(signingClient().config.forcePathStyle).not.toBe(true);
  vi.stubEnv('AWS_ENDPOINT_URL_S3', 'http://127.0.0.1:9000');
  expect(signingClient().config.forcePathStyle).toBe(true);
  expect(await signingClient().config.region()).toBe(TEST_PLACE.region);
});

it('waits for no connection and no byte for ever', async () => {
  const server = await startFaultServer(s3Error(404, 'NoSuchKey'));
  vi.stubEnv('AWS_ENDPOINT_URL_S3', server.endpoint);
  const client = signingClient();
  expect(await new S3ObjectStore(client, 'team').get('key')).toBeNull();
  // Known to the SDK's handler once it has sent a request.
  const handler = client.config.requestHandler as { readonly httpHandlerConfigs?: () => unknown };
  expect(handler.httpHandlerConfigs?.()).toMatchObject({ connectionTimeout: 30_000, socketTimeout: 60_000 });
  client.destroy();
  await server.stop();
});

it('takes silence for a fault that may pass', async () => {
  const silent = await startFaultServer(() => undefined);
  const client = new S3Client({
    endpoint: silent.endpoint,
    region: TEST_PLACE.region,
    credentials: TEST_CREDENTIALS,
    forcePathStyle: true,
    maxAttempts: 1,
    requestHandler: { socketTimeout: 100 },
  });
  const store = new S3ObjectStore(client, 'team');
  const calls = [
    () => store.get('key'),
    () => store.head('key'),
    () => store.put('key', new Uint8Array(1)),
    () => store.delete('key'),
  ];
  for (const call of calls) {
    await expect(call()).rejects.toMatchObject({ code: 'io_error' });
    await expect(call()).rejects.toThrow(/expected an answer of s3:\/\/team, received TimeoutError/);
  }
  client.destroy();
  await silent.stop();
});

it("takes the region of a stack's bucket from its name, whatever the environment says", async () => {
  vi.stubEnv('AWS_REGION', 'us-east-1');
  const server = await startFaultServer(s3Error(404, 'NoSuchKey'));
  vi.stubEnv('AWS_ENDPOINT_URL_S3', server.endpoint);

  expect(await openBucket(deploymentNames(TEST_PLACE).bucket).get('key')).toBeNull();

  expect(server.requests[0]?.headers.authorization).toContain(`/${TEST_PLACE.region}/s3/`);
  s3Client(TEST_PLACE.region).destroy();
  await server.stop();
});
