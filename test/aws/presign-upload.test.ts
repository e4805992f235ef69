import { request } from 'node:http';
import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { presignUpload, type PresignedUpload } from '../../functions/predict-image/presign-upload.ts';
import { S3ObjectStore } from '../../shared/storage/s3-object-store.ts';
import { hasVersitygw, NEEDS_VERSITYGW, startVersitygw, type Peer } from '../support/aws/peers.ts';
import { clientOf, signingClientOf } from '../support/s3-peers.ts';

const BUCKET = 'team-uploads';
const KEY = 'uploads/colours/01ARZ3NDEKTSV4RRFFQ69G5FAV';
const PICTURE = new Uint8Array(1_000).fill(7);

// moto and fauxqs check no signature: on them this would mean nothing.
describe.skipIf(!hasVersitygw)(
  hasVersitygw ? 'a presigned upload, on a server that checks signatures' : `a presigned upload (${NEEDS_VERSITYGW})`,
  () => {
    let peer: Peer;
    let client: S3Client;
    let signer: S3Client;
    let store: S3ObjectStore;
    beforeAll(async () => {
      peer = await startVersitygw();
      client = clientOf(peer.endpoint);
      signer = signingClientOf(peer.endpoint);
      store = new S3ObjectStore(client, BUCKET);
      await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
    });
    afterAll(async () => {
      client.destroy();
      signer.destroy();
      await peer.stop();
    });

    const sign = () =>
      presignUpload(signer, { bucket: BUCKET, key: KEY, contentType: 'image/png', sizeBytes: PICTURE.length });

    it('takes a picture of the size and type that were asked for', async () => {
      expect(await send(await sign(), PICTURE)).toBe(200);
      expect((await store.get(KEY))?.bytes).toEqual(PICTURE);
      await store.delete(KEY);
    });

    it.each([
      ['a smaller one', { 'content-length': '999' }, 999],
      ['a larger one', { 'content-length': '1001' }, 1_001],
      ['one of no announced size', { 'transfer-encoding': 'chunked', 'content-length': undefined }, 1_000],
      ['an empty one', { 'content-length': '0' }, 0],
      ['one of another type', { 'content-type': 'text/html' }, 1_000],
      ['one without a type', { 'content-type': undefined }, 1_000],
    ])('refuses %s, and stores nothing', async (_, headers, sizeBytes) => {
      const upload = await sign();
      expect(await send(upload, new Uint8Array(sizeBytes), headers)).toBe(403);
      expect(await store.head(KEY)).toBeNull();
    });

    it('stores no more than was announced, whatever follows', async () => {
      await send(await sign(), new Uint8Array(5_000).fill(7), { 'content-length': '1000' }).catch(() => null);
      expect([undefined, PICTURE.length]).toContain((await store.head(KEY))?.sizeBytes);
      await store.delete(KEY);
    });

    it.each([
      ['another key', (url: URL) => void (url.pathname = url.pathname.replace('01ARZ', '01BRZ'))],
      [
        'another expiry',
        (url: URL) => {
          url.searchParams.set('X-Amz-Expires', '604800');
        },
      ],
      [
        'another set of signed headers',
        (url: URL) => {
          url.searchParams.set('X-Amz-SignedHeaders', 'host');
        },
      ],
    ])('refuses %s', async (_, change) => {
      const upload = await sign();
      const url = new URL(upload.url);
      change(url);
      expect(await send({ ...upload, url: url.href }, PICTURE)).toBe(403);
      expect(await store.head(KEY)).toBeNull();
    });
  },
);

/** As any HTTP client may, also one that lies about the size. @returns the status */
async function send(
  { url, headers, method }: PresignedUpload,
  body: Uint8Array,
  changed: Readonly<Record<string, string | undefined>> = {},
): Promise<number> {
  const sent = Object.entries({ ...headers, ...changed }).filter(([, value]) => value !== undefined);
  return new Promise((resolve, reject) => {
    const sending = request(url, { method, headers: Object.fromEntries(sent), agent: false });
    sending.on('error', reject);
    sending.on('response', (response) => {
      response.resume().on('end', () => {
        resolve(response.statusCode ?? 0);
      });
    });
    sending.end(body);
  });
}
