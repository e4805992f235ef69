import { resolveByteRange } from './byte-range.ts';
import { assertKeyPrefix, assertObjectKey, compareKeys } from './object-key.ts';
import type { ByteRange, ListOptions, ObjectInfo, ObjectStore, PutOptions, StoredObject } from './object-store.ts';
import { assertPutCondition } from './put-condition.ts';

/**
 * Objects in this process, gone with it. Bytes are copied in and out, so that a caller cannot change what is stored.
 * `contentType` has no effect: nothing in ObjectStore reads it back.
 */
export class MemoryObjectStore implements ObjectStore {
  readonly location = 'memory:';
  readonly #objects = new Map<string, StoredObject>();
  #writes = 0;

  async *list(prefix: string, options: ListOptions = {}): AsyncIterable<ObjectInfo> {
    assertKeyPrefix(prefix);
    const { startAfter, signal } = options;
    const keys = [...this.#objects.keys()].filter((key) => key.startsWith(prefix)).sort(compareKeys);
    for (const key of keys) {
      signal?.throwIfAborted();
      if (startAfter !== undefined && compareKeys(key, startAfter) <= 0) continue;
      // Deleted since the listing began, as it can happen in a bucket.
      const object = this.#objects.get(key);
      if (object !== undefined) yield await Promise.resolve(infoOf(object));
    }
  }

  head(key: string): Promise<ObjectInfo | null> {
    return settle(() => {
      assertObjectKey(key);
      const object = this.#objects.get(key);
      return object === undefined ? null : infoOf(object);
    });
  }

  get(key: string, range?: ByteRange): Promise<StoredObject | null> {
    return settle(() => {
      assertObjectKey(key);
      const object = this.#objects.get(key);
      if (object === undefined) return null;
      const { start, end } = resolveByteRange(range, object.sizeBytes, key);
      return { ...object, bytes: object.bytes.slice(start, end) };
    });
  }

  put(key: string, bytes: Uint8Array, options: PutOptions = {}): Promise<ObjectInfo> {
    return settle(() => {
      assertObjectKey(key);
      assertPutCondition(key, this.#objects.get(key)?.eTag ?? null, options);
      this.#writes += 1;
      const object: StoredObject = {
        key,
        sizeBytes: bytes.byteLength,
        eTag: `m${this.#writes}`,
        lastModifiedEpochMs: Date.now(),
        // Not `bytes.slice()`: a Buffer's slice shares memory.
        bytes: new Uint8Array(bytes),
      };
      this.#objects.set(key, object);
      return infoOf(object);
    });
  }

  delete(key: string): Promise<void> {
    return settle(() => {
      assertObjectKey(key);
      this.#objects.delete(key);
    });
  }
}

function infoOf({ key, sizeBytes, eTag, lastModifiedEpochMs }: ObjectInfo): ObjectInfo {
  return { key, sizeBytes, eTag, lastModifiedEpochMs };
}

/** Runs now, and turns a throw into a rejection. */
function settle<T>(compute: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(compute());
  });
}
