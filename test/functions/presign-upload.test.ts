import { afterEach, expect, it, vi } from 'vitest';
import { presignUpload } from '../../functions/predict-image/presign-upload.ts';
import { s3Client, signingClient } from '../../shared/storage/s3-open-bucket.ts';
import { TEST_CREDENTIALS, TEST_PLACE } from '../support/aws/test-account.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

const REQUEST = { bucket: 'team', key: 'uploads/colours/x', contentType: 'image/png', sizeBytes: 12_345 };

function stubEnvironment(): void {
  vi.stubEnv('AWS_REGION', TEST_PLACE.region);
  vi.stubEnv('AWS_ACCESS_KEY_ID', TEST_CREDENTIALS.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', TEST_CREDENTIALS.secretAccessKey);
  vi.stubEnv('AWS_ENDPOINT_URL_S3', 'http://127.0.0.1:1');
}

it('signs size, type and host, and no checksum of a body that is not there', async () => {
  stubEnvironment();
  const { url, headers, method } = await presignUpload(signingClient(), REQUEST);
  const { pathname, searchParams } = new URL(url);
  expect([method, pathname]).toEqual(['PUT', '/team/uploads/colours/x']);
  expect(headers).toEqual({ 'content-type': 'image/png', 'content-length': '12345' });
  expect(searchParams.get('X-Amz-SignedHeaders')).toBe('content-length;content-type;host');
  expect(searchParams.get('X-Amz-Expires')).toBe('300');
  expect([...searchParams.keys()].filter((name) => /checksum/i.test(name))).toEqual([]);
});

it('throws for a client that would sign the checksum of an empty body', async () => {
  stubEnvironment();
  await expect(presignUpload(s3Client(), REQUEST)).rejects.toThrow(/use signingClient/);
});
