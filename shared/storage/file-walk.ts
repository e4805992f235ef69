import type { BigIntStats, Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, explainFileErrors } from './file-error.ts';
import { RESERVED_NAME_PREFIX } from './file-lock.ts';
import { compareKeys } from './object-key.ts';

/** Enough to hide the latency of a disk, few enough for the thread pool of other work. */
const STAT_BATCH = 32;

export interface WalkedFile {
  readonly key: string;
  readonly stats: BigIntStats;
}

export interface WalkOptions {
  readonly prefix: string;
  readonly startAfter: string;
  readonly signal: AbortSignal | undefined;
}

/** A folder on the way down. `key` is empty for the root, else ends in `/`. */
interface Folder {
  readonly path: string;
  readonly key: string;
  /** Of the folders above, to notice a symbolic link that leads back up. */
  readonly ancestors: ReadonlySet<string>;
}

interface Entry {
  readonly name: string;
  /** What it and everything below it starts with: of a folder with `/` behind it, so that `a.b` comes before `a/b`. */
  readonly key: string;
  readonly isFolder: boolean;
}

/**
 * The files below a folder in ascending UTF-8 byte order of their keys. Symbolic links are followed, except broken
 * ones and those that lead back to a folder above. Names that are no valid UTF-8 cannot be keys and are left out, as
 * are sockets and the store's own files.
 *
 * @throws HeadstartError `not_readable` for a folder that may not be read: a part left out silently would look like deleted pictures
 */
export async function* walkFiles(root: string, options: WalkOptions): AsyncIterable<WalkedFile> {
  const key = options.prefix.slice(0, options.prefix.lastIndexOf('/') + 1);
  yield* walkFolder({ path: join(root, key), key, ancestors: new Set() }, options);
}

async function* walkFolder(folder: Folder, options: WalkOptions): AsyncIterable<WalkedFile> {
  const identity = await folderIdentity(folder.path);
  if (identity === null || folder.ancestors.has(identity)) return;
  const ancestors = new Set(folder.ancestors).add(identity);
  const entries = (await readFolder(folder)).filter((entry) => isWanted(entry, options));
  entries.sort((a, b) => compareKeys(a.key, b.key));
  for (let index = 0; index < entries.length; index += STAT_BATCH) {
    options.signal?.throwIfAborted();
    const batch = entries.slice(index, index + STAT_BATCH);
    const stats = await Promise.all(
      batch.map(({ name, isFolder }) => (isFolder ? Promise.resolve(null) : statOrNull(join(folder.path, name)))),
    );
    for (const [position, entry] of batch.entries()) {
      const found = stats[position];
      if (entry.isFolder) {
        yield* walkFolder({ path: join(folder.path, entry.name), key: entry.key, ancestors }, options);
      } else if (found?.isFile() === true) {
        yield { key: entry.key, stats: found };
      }
    }
  }
}

function isWanted(entry: Entry, { prefix, startAfter }: WalkOptions): boolean {
  const isInPrefix = entry.key.startsWith(prefix) || (entry.isFolder && prefix.startsWith(entry.key));
  const isAfter = compareKeys(entry.key, startAfter) > 0 || (entry.isFolder && startAfter.startsWith(entry.key));
  return isInPrefix && isAfter && !entry.name.startsWith(RESERVED_NAME_PREFIX);
}

async function readFolder(folder: Folder): Promise<Entry[]> {
  const found = await explainFileErrors('read', folder.path, async () => {
    try {
      return await readdir(folder.path, { withFileTypes: true });
    } catch (error) {
      // Removed since its parent was read.
      if (errnoOf(error) === 'ENOENT') return [];
      throw error;
    }
  });
  return Promise.all(
    found.map(async (entry) => {
      const isFolder = await isFolderEntry(entry, folder.path);
      return { name: entry.name, key: folder.key + entry.name + (isFolder ? '/' : ''), isFolder };
    }),
  );
}

async function isFolderEntry(entry: Dirent, parent: string): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return (await statOrNull(join(parent, entry.name)))?.isDirectory() ?? false;
}

async function folderIdentity(path: string): Promise<string | null> {
  const stats = await statOrNull(path);
  return stats?.isDirectory() === true ? `${stats.dev}:${stats.ino}` : null;
}

const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);

/** Null when there is nothing, or a symbolic link that leads nowhere. */
export async function statOrNull(path: string): Promise<BigIntStats | null> {
  return explainFileErrors('read', path, async () => {
    try {
      return await stat(path, { bigint: true });
    } catch (error) {
      if (ABSENT.has(errnoOf(error) ?? '')) return null;
      throw error;
    }
  });
}
