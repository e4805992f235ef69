import { createHash } from 'node:crypto';
import { CancelledError } from '../errors.ts';
import type { ObjectInfo, ObjectStore } from '../storage/object-store.ts';

export interface UploadProgress {
  readonly uploaded: number;
  /** Already there with the same bytes. */
  readonly unchanged: number;
  readonly uploadedBytes: number;
}

export interface UploadOptions {
  /** In front of each key of the target: `datasets/birds/`. @default '' */
  readonly prefix?: string;
  /** Objects in memory at a time, 1 or more. @default 8 */
  readonly concurrency?: number;
  /** @default none */
  readonly onProgress?: (progress: UploadProgress) => void;
  /** @default never */
  readonly signal?: AbortSignal;
}

const DEFAULT_CONCURRENCY = 8;

/**
 * Copies every object of `source` to `target`, but for hidden ones (the vectors and models of a folder are in `.headstart`). What is there already with the same bytes is left alone, so a run that was broken off
 * goes on where it stopped. Memory holds `concurrency` objects at most.
 *
 * @throws CancelledError when `signal` is aborted; what was copied stays
 */
export async function uploadFolder(
  source: ObjectStore,
  target: ObjectStore,
  options: UploadOptions = {},
): Promise<UploadProgress> {
  const { prefix = '', concurrency = DEFAULT_CONCURRENCY, onProgress, signal } = options;
  const listing = source.list('')[Symbol.asyncIterator]();
  let progress: UploadProgress = { uploaded: 0, unchanged: 0, uploadedBytes: 0 };
  let hasFailed = false;
  const work = async (): Promise<void> => {
    try {
      for (let next = await listing.next(); next.done !== true && !hasFailed; next = await listing.next()) {
        if (signal?.aborted === true) throw new CancelledError();
        if (isHidden(next.value.key)) continue;
        const sentBytes = await copyObject(source, target, next.value, prefix);
        progress = {
          uploaded: progress.uploaded + (sentBytes === null ? 0 : 1),
          unchanged: progress.unchanged + (sentBytes === null ? 1 : 0),
          uploadedBytes: progress.uploadedBytes + (sentBytes ?? 0),
        };
        onProgress?.(progress);
      }
    } catch (error) {
      hasFailed = true;
      throw error;
    }
  };
  // All of them come to rest before the first failure is reported: nothing is written behind the caller's back.
  const ends = await Promise.allSettled(Array.from({ length: concurrency }, work));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return progress;
}

/** Whether a name of the key starts with a dot. */
export function isHidden(key: string): boolean {
  return key.split('/').some((name) => name.startsWith('.'));
}

/** The bytes sent; null when the target has them already, or the source has them no more. */
async function copyObject(
  source: ObjectStore,
  target: ObjectStore,
  { key }: ObjectInfo,
  prefix: string,
): Promise<number | null> {
  const object = await source.get(key);
  if (object === null) return null;
  const there = await target.head(prefix + key);
  if (there?.sizeBytes === object.sizeBytes && (await hasSameBytes(target, there, object.bytes))) return null;
  await target.put(prefix + key, object.bytes, { contentType: contentTypeOf(key) });
  return object.sizeBytes;
}

/** The eTag of S3 is the MD5 of an object sent in one part, unless its encryption says otherwise; else the bytes are compared. */
async function hasSameBytes(target: ObjectStore, there: ObjectInfo, bytes: Uint8Array): Promise<boolean> {
  if (there.eTag === createHash('md5').update(bytes).digest('hex')) return true;
  // S3 names every plain object by its MD5: another one means other bytes, or an encryption for which sending again is safe.
  if (/^[0-9a-f]{32}$/.test(there.eTag)) return false;
  const stored = await target.get(there.key);
  return stored !== null && Buffer.compare(stored.bytes, bytes) === 0;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  avif: 'image/avif',
  gif: 'image/gif',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  png: 'image/png',
  tif: 'image/tiff',
  tiff: 'image/tiff',
  webp: 'image/webp',
};

function contentTypeOf(key: string): string {
  const suffix = key.slice(key.lastIndexOf('.') + 1).toLowerCase();
  return Object.hasOwn(CONTENT_TYPES, suffix) ? (CONTENT_TYPES[suffix] ?? '') : 'application/octet-stream';
}
