import { crc32 } from 'node:zlib';
import { afterEach, expect, it } from 'vitest';
import { S3ObjectStore } from '../../../shared/storage/s3-object-store.ts';
import { s3Error, serve, startFaultServer, type Answer, type FaultServer } from '../../support/s3-fault-server.ts';
import { clientOf } from '../../support/s3-peers.ts';

const SIZE = 100_000;
const FIRST = { bytes: patternOf(1), eTag: 'first' };
const SECOND = { bytes: patternOf(7), eTag: 'second' };

let server: FaultServer | null = null;
afterEach(async () => {
  await server?.stop();
  server = null;
});

async function storeAnswering(...answers: readonly [Answer, ...Answer[]]): Promise<S3ObjectStore> {
  server = await startFaultServer(...answers);
  return new S3ObjectStore(clientOf(server.endpoint), 'bucket', { read: { idleMs: 300 } });
}

function patternOf(factor: number): Uint8Array {
  return Uint8Array.from({ length: SIZE }, (_, index) => (index * factor + (index >> 8)) % 251);
}

function expectBytes(actual: Uint8Array | undefined, expected: Uint8Array): void {
  expect(Buffer.compare(actual ?? new Uint8Array(), expected)).toBe(0);
}

const rangesAsked = () => server?.requests.map(({ headers }) => [headers.range, headers['if-match']]);

it('goes on where the connection was cut, in the same version', async () => {
  const store = await storeAnswering(serve(FIRST, 40_000), serve(FIRST, 35_000), serve(FIRST));
  const read = await store.get('key');
  expectBytes(read?.bytes, FIRST.bytes);
  expect(read).toMatchObject({ key: 'key', sizeBytes: SIZE, eTag: 'first' });
  const asked = rangesAsked();
  expect(asked).toHaveLength(3);
  expect(asked?.[0]).toEqual([undefined, undefined]);
  // How much of what was sent arrives before the cut is the system's choice.
  for (const [range, version] of asked?.slice(1) ?? []) {
    expect(range).toMatch(/^bytes=\d+-99999$/);
    expect(version).toBe('"first"');
  }
});

it('goes on within the range that was asked for', async () => {
  const store = await storeAnswering(serve(FIRST, 5_000), serve(FIRST));
  const read = await store.get('key', { start: 10_000, end: 30_000 });
  expectBytes(read?.bytes, FIRST.bytes.subarray(10_000, 30_000));
  expect(read?.sizeBytes).toBe(SIZE);
  expect(rangesAsked()?.[1]?.[0]).toMatch(/^bytes=1\d{4}-29999$/);
});

it('gives up on a connection that brings no byte any more, and goes on', async () => {
  const stalled: Answer = (_, response) => {
    response.writeHead(200, { etag: '"first"', 'content-length': SIZE });
    response.write(FIRST.bytes.subarray(0, 1_000));
  };
  const store = await storeAnswering(stalled, serve(FIRST));
  expectBytes((await store.get('key'))?.bytes, FIRST.bytes);
  expect(rangesAsked()?.[1]).toEqual(['bytes=1000-99999', '"first"']);
});

it('starts over when the object was overwritten meanwhile, and mixes no two versions', async () => {
  const store = await storeAnswering(serve(FIRST, 40_000), serve(SECOND));
  const read = await store.get('key');
  expectBytes(read?.bytes, SECOND.bytes);
  expect(read?.eTag).toBe('second');
  expect(rangesAsked()?.map(([, version]) => version)).toEqual([undefined, '"first"', undefined]);
});

it('returns null when the object was deleted meanwhile', async () => {
  const store = await storeAnswering(serve(FIRST, 40_000), s3Error(404, 'NoSuchKey'));
  expect(await store.get('key')).toBeNull();
});

it('throws a fault that may pass when every connection is cut, and never gives a part as the whole', async () => {
  const store = await storeAnswering(serve(FIRST, 100));
  const reading = store.get('models/a.onnx');
  await expect(reading).rejects.toMatchObject({ name: 'HeadstartError', code: 'io_error' });
  await expect(reading).rejects.toThrow(/the whole of "models\/a\.onnx" in s3:\/\/bucket, 6 connections ended early/);
  expect(server?.requests).toHaveLength(6);
});

it.each([
  ['with a checksum', { 'x-amz-checksum-crc32': crc32Of(FIRST.bytes) }],
  ['without one', {}],
])('goes on after a cut %s', async (_, headers) => {
  const store = await storeAnswering(serve({ ...FIRST, headers }, 40_000), serve(FIRST));
  expectBytes((await store.get('key'))?.bytes, FIRST.bytes);
});

it('reads again from the start when the checksum is wrong', async () => {
  const headers = { 'x-amz-checksum-crc32': crc32Of(FIRST.bytes) };
  const damaged = { ...FIRST, bytes: FIRST.bytes.with(50_000, 255), headers };
  const store = await storeAnswering(serve(damaged), serve({ ...FIRST, headers }));
  expectBytes((await store.get('key'))?.bytes, FIRST.bytes);
  expect(rangesAsked()).toEqual([
    [undefined, undefined],
    [undefined, undefined],
  ]);
});

it('throws when the checksum stays wrong', async () => {
  const headers = { 'x-amz-checksum-crc32': crc32Of(SECOND.bytes) };
  const store = await storeAnswering(serve({ ...FIRST, headers }));
  const reading = store.get('key');
  await expect(reading).rejects.toMatchObject({ code: 'io_error' });
  await expect(reading).rejects.toThrow(/checksum mismatch/i);
});

it('throws when the fault after a cut is another one', async () => {
  const store = await storeAnswering(serve(FIRST, 40_000), s3Error(403, 'AccessDenied'));
  await expect(store.get('key')).rejects.toMatchObject({ code: 'access_denied' });
});

it('throws when the server does not say how much will come', async () => {
  const store = await storeAnswering((_, response) => {
    response.writeHead(200, { etag: '"first"' });
    response.end(FIRST.bytes);
  });
  const reading = store.get('key');
  await expect(reading).rejects.toMatchObject({ code: 's3_refused' });
  await expect(reading).rejects.toThrow(/received content-length none/);
});

it('throws when the server sends another range than the one that was asked for', async () => {
  const store = await storeAnswering((_, response) => {
    response.writeHead(200, { etag: '"first"', 'content-length': SIZE });
    response.end(FIRST.bytes);
  });
  await expect(store.get('key', { start: 5, end: 10 })).rejects.toMatchObject({ code: 's3_refused' });
});

function crc32Of(bytes: Uint8Array): string {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(crc32(bytes));
  return buffer.toString('base64');
}
