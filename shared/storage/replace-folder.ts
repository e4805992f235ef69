import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from './file-error.ts';

/** Nobody writes a folder for so long: what is older was left by a crash. */
const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;

const PARTIAL = '.partial-';
const OLD = '.old-';

/**
 * Writes a folder beside its place and moves it there when it is whole. Whatever fails before that, the folder that was there stays.
 * Of two writers at once the later one wins; what neither finished is removed a day later.
 *
 * @param write fills the empty folder that it is given
 */
export async function replaceFolder(target: string, write: (folder: string) => Promise<void>): Promise<void> {
  const partial = `${target}${PARTIAL}${randomUUID()}`;
  try {
    await mkdir(partial, { recursive: true });
    await write(partial);
    await moveOver(partial, target);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
  await removeAbandoned(target);
}

/** Between the two renames of a replacement lie microseconds in which there is no folder. */
const REPLACEMENT_WAIT_MS = 10;
const REPLACEMENT_ROUNDS = 50;
/** One listing of a folder may miss what is renamed while it runs. */
const SURE_ROUNDS = 3;

/**
 * Reads something of a folder that another process may be replacing right now.
 *
 * @param read gives null when the folder is not there
 */
export async function readReplaceable<T>(target: string, read: () => Promise<T | null>): Promise<T | null> {
  let absentRounds = 0;
  for (let round = 0; ; round += 1) {
    const result = await read();
    if (result !== null || round === REPLACEMENT_ROUNDS) return result;
    absentRounds = (await isThereOrMoving(target)) ? 0 : absentRounds + 1;
    if (absentRounds === SURE_ROUNDS) return null;
    if (absentRounds === 0) await sleep(REPLACEMENT_WAIT_MS);
  }
}

async function isThereOrMoving(target: string): Promise<boolean> {
  const name = path.basename(target);
  const names = await readdir(path.dirname(target)).catch(() => []);
  return names.some((found) => found === name || found.startsWith(name + OLD));
}

/**
 * A folder cannot be renamed over one with files, so the old one is moved away first, and removed when the new one is in its place: at
 * any time one of the two is there, under the name or as `.old-`.
 */
async function moveOver(from: string, to: string): Promise<void> {
  for (;;) {
    if (await renameUnlessTaken(from, to)) return;
    const old = `${to}${OLD}${randomUUID()}`;
    await rename(to, old).catch((error: unknown) => {
      // Another writer has moved it away between our two steps.
      if (errnoOf(error) !== 'ENOENT') throw error;
    });
    try {
      if (await renameUnlessTaken(from, to)) return;
    } finally {
      await rm(old, { recursive: true, force: true });
    }
  }
}

/** False when there is a folder with files. */
async function renameUnlessTaken(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    const isTaken = ['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(errnoOf(error) ?? '') && (await isFolder(to));
    if (!isTaken) throw error;
    return false;
  }
}

async function isFolder(name: string): Promise<boolean> {
  const facts = await stat(name).catch(() => null);
  return facts === null || facts.isDirectory();
}

async function removeAbandoned(target: string): Promise<void> {
  const parent = path.dirname(target);
  const ours = [PARTIAL, OLD].map((mark) => path.basename(target) + mark);
  for (const name of await readdir(parent)) {
    if (!ours.some((start) => name.startsWith(start))) continue;
    const facts = await stat(path.join(parent, name)).catch(() => null);
    const isAbandoned = facts !== null && Date.now() - facts.mtimeMs > ABANDONED_AFTER_MS;
    if (isAbandoned) await rm(path.join(parent, name), { recursive: true, force: true });
  }
}
