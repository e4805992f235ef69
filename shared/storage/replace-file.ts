import type { BigIntStats } from 'node:fs';
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from './file-error.ts';

export interface FileReplacement {
  readonly path: string;
  /** In the same folder, so that the rename stays within one file system; must not exist. */
  readonly temporaryPath: string;
  readonly bytes: Uint8Array;
  /** The new file's modification time will be later than this; null for no such need. */
  readonly laterThanNs: bigint | null;
}

/** What to add to a modification time until it is later: file systems round to 100 ns, 1 µs, 1 ms, 1 s or 2 s. */
const TIME_STEPS_MS = [0.002, 1, 10, 1_000, 2_000];

/** Windows refuses to replace a file that someone has open. */
const RENAME_ATTEMPTS = 20;

/**
 * Writes the bytes beside the file, forces them to the disk, and renames. Whatever fails, the file at `path` is the
 * old one, complete.
 *
 * @returns of the new file
 */
export async function replaceFile({ path, temporaryPath, bytes, laterThanNs }: FileReplacement): Promise<BigIntStats> {
  try {
    const stats = await writeTemporary(temporaryPath, bytes, laterThanNs);
    await renameOver(temporaryPath, path);
    await syncFolder(dirname(path));
    return stats;
  } catch (error) {
    await rm(temporaryPath, { force: true });
    throw error;
  }
}

async function writeTemporary(path: string, bytes: Uint8Array, laterThanNs: bigint | null): Promise<BigIntStats> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
    if (laterThanNs !== null) await makeLater(file, laterThanNs);
    await file.sync();
    return await file.stat({ bigint: true });
  } finally {
    await file.close();
  }
}

/** Two writes within one tick of the kernel's clock would have the same time, and with a reused inode the same eTag. */
async function makeLater(file: FileHandle, thanNs: bigint): Promise<void> {
  for (const stepMs of TIME_STEPS_MS) {
    if ((await file.stat({ bigint: true })).mtimeNs > thanNs) return;
    const seconds = Number(thanNs / 1_000_000_000n) + Number(thanNs % 1_000_000_000n) / 1e9 + stepMs / 1_000;
    await file.utimes(seconds, seconds);
  }
}

async function renameOver(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await rename(from, to);
      return;
    } catch (error) {
      const isHeldOpen = process.platform === 'win32' && ['EPERM', 'EACCES', 'EBUSY'].includes(errnoOf(error) ?? '');
      if (!isHeldOpen || attempt === RENAME_ATTEMPTS) throw error;
      await sleep(attempt * 5);
    }
  }
}

/** Makes the rename itself durable. Windows cannot open a folder and needs no such step. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32' || !(await stat(path)).isDirectory()) return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } catch (error) {
    // Some network file systems do not know it.
    if (!['EINVAL', 'ENOTSUP', 'EBADF'].includes(errnoOf(error) ?? '')) throw error;
  } finally {
    await folder.close();
  }
}
