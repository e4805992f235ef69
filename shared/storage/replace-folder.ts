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

/**
 * Reads something of a folder that another process may be replacing right now.
 *
 * @param read gives null when the folder is not there
 */
export async function readReplaceable<T>(target: string, read: () => Promise<T | null>): Promise<T | null> {
  for (let round = 0; ; round += 1) {
    const result = await read();
    if (result !== null || round === REPLACEMENT_ROUNDS || !(await isBeingReplaced(target))) return result;
    await sleep(REPLACEMENT_WAIT_MS);
  }
}

async function isBeingReplaced(target: string): Promise<boolean> {
  const names = await readdir(path.dirname(target)).catch(() => []);
  return names.some((name) => name.startsWith(`${path.basename(target)}${OLD}`));
}

/** A folder cannot be renamed over one with files, so the old one is moved away first. */
async function moveOver(from: string, to: string): Promise<void> {
  for (;;) {
    try {
      await rename(from, to);
      return;
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(errnoOf(error) ?? '') || !(await isFolder(to))) throw error;
    }
    const old = `${to}${OLD}${randomUUID()}`;
    await rename(to, old).catch((error: unknown) => {
      // Another writer has moved it away between our two steps.
      if (errnoOf(error) !== 'ENOENT') throw error;
    });
    await rm(old, { recursive: true, force: true });
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
