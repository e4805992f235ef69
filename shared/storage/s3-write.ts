import { PutObjectCommand, S3ServiceException } from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PreconditionFailedError, type ObjectInfo, type PutOptions } from './object-store.ts';
import { assertPutCondition } from './put-condition.ts';
import { bare, infoOf, type S3Bucket } from './s3-bucket.ts';
import { explainS3Error, isAbsentObject, plainCause, statusOf } from './s3-error.ts';
import { headObject } from './s3-head.ts';
import { UncertainUploadError, uploadInParts, type S3MultipartLimits, type S3Write } from './s3-multipart.ts';

/** Another conditional write to the same key was under way; S3 asks to try again, and the answer is 412 or success then. */
const CONFLICT_ATTEMPTS = 5;

/** Doubled with each attempt, times a random share, so that the writers do not meet again. */
const CONFLICT_WAIT_MS = 20;

/**
 * Writes an object in one piece, or in parts when it is large.
 *
 * @throws PreconditionFailedError; nothing of this write is visible then
 */
export async function writeS3Object(
  bucket: S3Bucket,
  key: string,
  bytes: Uint8Array,
  options: PutOptions,
  limits: S3MultipartLimits,
): Promise<ObjectInfo> {
  const { ifMatch, ifAbsent, contentType = 'application/octet-stream' } = options;
  const isConditional = ifMatch !== undefined || ifAbsent === true;
  const condition = {
    ...(ifMatch !== undefined && { IfMatch: `"${ifMatch}"` }),
    ...(ifAbsent === true && { IfNoneMatch: '*' }),
  };
  const write: S3Write = { key, bytes, contentType, condition };
  const isLarge = bytes.length > limits.thresholdBytes;
  for (let attempt = 1; ; attempt++) {
    // A condition that does not hold is found before the gigabytes are sent.
    if (isLarge && isConditional) assertPutCondition(key, (await headObject(bucket, key))?.eTag ?? null, options);
    try {
      const eTag = isLarge ? await uploadInParts(bucket, write, limits) : await putWhole(bucket, write);
      bucket.isKnownToExist = true;
      return infoOf(key, bytes.length, eTag, new Date());
    } catch (error) {
      const fault = error instanceof UncertainUploadError ? error.cause : error;
      const status = statusOf(fault);
      if (isConditional && status === 409 && attempt < CONFLICT_ATTEMPTS) {
        await sleep(Math.random() * CONFLICT_WAIT_MS * 2 ** attempt);
        continue;
      }
      const own = await findOwnWrite(bucket, write, error);
      if (own !== null) return own;
      if (isLostRace(fault, options)) throw lostRace(key, options, fault);
      throw explainS3Error(fault, bucket.location);
    }
  }
}

async function putWhole(bucket: S3Bucket, { key, bytes, contentType, condition }: S3Write): Promise<string> {
  const object = { Bucket: bucket.name, Key: key, Body: bytes, ContentType: contentType, ...condition };
  return bare((await bucket.client.send(new PutObjectCommand(object))).ETag);
}

/**
 * The answer to a write can be lost on its way: the SDK sends it again, and is refused by its own first try (412, or 404 of an upload that is done).
 * The eTag then is the one that these bytes get. Null when the refusal was the first answer, or another object is there.
 */
async function findOwnWrite(bucket: S3Bucket, { key, bytes }: S3Write, error: unknown): Promise<ObjectInfo | null> {
  const fault = error instanceof UncertainUploadError ? error.cause : error;
  const status = statusOf(fault);
  const isRepeated = fault instanceof S3ServiceException && (fault.$metadata.attempts ?? 1) > 1;
  if (!isRepeated || (status !== 412 && status !== 404)) return null;
  const found = await headObject(bucket, key);
  const eTag = error instanceof UncertainUploadError ? error.eTag : createHash('md5').update(bytes).digest('hex');
  return found?.eTag === eTag ? found : null;
}

function isLostRace(fault: unknown, { ifMatch, ifAbsent }: PutOptions): boolean {
  const status = statusOf(fault);
  if (status === 412) return true;
  if (ifMatch === undefined && ifAbsent !== true) return false;
  return status === 409 || (ifMatch !== undefined && isAbsentObject(fault));
}

function lostRace(key: string, { ifMatch }: PutOptions, fault: unknown): PreconditionFailedError {
  const wanted = ifMatch === undefined ? 'no object' : `version ${ifMatch}`;
  return new PreconditionFailedError(key, wanted, { cause: plainCause(fault) });
}
