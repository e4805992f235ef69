import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import type { ObjectInfo } from './object-store.ts';
import { infoOf, type S3Bucket } from './s3-bucket.ts';
import { explainS3Error, isAbsentObject, statusOf } from './s3-error.ts';

/** Null when there is no such object. */
export async function headObject(bucket: S3Bucket, key: string): Promise<ObjectInfo | null> {
  const object = { Bucket: bucket.name, Key: key };
  try {
    const found = await bucket.client.send(new HeadObjectCommand(object));
    bucket.isKnownToExist = true;
    return infoOf(key, found.ContentLength, found.ETag, found.LastModified);
  } catch (error) {
    const status = statusOf(error);
    if (status === 404 && bucket.isKnownToExist) return null;
    if (status === null || status >= 500) throw explainS3Error(error, bucket.location);
    const reason = await reasonOf(bucket, key);
    if (status === 404 && reason === null) return null;
    throw explainS3Error(reason ?? error, bucket.location);
  }
}

/**
 * The answer to HEAD has no body, so no reason: a missing bucket looks like a missing object, an expired token like a malformed request. The same
 * question as a GET of one byte has a body. Null when that one finds no fault, or only that there is no object.
 */
async function reasonOf(bucket: S3Bucket, key: string): Promise<unknown> {
  try {
    const request = new GetObjectCommand({ Bucket: bucket.name, Key: key, Range: 'bytes=0-0' });
    const { Body: body } = await bucket.client.send(request);
    if (body instanceof Readable) body.destroy();
  } catch (error) {
    // 416: it is there, and empty.
    if (!isAbsentObject(error) && statusOf(error) !== 416) return error;
  }
  bucket.isKnownToExist = true;
  return null;
}
