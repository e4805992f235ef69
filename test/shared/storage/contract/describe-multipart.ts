import { ListMultipartUploadsCommand, type S3Client } from '@aws-sdk/client-s3';
import { beforeEach, expect, it } from 'vitest';
import { PreconditionFailedError } from '../../../../shared/storage/object-store.ts';
import { S3ObjectStore } from '../../../../shared/storage/s3-object-store.ts';
import { emptyBucket } from '../../../support/s3-peers.ts';
import { MIB, patternOf, SMALL_PARTS } from './large-bytes.ts';
import { bytesOf, itNeeding, keysOf, listAll, type Gaps } from './store-under-test.ts';

const WRITERS = [1, 2, 3, 4];

interface Subject {
  /** Empty, with parts of 5 MiB. */
  readonly store: S3ObjectStore;
  readonly bucket: string;
}

export function describeMultipart(client: S3Client, gaps: Gaps): void {
  let subject: Subject;
  beforeEach(async () => {
    subject = await emptyBucket(client, { multipart: SMALL_PARTS });
  });
  const getStore = () => subject.store;
  describeWhole(getStore);
  describeConditions(client, getStore, gaps);
  describeRaces(getStore);

  itNeeding(gaps, 'listingOfUploads', 'leaves nothing to pay for when it fails', async () => {
    const { store, bucket } = subject;
    await store.put('key', patternOf(7 * MIB, 1));
    const tooSmall = new S3ObjectStore(client, bucket, { multipart: { thresholdBytes: 0, partBytes: 1 } });
    await expect(tooSmall.put('small', bytesOf('ab'))).rejects.toThrow(/EntityTooSmall/);
    const { Uploads: left = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    expect(left).toEqual([]);
    expect(keysOf(await listAll(store))).toEqual(['key']);
  });
}

function describeWhole(getStore: () => S3ObjectStore): void {
  it.each([
    ['one byte above the threshold', 6 * MIB + 1],
    ['whole parts', 10 * MIB],
    ['whole parts and one byte', 10 * MIB + 1],
  ])('reads back every byte of %s, with the same facts from put, head, get and list', async (_, sizeBytes) => {
    const store = getStore();
    const bytes = patternOf(sizeBytes, 1);
    const written = await store.put('large.bin', bytes, { contentType: 'image/png' });
    expect(written.eTag).toMatch(/^[0-9a-f]{32}-\d+$/);
    const read = await store.get('large.bin');
    expect(Buffer.compare(read?.bytes ?? new Uint8Array(), bytes)).toBe(0);
    for (const info of [written, await store.head('large.bin'), read, (await listAll(store))[0]]) {
      expect(info).toMatchObject({ key: 'large.bin', sizeBytes, eTag: written.eTag });
    }
    const range = await store.get('large.bin', { start: 5 * MIB - 3, end: 5 * MIB + 3 });
    expect(Buffer.from(range?.bytes ?? [])).toEqual(Buffer.from(bytes.slice(5 * MIB - 3, 5 * MIB + 3)));
  });

  it('never shows a reader a part of a write, nor a mixture of two', async () => {
    const store = getStore();
    const sizeBytes = 11 * MIB;
    await store.put('key', new Uint8Array(sizeBytes).fill(1));
    const writes = (async () => {
      for (let value = 2; value < 5; value++) await store.put('key', new Uint8Array(sizeBytes).fill(value));
    })();
    for (let round = 0; round < 8; round++) {
      const bytes = (await store.get('key'))?.bytes ?? new Uint8Array();
      expect(bytes).toHaveLength(sizeBytes);
      expect(bytes.every((value) => value === bytes[0])).toBe(true);
    }
    await writes;
  });
}

function describeConditions(client: S3Client, getStore: () => S3ObjectStore, gaps: Gaps): void {
  it('sends no part when the condition cannot hold', async () => {
    const store = getStore();
    const { eTag } = await store.put('key', bytesOf('small'));
    const large = patternOf(7 * MIB, 2);
    for (const condition of [{ ifAbsent: true }, { ifMatch: 'f'.repeat(32) }]) {
      await expect(store.put('key', large, condition)).rejects.toBeInstanceOf(PreconditionFailedError);
    }
    await expect(store.put('absent', large, { ifMatch: eTag })).rejects.toBeInstanceOf(PreconditionFailedError);
    expect(await listAll(store)).toMatchObject([{ key: 'key', eTag }]);
    const next = await store.put('key', large, { ifMatch: eTag });
    expect((await store.head('key'))?.eTag).toBe(next.eTag);
  });

  const loseAtTheLastStep = async (condition: { readonly ifAbsent?: true; readonly ifMatch?: string }) => {
    const store = getStore();
    const writing = whenPutTogether(
      client,
      () => store.put('key', bytesOf('the faster one')),
      () => store.put('key', patternOf(7 * MIB, 1), condition),
    );
    await expect(writing).rejects.toBeInstanceOf(PreconditionFailedError);
    expect(Buffer.from((await store.get('key'))?.bytes ?? []).toString()).toBe('the faster one');
  };
  itNeeding(gaps, 'multipartIfAbsent', 'throws when an object appears while the parts are sent', async () => {
    await loseAtTheLastStep({ ifAbsent: true });
  });
  itNeeding(gaps, 'multipartIfMatch', 'throws when the object changes while the parts are sent', async () => {
    const { eTag } = await getStore().put('key', bytesOf('read by both'));
    await loseAtTheLastStep({ ifMatch: eTag });
  });
}

/** Lets `other` happen after all parts of `write` have arrived and before they are put together. */
async function whenPutTogether<T>(
  client: S3Client,
  other: () => Promise<unknown>,
  write: () => Promise<T>,
): Promise<T> {
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (request) => {
        if (commandName === 'CompleteMultipartUploadCommand') await other();
        return next(request);
      },
    { step: 'initialize', name: 'rival' },
  );
  try {
    return await write();
  } finally {
    client.middlewareStack.remove('rival');
  }
}

/** That only one of them wins is no case: the servers at hand check a condition of the last step and take it in two steps (docs/decisions.md). */
function describeRaces(getStore: () => S3ObjectStore): void {
  it.each([{ ifAbsent: true }, {}])(
    'keeps the whole object of a writer that was told it won, with %o',
    async (condition) => {
      const store = getStore();
      const results = await Promise.allSettled(
        WRITERS.map((seed) => store.put('race', patternOf(7 * MIB, seed), condition)),
      );
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(PreconditionFailedError);
      }
      const stored = (await store.get('race'))?.bytes ?? new Uint8Array();
      const winners = WRITERS.filter((_, index) => results[index]?.status === 'fulfilled');
      expect(winners.filter((seed) => Buffer.compare(stored, patternOf(7 * MIB, seed)) === 0)).toHaveLength(1);
    },
  );
}
