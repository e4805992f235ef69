import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3ServiceException,
  type S3Client,
} from '@aws-sdk/client-s3';
import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidInputError } from '../errors.ts';
import { resolveByteRange } from './byte-range.ts';
import { assertKeyPrefix, assertObjectKey } from './object-key.ts';
import { explainS3Error } from './s3-error.ts';
import {
  PreconditionFailedError,
  type ByteRange,
  type ListOptions,
  type ObjectInfo,
  type ObjectStore,
  type PutOptions,
  type StoredObject,
} from './object-store.ts';

/** Another conditional write to the same key was under way; S3 asks to try again, and the answer is 412 or success then. */
const CONFLICT_ATTEMPTS = 5;

/** Doubled with each attempt, times a random share, so that the writers do not meet again. */
const CONFLICT_WAIT_MS = 20;

/** A bucket of S3, or of a server that speaks its protocol and keeps conditional writes. */
export class S3ObjectStore implements ObjectStore {
  readonly location: string;
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor(client: S3Client, bucket: string) {
    this.location = `s3://${bucket}`;
    this.#client = client;
    this.#bucket = bucket;
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncIterable<ObjectInfo> {
    assertKeyPrefix(prefix);
    const { startAfter, signal } = options;
    let token: string | undefined;
    do {
      signal?.throwIfAborted();
      const page = await this.#explained(
        this.#client.send(
          new ListObjectsV2Command({
            Bucket: this.#bucket,
            Prefix: prefix,
            ...(startAfter !== undefined && { StartAfter: startAfter }),
            ...(token !== undefined && { ContinuationToken: token }),
          }),
          { ...(signal && { abortSignal: signal }) },
        ),
      );
      for (const { Key: key = '', Size: sizeBytes = 0, ETag: eTag, LastModified: modified } of page.Contents ?? []) {
        signal?.throwIfAborted();
        yield { key, sizeBytes, eTag: bare(eTag), lastModifiedEpochMs: modified?.getTime() ?? 0 };
      }
      token = page.NextContinuationToken;
    } while (token !== undefined);
  }

  async head(key: string): Promise<ObjectInfo | null> {
    assertObjectKey(key);
    const found = await this.#explained(
      absentAsNull(this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: key }))),
    );
    return found && infoOf(key, found.ContentLength, found.ETag, found.LastModified);
  }

  async get(key: string, range?: ByteRange): Promise<StoredObject | null> {
    assertObjectKey(key);
    const header = range === undefined ? undefined : await this.#rangeHeader(key, range);
    if (header === null) return null;
    const request = new GetObjectCommand({
      Bucket: this.#bucket,
      Key: key,
      ...(header !== undefined && { Range: header }),
    });
    const found = await absentAsNull(this.#client.send(request)).catch((error: unknown) => {
      throw statusOf(error) === 416 ? invalidRange(key, error) : explainS3Error(error, this.location);
    });
    if (found?.Body === undefined) return null;
    const bytes = await found.Body.transformToByteArray();
    const whole = Number(found.ContentRange?.split('/')[1] ?? bytes.length);
    return { ...infoOf(key, whole, found.ETag, found.LastModified), bytes };
  }

  async put(key: string, bytes: Uint8Array, options: PutOptions = {}): Promise<ObjectInfo> {
    assertObjectKey(key);
    const { ifMatch, ifAbsent, contentType = 'application/octet-stream' } = options;
    const request = new PutObjectCommand({
      Bucket: this.#bucket,
      Key: key,
      Body: bytes,
      ContentType: contentType,
      ...(ifMatch !== undefined && { IfMatch: `"${ifMatch}"` }),
      ...(ifAbsent === true && { IfNoneMatch: '*' }),
    });
    for (let attempt = 1; ; attempt++) {
      try {
        const { ETag: eTag } = await this.#client.send(request);
        return infoOf(key, bytes.byteLength, eTag, new Date());
      } catch (error) {
        const status = statusOf(error);
        const isConditional = ifMatch !== undefined || ifAbsent === true;
        if (isConditional && status === 409 && attempt < CONFLICT_ATTEMPTS) {
          await sleep(Math.random() * CONFLICT_WAIT_MS * 2 ** attempt);
          continue;
        }
        if (
          status === 412 ||
          (isConditional && status === 409) ||
          (ifMatch !== undefined && status === 404 && !isNoBucket(error))
        ) {
          const wanted = ifMatch === undefined ? 'no object' : `version ${ifMatch}`;
          throw new PreconditionFailedError(key, wanted, { cause: error });
        }
        throw explainS3Error(error, this.location);
      }
    }
  }

  async delete(key: string): Promise<void> {
    assertObjectKey(key);
    await this.#explained(this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: key })));
  }

  async #explained<T>(request: Promise<T>): Promise<T> {
    try {
      return await request;
    } catch (error) {
      throw explainS3Error(error, this.location);
    }
  }

  /** HTTP has no range that is empty, and none that counts from the end on both sides: those need the size first. Null for an absent object. */
  async #rangeHeader(key: string, range: ByteRange): Promise<string | null> {
    const { start, end } = range;
    const isPlain =
      Number.isSafeInteger(start) && start >= 0 && (end === undefined || (Number.isSafeInteger(end) && end > start));
    if (isPlain) return `bytes=${start}-${end === undefined ? '' : end - 1}`;
    const info = await this.head(key);
    if (info === null) return null;
    const resolved = resolveByteRange(range, info.sizeBytes, key);
    return `bytes=${resolved.start}-${resolved.end - 1}`;
  }
}

async function absentAsNull<T>(request: Promise<T>): Promise<T | null> {
  try {
    return await request;
  } catch (error) {
    if (statusOf(error) === 404 && !isNoBucket(error)) return null;
    throw error;
  }
}

function isNoBucket(error: unknown): boolean {
  return error instanceof S3ServiceException && error.name === 'NoSuchBucket';
}

function statusOf(error: unknown): number | null {
  return error instanceof S3ServiceException ? (error.$metadata.httpStatusCode ?? null) : null;
}

function infoOf(key: string, sizeBytes = 0, eTag?: string, modified?: Date): ObjectInfo {
  return { key, sizeBytes, eTag: bare(eTag), lastModifiedEpochMs: modified?.getTime() ?? 0 };
}

function bare(eTag = ''): string {
  return eTag.replaceAll('"', '');
}

function invalidRange(key: string, cause: unknown): InvalidInputError {
  return new InvalidInputError(`expected a range with at least one byte of "${key}", got one outside of it`, {
    code: 'invalid_range',
    cause,
  });
}
