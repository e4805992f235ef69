import { DeleteObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { resolveByteRange } from './byte-range.ts';
import { assertKeyPrefix, assertObjectKey } from './object-key.ts';
import type { ByteRange, ListOptions, ObjectInfo, ObjectStore, PutOptions, StoredObject } from './object-store.ts';
import { infoOf, S3Bucket } from './s3-bucket.ts';
import { explainS3Error } from './s3-error.ts';
import { headObject } from './s3-head.ts';
import { S3_MULTIPART_LIMITS, type S3MultipartLimits } from './s3-multipart.ts';
import { readS3Object, S3_READ_LIMITS, type PlainRange, type S3ReadLimits } from './s3-read.ts';
import { writeS3Object } from './s3-write.ts';

export interface S3ObjectStoreOptions {
  /** @default S3_MULTIPART_LIMITS */
  readonly multipart?: Partial<S3MultipartLimits>;
  /** @default S3_READ_LIMITS */
  readonly read?: Partial<S3ReadLimits>;
}

interface PageRequest {
  readonly prefix: string;
  readonly startAfter: string | undefined;
  readonly token: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * A bucket of S3, or of a server that speaks its protocol and keeps conditional writes. Large objects are sent in parts; a read whose connection
 * ends early goes on where it stopped. What S3 refuses is thrown as an error of shared/errors.ts that names the bucket (s3-explanations.ts);
 * `io_error` may be gone a moment later.
 */
export class S3ObjectStore implements ObjectStore {
  readonly location: string;
  readonly #bucket: S3Bucket;
  readonly #multipart: S3MultipartLimits;
  readonly #read: S3ReadLimits;

  constructor(client: S3Client, bucket: string, { multipart, read }: S3ObjectStoreOptions = {}) {
    this.#bucket = new S3Bucket(client, bucket);
    this.location = this.#bucket.location;
    this.#multipart = { ...S3_MULTIPART_LIMITS, ...multipart };
    this.#read = { ...S3_READ_LIMITS, ...read };
  }

  async *list(prefix: string, { startAfter, signal }: ListOptions = {}): AsyncIterable<ObjectInfo> {
    assertKeyPrefix(prefix);
    let token: string | undefined;
    do {
      signal?.throwIfAborted();
      const page = await this.#listPage({ prefix, startAfter, token, signal });
      for (const { Key: key = '', Size: sizeBytes, ETag: eTag, LastModified: modified } of page.Contents ?? []) {
        signal?.throwIfAborted();
        yield infoOf(page.EncodingType === 'url' ? decodeListedKey(key) : key, sizeBytes, eTag, modified);
      }
      token = page.NextContinuationToken;
    } while (token !== undefined);
  }

  async head(key: string): Promise<ObjectInfo | null> {
    assertObjectKey(key);
    return headObject(this.#bucket, key);
  }

  async get(key: string, range?: ByteRange): Promise<StoredObject | null> {
    assertObjectKey(key);
    const plain = range === undefined ? undefined : await this.#plainRange(key, range);
    return plain === null ? null : readS3Object(this.#bucket, key, plain, this.#read);
  }

  async put(key: string, bytes: Uint8Array, options: PutOptions = {}): Promise<ObjectInfo> {
    assertObjectKey(key);
    return writeS3Object(this.#bucket, key, bytes, options, this.#multipart);
  }

  async delete(key: string): Promise<void> {
    assertObjectKey(key);
    try {
      await this.#bucket.client.send(new DeleteObjectCommand({ Bucket: this.#bucket.name, Key: key }));
    } catch (error) {
      throw explainS3Error(error, this.location);
    }
  }

  async #listPage({ prefix, startAfter, token, signal }: PageRequest) {
    const request = new ListObjectsV2Command({
      Bucket: this.#bucket.name,
      Prefix: prefix,
      // XML has no control characters, and the bucket may have keys of other programs with them.
      EncodingType: 'url',
      ...(startAfter !== undefined && { StartAfter: startAfter }),
      ...(token !== undefined && { ContinuationToken: token }),
    });
    try {
      const page = await this.#bucket.client.send(request, { ...(signal && { abortSignal: signal }) });
      this.#bucket.isKnownToExist = true;
      return page;
    } catch (error) {
      signal?.throwIfAborted();
      throw explainS3Error(error, this.location);
    }
  }

  /** HTTP has no range that is empty, and none that counts from the end on both sides: those need the size first. Null for an absent object. */
  async #plainRange(key: string, range: ByteRange): Promise<PlainRange | null> {
    const { start, end } = range;
    const isPlain =
      Number.isSafeInteger(start) && start >= 0 && (end === undefined || (Number.isSafeInteger(end) && end > start));
    if (isPlain) return { start, end };
    const info = await this.head(key);
    return info === null ? null : resolveByteRange(range, info.sizeBytes, key);
  }
}

/** As a form's field: a plus is a space. */
function decodeListedKey(encoded: string): string {
  return decodeURIComponent(encoded.replaceAll('+', ' '));
}
