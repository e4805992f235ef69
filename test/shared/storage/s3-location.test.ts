import { expect, it } from 'vitest';
import { openStore } from '../../../shared/storage/open-store.ts';
import { parseS3Location } from '../../../shared/storage/s3-location.ts';

it('splits a location into bucket and prefix', () => {
  expect(parseS3Location('s3://my.bucket-1/birds/')).toEqual({ bucket: 'my.bucket-1', prefix: 'birds' });
  expect(parseS3Location('s3://bucket')).toEqual({ bucket: 'bucket', prefix: '' });
});

it.each(['./photos', 's3:/bucket', 's3://', 's3://ab', 's3://Bucket', 's3://a..b', 's3://10.0.0.1', 's3://-abc'])(
  'throws for %s',
  (text) => {
    expect(() => parseS3Location(text)).toThrow(/expected s3:\/\/bucket\/prefix/);
  },
);

it('opens a bucket or a folder, and refuses a prefix', async () => {
  expect((await openStore('s3://bucket')).location).toBe('s3://bucket');
  expect((await openStore('/tmp/photos')).location).toBe('/tmp/photos');
  await expect(openStore('s3://bucket/birds')).rejects.toMatchObject({ code: 'invalid_location' });
});
