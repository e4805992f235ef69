import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { S3ObjectStore } from '../../../shared/storage/s3-object-store.ts';
import { clientOf } from '../../support/s3-peers.ts';

let server: Server | null = null;
let requests = 0;
afterEach(async () => {
  await new Promise<void>((resolve) => {
    if (server === null) resolve();
    else
      server.close(() => {
        resolve();
      });
  });
});

/** No server at hand ever sends these answers by itself, so they are injected: one for each request, the last one for the rest. */
async function storeAnswering(
  ...answers: readonly (readonly [status: number, code: string])[]
): Promise<S3ObjectStore> {
  requests = 0;
  const made = createServer((request, response) => {
    const [status, code] = answers[Math.min(requests++, answers.length - 1)] ?? [500, 'InternalError'];
    request.resume().on('end', () => {
      response.writeHead(status, { etag: '"abc"', connection: 'close' });
      response.end(status === 200 ? '' : `<Error><Code>${code}</Code><Message>injected</Message></Error>`);
    });
  });
  server = made;
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  const { port } = made.address() as AddressInfo;
  return new S3ObjectStore(clientOf(`http://127.0.0.1:${port}`), 'bucket');
}

const CONFLICT = [409, 'ConditionalRequestConflict'] as const;

it('tries a conditional write again after a conflict', async () => {
  const store = await storeAnswering(CONFLICT, [200, '']);
  expect((await store.put('key', new Uint8Array(3), { ifMatch: 'old' })).eTag).toBe('abc');
  expect(requests).toBe(2);
});

it('throws that the race is lost when the conflict stays', async () => {
  const store = await storeAnswering(CONFLICT);
  const writing = store.put('key', new Uint8Array(3), { ifAbsent: true });
  await expect(writing).rejects.toMatchObject({ code: 'precondition_failed' });
  expect(requests).toBe(5);
});

it.each([
  [404, 'NoSuchBucket', 'not_found'],
  [403, 'AccessDenied', 'access_denied'],
  [403, 'InvalidAccessKeyId', 'invalid_credentials'],
] as const)('throws for %i %s the code %s and what to do', async (status, name, code) => {
  const store = await storeAnswering([status, name]);
  await expect(store.get('key')).rejects.toMatchObject({ code });
  await expect(store.put('key', new Uint8Array(1), { ifMatch: 'x' })).rejects.toMatchObject({ code });
  await expect(store.delete('key')).rejects.toMatchObject({ code });
});
