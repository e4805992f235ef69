import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { open, readFile, stat, unlink, type FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HeadstartError } from '../errors.ts';
import { errnoOf } from './file-error.ts';

/** Starts every name that belongs to the store itself; listings never show such names. */
export const RESERVED_NAME_PREFIX = '.~headstart-';

/** A lock is held for one write; whoever waits longer than this asks a person. */
const LOCK_TIMEOUT_MS = 30_000;

/**
 * Between creating a lock file and writing its owner into it lie microseconds; an older one without owner was left by
 * a crash.
 */
const OWNERLESS_STALE_AFTER_MS = 5_000;

/** Part of a file name. */
const TOKEN = /^[0-9a-f]{24}$/;

interface LockOwner {
  readonly token: string;
  readonly pid: number;
  readonly host: string;
  /** Tells a process from a later one with the same pid; null where the system does not say. */
  readonly processStart: string | null;
}

/** What a lock's work may need. */
export interface HeldLock {
  /** A file that belongs to this lock: removed with it when its owner dies. */
  readonly temporaryPath: string;
}

/** The lock file that guards `path`: beside it, and of bounded length whatever the name is. */
export function lockPathFor(path: string): string {
  const hash = createHash('sha256')
    .update(path.slice(dirname(path).length))
    .digest('hex')
    .slice(0, 24);
  return join(dirname(path), `${RESERVED_NAME_PREFIX}${hash}.lock`);
}

/**
 * Runs `work` while no other thread or process holds the same lock. A lock whose owner has died is removed, together
 * with the temporary file that the owner left.
 *
 * @throws HeadstartError `locked` when a living process, or one on another host, keeps the lock for 30 seconds
 */
export async function withFileLock<T>(lockPath: string, work: (lock: HeldLock) => Promise<T>): Promise<T> {
  const owner = { token: randomBytes(12).toString('hex'), pid: process.pid, host: hostname(), processStart: OWN_START };
  await acquire(lockPath, owner);
  try {
    return await work({ temporaryPath: temporaryPathOf(lockPath, owner.token) });
  } finally {
    await release(lockPath, owner.token);
  }
}

/** Removes the lock and its temporary file if the owner has died; leaves a living owner alone. */
export async function removeStaleLock(lockPath: string): Promise<void> {
  const found = await readLock(lockPath);
  if (found === null || !isStale(found)) return;
  // Only one process at a time may remove this very lock, else the second one would remove the lock of a new owner: the name of
  // the removal's own lock contains the token of the lock to be removed.
  const removalLock = lockPathFor(join(dirname(lockPath), `${found.token}.removal`));
  await withFileLock(removalLock, async () => {
    const again = await readLock(lockPath);
    if (again?.token !== found.token) return;
    await unlinkIfThere(temporaryPathOf(lockPath, found.token));
    await unlinkIfThere(lockPath);
  });
}

async function acquire(lockPath: string, owner: LockOwner): Promise<void> {
  const deadlineEpochMs = Date.now() + LOCK_TIMEOUT_MS;
  while (!(await tryCreate(lockPath, owner))) {
    await removeStaleLock(lockPath);
    if (Date.now() > deadlineEpochMs) throw await lockedError(lockPath);
    await sleep(1 + Math.random() * 15);
  }
}

async function tryCreate(lockPath: string, owner: LockOwner): Promise<boolean> {
  const file = await openExclusively(lockPath);
  if (file === null) return false;
  try {
    await file.writeFile(JSON.stringify(owner));
  } catch (error) {
    await unlinkIfThere(lockPath);
    throw error;
  } finally {
    await file.close();
  }
  // A process that was suspended right above for seconds may have lost the file as ownerless.
  return (await readLock(lockPath))?.token === owner.token;
}

async function openExclusively(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'wx');
  } catch (error) {
    const errno = errnoOf(error);
    // Windows says EPERM while another process is removing the file.
    if (errno === 'EEXIST' || (process.platform === 'win32' && errno === 'EPERM')) return null;
    throw error;
  }
}

async function release(lockPath: string, token: string): Promise<void> {
  if ((await readLock(lockPath))?.token === token) await unlinkIfThere(lockPath);
}

interface FoundLock {
  readonly token: string;
  /** Null: the file has no readable owner. */
  readonly owner: LockOwner | null;
  readonly ageMs: number;
}

async function readLock(lockPath: string): Promise<FoundLock | null> {
  try {
    const [text, stats] = await Promise.all([readFile(lockPath, 'utf8'), stat(lockPath, { bigint: true })]);
    const owner = parseOwner(text);
    return {
      token: owner?.token ?? `ownerless-${stats.ino}-${stats.mtimeNs}`,
      owner,
      ageMs: Date.now() - Number(stats.mtimeMs),
    };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function parseOwner(text: string): LockOwner | null {
  try {
    const { token, pid, host, processStart } = JSON.parse(text) as Partial<Record<keyof LockOwner, unknown>>;
    if (typeof token !== 'string' || !TOKEN.test(token) || typeof pid !== 'number' || typeof host !== 'string')
      return null;
    return { token, pid, host, processStart: typeof processStart === 'string' ? processStart : null };
  } catch {
    return null;
  }
}

function isStale({ owner, ageMs }: FoundLock): boolean {
  if (owner === null) return ageMs > OWNERLESS_STALE_AFTER_MS;
  if (owner.host !== hostname()) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    // EPERM: it lives, but belongs to someone else.
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
  const start = processStartOf(owner.pid);
  return start !== null && owner.processStart !== null && start !== owner.processStart;
}

/** Linux: clock ticks after boot at which the process started, with the boot's id; null elsewhere. */
function processStartOf(pid: number): string | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return fields?.[19] === undefined ? null : `${boot}/${fields[19]}`;
  } catch {
    return null;
  }
}

const OWN_START = processStartOf(process.pid);

function temporaryPathOf(lockPath: string, token: string): string {
  return join(dirname(lockPath), `${RESERVED_NAME_PREFIX}${token}.tmp`);
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

async function lockedError(lockPath: string): Promise<HeadstartError> {
  const owner = (await readLock(lockPath))?.owner;
  const holder = owner ? `process ${owner.pid} on ${owner.host}` : 'an unknown process';
  return new HeadstartError(
    'locked',
    `expected to lock "${lockPath}" within ${LOCK_TIMEOUT_MS / 1000} s, but ${holder} holds it; ` +
      'wait for that process, or remove the file if no headstart runs there',
  );
}
