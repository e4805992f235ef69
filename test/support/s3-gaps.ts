import { randomUUID } from 'node:crypto';
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3ServiceException,
  UploadPartCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Capability, Gaps } from '../shared/storage/contract/store-under-test.ts';

interface Condition {
  readonly IfMatch?: string;
  readonly IfNoneMatch?: string;
}

const NOTHING_MATCHES: Condition = { IfMatch: '"00000000000000000000000000000000"' };
const ONLY_ABSENT: Condition = { IfNoneMatch: '*' };

/**
 * Asks a server once for each thing that the contract needs and some servers lack: a write that must fail, and does not where the server ignores
 * its condition. Without the question such cases would pass or fail by the server, and mean nothing about the store.
 */
export async function findGaps(client: S3Client, server: string): Promise<Gaps> {
  const bucket = `probe-${randomUUID()}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  const put = (condition: Condition) => putSmall(client, bucket, condition);
  const complete = (condition: Condition) => completeSmall(client, bucket, condition);
  await put({});
  const questions: readonly (readonly [Capability, string, () => Promise<boolean>])[] = [
    ['ifAbsent', 'ignores If-None-Match of PutObject', () => isRefused(() => put(ONLY_ABSENT))],
    ['ifMatch', 'ignores If-Match of PutObject', () => isRefused(() => put(NOTHING_MATCHES))],
    [
      'multipartIfAbsent',
      'ignores If-None-Match of CompleteMultipartUpload',
      () => isRefused(() => complete(ONLY_ABSENT)),
    ],
    [
      'multipartIfMatch',
      'ignores If-Match of CompleteMultipartUpload',
      () => isRefused(() => complete(NOTHING_MATCHES)),
    ],
    ['byteOrder', 'lists keys in another order than S3', () => listsInByteOrder(client, bucket)],
    ['controlCharacters', 'cannot store or list control characters', () => keepsControls(client, bucket)],
    ['listingOfUploads', 'lists no multipart uploads', () => listsUploads(client, bucket)],
  ];
  const gaps = new Map<Capability, string>();
  for (const [capability, what, isKept] of questions) {
    if (!(await isKept())) gaps.set(capability, `skipped: ${server} ${what}`);
  }
  return gaps;
}

/** False when the write went through; any other answer than "precondition failed" is a fault of the probe. */
async function isRefused(write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write();
    return false;
  } catch (error) {
    if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 412) return true;
    throw error;
  }
}

async function putSmall(client: S3Client, Bucket: string, condition: Condition): Promise<void> {
  await client.send(new PutObjectCommand({ Bucket, Key: 'probe', Body: new Uint8Array(1), ...condition }));
}

async function completeSmall(client: S3Client, Bucket: string, condition: Condition): Promise<void> {
  const upload = { Bucket, Key: 'probe' };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(upload));
  const { ETag } = await client.send(
    new UploadPartCommand({ ...upload, UploadId, PartNumber: 1, Body: new Uint8Array(1) }),
  );
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  await client.send(new CompleteMultipartUploadCommand({ ...upload, UploadId, MultipartUpload, ...condition }));
}

async function listsUploads(client: S3Client, Bucket: string): Promise<boolean> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'listed' }));
  const { Uploads: uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }));
  return uploads.some((upload) => upload.UploadId === UploadId);
}

async function listsInByteOrder(client: S3Client, Bucket: string): Promise<boolean> {
  const keys = ['order/B', 'order/a', 'order/é', 'order/～', 'order/😀'];
  for (const Key of keys.toReversed())
    await client.send(new PutObjectCommand({ Bucket, Key, Body: new Uint8Array(1) }));
  const { Contents: listed = [] } = await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'order/' }));
  return listed.map(({ Key }) => Key).join('\n') === keys.join('\n');
}

async function keepsControls(client: S3Client, Bucket: string): Promise<boolean> {
  const Key = 'controls/a\n\u001b';
  try {
    await client.send(new PutObjectCommand({ Bucket, Key, Body: new Uint8Array(1) }));
  } catch {
    // Some servers answer such a path with a page that is no XML.
    return false;
  }
  const request = new ListObjectsV2Command({ Bucket, Prefix: 'controls/', EncodingType: 'url' });
  const { Contents: [listed] = [], EncodingType } = await client.send(request);
  return (EncodingType === 'url' ? decodeURIComponent(listed?.Key ?? '') : listed?.Key) === Key;
}
