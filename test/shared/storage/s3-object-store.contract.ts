import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { S3ObjectStore } from '../../../shared/storage/s3-object-store.ts';
import { emptyBucket } from '../../support/s3-peers.ts';
import { describeMultipart } from './contract/describe-multipart.ts';
import { MIB, patternOf, SMALL_PARTS } from './contract/large-bytes.ts';
import { bytesOf, itNeeding, keysOf, listAll, type Gaps } from './contract/store-under-test.ts';
import { describeObjectStore } from './object-store.contract.ts';

/** Every promise of S3ObjectStore on one server: those of ObjectStore, and those that only a bucket has. */
export function describeS3ObjectStore(server: string, client: S3Client, gaps: Gaps): void {
  describeObjectStore(`S3ObjectStore on ${server}`, () => emptyBucket(client), gaps);
  describe(`S3ObjectStore on ${server}, in parts`, () => {
    describeMultipart(client, gaps);
  });
  describe(`S3ObjectStore on ${server}, beside others`, () => {
    describeOthers(client, gaps);
  });
}

function describeOthers(client: S3Client, gaps: Gaps): void {
  it('says of a missing bucket, in every method, that it is missing', async () => {
    const name = 'no-such-bucket-at-all';
    const store = new S3ObjectStore(client, name, { multipart: SMALL_PARTS });
    const calls = [
      () => store.head('key'),
      () => store.get('key'),
      () => store.get('key', { start: -1 }),
      () => store.put('key', bytesOf('1')),
      () => store.put('key', bytesOf('1'), { ifAbsent: true }),
      () => store.put('key', bytesOf('1'), { ifMatch: 'abc' }),
      () => store.put('key', patternOf(7 * MIB, 1)),
      () => store.delete('key'),
      () => listAll(store),
    ];
    for (const call of calls) {
      await expect(call()).rejects.toMatchObject({ code: 'not_found' });
      await expect(call()).rejects.toThrow(`expected a bucket at s3://${name}, found none`);
    }
  });

  itNeeding(gaps, 'controlCharacters', 'lists the keys that other programs have put, whatever is in them', async () => {
    const { store, bucket } = await emptyBucket(client);
    const keys = ['plain', 'a b+c%2F.jpg', 'line\nbreak', 'escape\u001b[2J', 'tab\t'];
    for (const Key of keys) await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: bytesOf('1') }));
    expect(keysOf(await listAll(store)).sort()).toEqual(keys.toSorted());
    await expect(store.get('line\nbreak')).rejects.toMatchObject({ code: 'invalid_key' });
  });
}
