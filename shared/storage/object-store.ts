import { HeadstartError } from '../errors.ts';

/** What a listing tells about one object. */
export interface ObjectInfo {
  /** Path below the store's root, `/` between segments, no leading slash. */
  readonly key: string;
  readonly sizeBytes: number;
  /**
   * Opaque version of the content, without quotes: other bytes have another one; writing the same bytes again may keep it (S3
   * does). Only meaningful within one store.
   */
  readonly eTag: string;
  readonly lastModifiedEpochMs: number;
}

export interface StoredObject extends ObjectInfo {
  /** The bytes asked for: the whole object, or the range. */
  readonly bytes: Uint8Array;
}

/**
 * `start` inclusive, `end` exclusive, both in bytes. A negative `start` counts from the end, as `Array.prototype.slice` does; an
 * `end` past the size is cut to it.
 */
export interface ByteRange {
  readonly start: number;
  /** @default the object's size */
  readonly end?: number;
}

export interface PutOptions {
  /** Write only if the object exists with this eTag. */
  readonly ifMatch?: string;
  /** Write only if there is no such object. */
  readonly ifAbsent?: boolean;
  /** @default 'application/octet-stream' */
  readonly contentType?: string;
}

export interface ListOptions {
  /** Keys strictly after this one, in byte order. */
  readonly startAfter?: string;
  /** Stops the listing. @default never */
  readonly signal?: AbortSignal;
}

/**
 * The smallest interface that the domain needs of a bucket. Every method refuses a key that assertObjectKey (object-key.ts)
 * refuses, with InvalidInputError (`invalid_key`). Implementations: memory, file, S3; all of them pass
 * test/shared/storage/object-store.contract.ts.
 */
export interface ObjectStore {
  /** Where this store is, for messages: the folder's absolute path, `s3://bucket`, `memory:`. */
  readonly location: string;

  /** Every object whose key starts with `prefix`, in ascending UTF-8 byte order of the key. */
  list(prefix: string, options?: ListOptions): AsyncIterable<ObjectInfo>;

  /** Null when there is no such object. */
  head(key: string): Promise<ObjectInfo | null>;

  /**
   * Null when there is no such object.
   * @param into memory that the store may read into; the bytes are then a view of its front. A store may leave it unused, and does when it is too small
   * @throws InvalidInputError (`invalid_range`) when the range holds no byte of the object
   */
  get(key: string, range?: ByteRange, into?: Uint8Array): Promise<StoredObject | null>;

  /**
   * Writes the whole object at once: a reader sees the old bytes or the new ones, never a part.
   * @throws PreconditionFailedError when `ifMatch` or `ifAbsent` does not hold; nothing is written then
   */
  put(key: string, bytes: Uint8Array, options?: PutOptions): Promise<ObjectInfo>;

  /** Removes the object; does nothing when there is none. */
  delete(key: string): Promise<void>;
}

/** A conditional write lost its race: the object is not in the state that the caller had read. */
export class PreconditionFailedError extends HeadstartError {
  constructor(key: string, condition: string, options?: ErrorOptions) {
    super(
      'precondition_failed',
      `expected ${condition} for "${key}", but another writer changed it; read it again`,
      options,
    );
  }
}
