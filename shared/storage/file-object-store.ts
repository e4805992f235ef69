import type { BigIntStats } from 'node:fs';
import { mkdir, open, readdir, rmdir, unlink } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HeadstartError, InvalidInputError } from '../errors.ts';
import { resolveByteRange } from './byte-range.ts';
import { errnoOf, explainFileErrors } from './file-error.ts';
import { lockPathFor, removeStaleLock, RESERVED_NAME_PREFIX, withFileLock } from './file-lock.ts';
import { statOrNull, walkFiles } from './file-walk.ts';
import { replaceFile } from './replace-file.ts';
import { assertKeyPrefix, assertObjectKey } from './object-key.ts';
import type { ByteRange, ListOptions, ObjectInfo, ObjectStore, PutOptions, StoredObject } from './object-store.ts';
import { assertPutCondition } from './put-condition.ts';

/** A folder may be removed (with its last file) between creating it and writing into it. */
const WRITE_ATTEMPTS = 5;

/** A file that someone else is overwriting in place gives other bytes than its size says. */
const READ_ATTEMPTS = 3;

/** Kernels stamp files with a clock that stands still for up to 10 ms. */
const CLOCK_TICK_MS = 20;

/**
 * A folder as a bucket: one file an object. Writes are atomic (a reader sees the old bytes or the new ones) and
 * survive a power cut; conditional writes hold among threads and processes of one computer. The eTag is modification
 * time, size and inode. `contentType` has no effect: the suffix says it.
 *
 * Keys that a folder cannot hold at the same time (`a` and `a/b`) are refused at the second write.
 */
export class FileObjectStore implements ObjectStore {
  readonly location: string;
  readonly #root: string;
  /** Folders in which locks and temporary files of dead processes were looked for. */
  readonly #sweptFolders = new Set<string>();

  /**
   * @param root absolute path; need not exist: it is created by the first write, and an absent one lists nothing
   * @throws InvalidInputError when the path is relative
   */
  constructor(root: string) {
    if (!isAbsolute(root)) {
      throw new InvalidInputError(`expected an absolute folder for the store, got "${root}"; resolve it first`);
    }
    this.#root = resolve(root);
    this.location = this.#root;
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncIterable<ObjectInfo> {
    assertKeyPrefix(prefix);
    refuseUnsafeSegments(prefix);
    const { startAfter = '', signal } = options;
    for await (const { key, stats } of walkFiles(this.#root, { prefix, startAfter, signal })) {
      yield infoOf(key, stats);
    }
  }

  async head(key: string): Promise<ObjectInfo | null> {
    const stats = await statOrNull(this.#pathOf(key));
    return stats?.isFile() === true ? infoOf(key, stats) : null;
  }

  async get(key: string, range?: ByteRange, into?: Uint8Array): Promise<StoredObject | null> {
    const path = this.#pathOf(key);
    return explainFileErrors('read', path, async () => {
      for (let attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
        const found = await readObject(key, path, range, into);
        if (found !== 'changed') return found;
      }
      throw new HeadstartError(
        'io_error',
        `expected "${path}" to stay unchanged while it was read, another program kept writing to it; wait for it and run again`,
      );
    });
  }

  async put(key: string, bytes: Uint8Array, options: PutOptions = {}): Promise<ObjectInfo> {
    const path = this.#pathOf(key);
    return explainFileErrors('write', path, async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          await mkdir(dirname(path), { recursive: true });
          await this.#sweep(dirname(path));
          return infoOf(key, await this.#write(key, path, bytes, options));
        } catch (error) {
          if (errnoOf(error) !== 'ENOENT' || attempt === WRITE_ATTEMPTS) throw error;
        }
      }
    });
  }

  async delete(key: string): Promise<void> {
    const path = this.#pathOf(key);
    await explainFileErrors('write', path, async () => {
      if ((await statOrNull(path))?.isFile() !== true) return;
      await withFileLock(lockPathFor(path), () => removeFile(path));
      await this.#removeEmptyFolders(dirname(path));
    });
  }

  #pathOf(key: string): string {
    assertObjectKey(key);
    refuseUnsafeSegments(key);
    return join(this.#root, key);
  }

  #write(key: string, path: string, bytes: Uint8Array, options: PutOptions): Promise<BigIntStats> {
    return withFileLock(lockPathFor(path), async ({ temporaryPath }) => {
      const current = await statOrNull(path);
      assertPutCondition(key, current?.isFile() === true ? eTagOf(current) : null, options);
      return replaceFile({ path, temporaryPath, bytes, laterThanNs: current?.mtimeNs ?? null });
    });
  }

  /** Once a folder: removes what a killed process left there, so that no disk fills up with invisible files. */
  async #sweep(folder: string): Promise<void> {
    if (this.#sweptFolders.has(folder)) return;
    for (const name of await readdir(folder)) {
      if (name.startsWith(RESERVED_NAME_PREFIX) && name.endsWith('.lock')) await removeStaleLock(join(folder, name));
    }
    this.#sweptFolders.add(folder);
  }

  /** A bucket has no empty folders. The root stays. */
  async #removeEmptyFolders(folder: string): Promise<void> {
    try {
      for (let current = folder; current.length > this.#root.length; current = dirname(current)) await rmdir(current);
    } catch {
      // Not empty, in use, or not ours to remove: it stays, and a listing does not show it.
    }
  }
}

function refuseUnsafeSegments(key: string): void {
  const segments = key.split('/');
  const isReserved = segments.some((segment) => segment.startsWith(RESERVED_NAME_PREFIX));
  const isWindowsPath = process.platform === 'win32' && /[\\:]/.test(key);
  if (!isReserved && !isWindowsPath) return;
  const problem = isReserved
    ? `names starting with "${RESERVED_NAME_PREFIX}" are the store's own`
    : 'it has "\\" or ":"';
  throw new InvalidInputError(
    `expected a key for a file, got ${JSON.stringify(key)}: ${problem}; choose another name`,
    {
      code: 'invalid_key',
    },
  );
}

async function readObject(
  key: string,
  path: string,
  range: ByteRange | undefined,
  into: Uint8Array | undefined,
): Promise<StoredObject | null | 'changed'> {
  const before = await statOrNull(path);
  if (before?.isFile() !== true) return null;
  let file;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
  try {
    // Of the opened file: a rename behind our back must not mix one version's eTag with the other's bytes.
    const stats = await file.stat({ bigint: true });
    const { start, end } = resolveByteRange(range, Number(stats.size), key);
    const length = end - start;
    const bytes = into !== undefined && into.length >= length ? into.subarray(0, length) : new Uint8Array(length);
    let offset = 0;
    while (offset < bytes.length) {
      const { bytesRead } = await file.read(bytes, offset, bytes.length - offset, start + offset);
      if (bytesRead === 0) return 'changed';
      offset += bytesRead;
    }
    const after = await file.stat({ bigint: true });
    return eTagOf(after) === eTagOf(stats) ? { ...infoOf(key, stats), bytes } : 'changed';
  } finally {
    await file.close();
  }
}

async function removeFile(path: string): Promise<void> {
  const stats = await statOrNull(path);
  if (stats?.isFile() !== true) return;
  await unlink(path);
  // The next file of this name could get the same inode and size; holding the lock until the clock has moved keeps its eTag apart.
  if (Math.abs(Date.now() - Number(stats.mtimeMs)) < CLOCK_TICK_MS) await sleep(CLOCK_TICK_MS);
}

function eTagOf({ mtimeNs, size, ino }: BigIntStats): string {
  return `${mtimeNs.toString(36)}-${size.toString(36)}-${ino.toString(36)}`;
}

function infoOf(key: string, stats: BigIntStats): ObjectInfo {
  return {
    key,
    sizeBytes: Number(stats.size),
    eTag: eTagOf(stats),
    lastModifiedEpochMs: Number(stats.mtimeMs),
  };
}
