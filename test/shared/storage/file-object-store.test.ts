import { execFile, execFileSync, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, open, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HeadstartError, InvalidInputError } from '../../../shared/errors.ts';
import { toFileError } from '../../../shared/storage/file-error.ts';
import { lockPathFor, RESERVED_NAME_PREFIX } from '../../../shared/storage/file-lock.ts';
import { FileObjectStore } from '../../../shared/storage/file-object-store.ts';
import type { ObjectInfo } from '../../../shared/storage/object-store.ts';
import { openFolder } from '../../../shared/storage/open-folder.ts';

const run = promisify(execFile);
const CHILD = join(import.meta.dirname, 'children', 'store-child.ts');
const IS_ROOT = process.getuid?.() === 0;
/** A user that is not root, to whom permissions apply. */
const UNPRIVILEGED = IS_ROOT ? { uid: 65_534, gid: 65_534 } : {};

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const listAll = (store: FileObjectStore, prefix = ''): Promise<ObjectInfo[]> => Array.fromAsync(store.list(prefix));

async function runChild(parameters: readonly string[], options: object = {}): Promise<unknown> {
  const { stdout } = await run(process.execPath, [CHILD, ...parameters], options);
  return JSON.parse(stdout);
}

/** Files that no listing shows. */
async function reservedNames(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.startsWith(RESERVED_NAME_PREFIX));
}

function canMountSmallDisk(): boolean {
  try {
    execFileSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('FileObjectStore', () => {
  let root: string;
  let store: FileObjectStore;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'headstart-files-'));
    store = new FileObjectStore(root);
  });
  afterEach(async () => {
    await run('chmod', ['-R', 'u+rwx', root]);
    await rm(root, { recursive: true, force: true });
  });

  describe('writes of several processes', () => {
    it('lets exactly one of 20 racing writers in 5 processes win each round', async () => {
      await store.put('counter', bytesOf('00000000'));
      const [processes, writers, wins] = [5, 4, 6];
      const results = await Promise.all(
        Array.from({ length: processes }, () => runChild(['count', root, 'counter', String(wins), String(writers)])),
      );
      const written = (results as number[][][]).flat(2);
      const total = processes * writers * wins;
      expect(written.toSorted((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, index) => index + 1));
      expect(Number(textOf((await store.get('counter'))?.bytes))).toBe(total);
      expect(await reservedNames(root)).toEqual([]);
    });

    it('keeps a whole object when a writer is killed in the middle, and the next write works and cleans up', async () => {
      const sizeBytes = 4_000_000;
      await store.put('key', new Uint8Array(sizeBytes).fill(1));
      let killedInTheMiddle = 0;
      for (let attempt = 0; attempt < 30 && killedInTheMiddle < 3; attempt++) {
        const child = spawn(process.execPath, [CHILD, 'overwrite', root, 'key', String(sizeBytes)], {
          stdio: 'ignore',
        });
        const exited = new Promise((resolve) =>
          child.once('exit', (_, signal) => {
            resolve(signal);
          }),
        );
        while (!(await reservedNames(root)).some((name) => name.endsWith('.tmp'))) await sleep(0);
        child.kill('SIGKILL');
        expect(await exited).toBe('SIGKILL');
        const left = await reservedNames(root);
        if (left.some((name) => name.endsWith('.tmp'))) killedInTheMiddle += 1;
        const bytes = (await store.get('key'))?.bytes ?? new Uint8Array();
        expect(bytes).toHaveLength(sizeBytes);
        expect(bytes.every((value) => value === bytes[0])).toBe(true);
        expect((await listAll(store)).map(({ key }) => key)).toEqual(['key']);
        await store.put('key', new Uint8Array(sizeBytes).fill(9));
        expect(await reservedNames(root)).toEqual([]);
      }
      expect(killedInTheMiddle).toBe(3);
    });
  });

  describe('locks', () => {
    const lockOf = (key: string): string => lockPathFor(join(root, key));

    it('removes what a dead process left for another key, at the first write into its folder', async () => {
      const child = spawn(process.execPath, [CHILD, 'overwrite', root, 'other', '3000000'], { stdio: 'ignore' });
      while (!(await reservedNames(root)).some((name) => name.endsWith('.tmp'))) await sleep(1);
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
      await store.put('key', bytesOf('1'));
      expect(await reservedNames(root)).toEqual([]);
    });

    it('lets one of many writers win that find the lock of a dead process at once', async () => {
      const dead = spawn(process.execPath, ['-e', '']);
      await new Promise((resolve) => dead.once('exit', resolve));
      for (let round = 0; round < 10; round++) {
        const owner = { token: `${round}`.repeat(24), pid: dead.pid, host: hostname(), processStart: null };
        await writeFile(lockOf(`key-${round}`), JSON.stringify(owner));
        const writes = Array.from({ length: 20 }, () => store.put(`key-${round}`, bytesOf('1'), { ifAbsent: true }));
        const results = await Promise.allSettled(writes);
        expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      }
      expect(await reservedNames(root)).toEqual([]);
    });

    it('waits for a living owner', async () => {
      await writeFile(lockOf('key'), JSON.stringify({ token: 'a'.repeat(24), pid: process.pid, host: 'elsewhere' }));
      let isDone = false;
      const writing = store.put('key', bytesOf('1')).then(() => (isDone = true));
      await sleep(60);
      expect(isDone).toBe(false);
      await rm(lockOf('key'));
      await writing;
    });

    it('takes over a lock file without owner that is older than its writing can take', async () => {
      await writeFile(lockOf('key'), '');
      const longAgo = new Date(Date.now() - 60_000);
      await utimes(lockOf('key'), longAgo, longAgo);
      await store.put('key', bytesOf('1'));
      expect(await reservedNames(root)).toEqual([]);
    });

    it.runIf(process.platform === 'linux')('notices that a pid belongs to a later process', async () => {
      const owner = {
        token: 'b'.repeat(24),
        pid: process.pid,
        host: hostname(),
        processStart: 'x/1',
      };
      await writeFile(lockOf('key'), JSON.stringify(owner));
      await store.put('key', bytesOf('1'));
      expect(textOf((await store.get('key'))?.bytes)).toBe('1');
    });
  });

  describe('eTags', () => {
    it('never repeat for a key, even when writes of one size follow each other within a tick of the clock', async () => {
      const seen = new Set<string>();
      for (let round = 0; round < 60; round++) {
        seen.add((await store.put('key', bytesOf(round % 2 === 0 ? 'aa' : 'bb'))).eTag);
        if (round % 20 === 19) await store.delete('key');
      }
      expect(seen.size).toBe(60);
    });

    it('cannot repeat after a deletion: the next file of that name has a later time', async () => {
      const times = new Set<bigint>();
      for (let round = 0; round < 20; round++) {
        await store.put('key', bytesOf('aa'));
        times.add((await stat(join(root, 'key'), { bigint: true })).mtimeNs);
        await store.delete('key');
      }
      expect(times.size).toBe(20);
    });

    it('differ from that of a file dated in the future', async () => {
      await store.put('key', bytesOf('1'));
      const future = new Date(Date.now() + 1e9);
      await utimes(join(root, 'key'), future, future);
      const before = await store.head('key');
      const after = await store.put('key', bytesOf('2'));
      expect(after.lastModifiedEpochMs).toBeGreaterThanOrEqual(future.getTime());
      expect((await stat(join(root, 'key'), { bigint: true })).mtimeNs).toBeGreaterThan(
        BigInt(future.getTime()) * 1_000_000n,
      );
      expect(after.eTag).not.toBe(before?.eTag);
    });

    it('change when another program edits the file', async () => {
      const { eTag } = await store.put('key', bytesOf('1'));
      await sleep(25);
      await writeFile(join(root, 'key'), '2');
      await expect(store.put('key', bytesOf('3'), { ifMatch: eTag })).rejects.toMatchObject({
        code: 'precondition_failed',
      });
      expect(await readFile(join(root, 'key'), 'utf8')).toBe('2');
    });
  });

  describe('listing', () => {
    it('follows symbolic links once and leaves out broken ones and loops', async () => {
      await mkdir(join(root, 'a', 'inner'), { recursive: true });
      await writeFile(join(root, 'a', '1'), '1');
      await symlink(join(root, 'a'), join(root, 'a', 'inner', 'loop'));
      await symlink('loop-of-itself', join(root, 'loop-of-itself'));
      await symlink(join(root, 'nowhere'), join(root, 'broken'));
      await symlink(join(root, 'a'), join(root, 'b'));
      await symlink(join(root, 'a', '1'), join(root, 'link'));
      expect((await listAll(store)).map(({ key }) => key)).toEqual(['a/1', 'b/1', 'link']);
    });

    it('shows nothing of its own, and refuses keys with such names', async () => {
      await writeFile(join(root, `${RESERVED_NAME_PREFIX}x.tmp`), '1');
      await mkdir(join(root, `${RESERVED_NAME_PREFIX}folder`));
      await writeFile(join(root, `${RESERVED_NAME_PREFIX}folder`, '1'), '1');
      expect(await listAll(store)).toEqual([]);
      await expect(store.get(`${RESERVED_NAME_PREFIX}x.tmp`)).rejects.toMatchObject({ code: 'invalid_key' });
      await expect(store.put(`a/${RESERVED_NAME_PREFIX}x/y`, bytesOf('1'))).rejects.toMatchObject({
        code: 'invalid_key',
      });
    });

    it('lists nothing below a root that does not exist', async () => {
      expect(await listAll(new FileObjectStore(join(root, 'absent')))).toEqual([]);
    });

    it('throws not_readable for a folder that may not be read', async () => {
      await mkdir(join(root, 'secret'));
      await writeFile(join(root, 'secret', '1'), '1');
      await chmod(join(root, 'secret'), 0o000);
      await chmod(root, 0o755);
      const result = await runChild(['list', root], UNPRIVILEGED);
      expect(result).toMatchObject({ code: 'not_readable', message: expect.stringContaining('secret') as string });
    });
  });

  describe('failures of the system', () => {
    it('throws not_writable for a folder that may not be written, and leaves nothing behind', async () => {
      await mkdir(join(root, 'fixed'));
      await chmod(join(root, 'fixed'), 0o555);
      await chmod(root, 0o755);
      const result = await runChild(['put', join(root, 'fixed'), 'key'], UNPRIVILEGED);
      expect(result).toMatchObject({ code: 'not_writable', message: expect.stringContaining('permission') as string });
      expect(await readdir(join(root, 'fixed'))).toEqual([]);
    });

    const hasSmallDisk = canMountSmallDisk();
    const title =
      'throws disk_full on a full disk, keeps the old object and leaves nothing behind' +
      (hasSmallDisk ? '' : ' (skipped: this user may not mount a small disk)');
    it.runIf(hasSmallDisk)(title, async () => {
      const script =
        'mount -t tmpfs -o size=64k tmpfs "$1" && "$2" "$3" put "$1" key 20000 && ' +
        '"$2" "$3" put "$1" key 200000; ls -A "$1"; wc -c < "$1/key"';
      const { stdout } = await run('unshare', ['-rm', 'sh', '-c', script, 'sh', root, process.execPath, CHILD]);
      expect(stdout).toMatch(
        /^"done"\{"code":"disk_full","message":"[^"]*\\"[^}]*free some space[^}]*"\}key\n20000\n$/,
      );
    });

    it.runIf(process.platform === 'linux')('says what to do for the error of a full device', async () => {
      const device = await open('/dev/full', 'w');
      const failure: unknown = await device.write('x').catch((error: unknown) => error);
      await device.close();
      const error = toFileError(failure, 'write', 'models/x');
      expect(error).toBeInstanceOf(HeadstartError);
      expect(error).toMatchObject({ code: 'disk_full', cause: failure });
      expect(String(error)).toMatch(/"models\/x".*ENOSPC.*free some space/);
    });

    it('refuses a key below a file, over a folder, and with a name that is too long', async () => {
      await store.put('file', bytesOf('1'));
      await store.put('folder/file', bytesOf('1'));
      for (const key of ['file/below', 'folder', 'n'.repeat(300)]) {
        await expect(store.put(key, bytesOf('2')), key).rejects.toBeInstanceOf(InvalidInputError);
      }
      expect((await listAll(store)).map(({ key }) => key)).toEqual(['file', 'folder/file']);
      expect(await reservedNames(root)).toEqual([]);
    });

    it('refuses a relative root', () => {
      expect(() => new FileObjectStore('photos')).toThrow(/absolute/);
    });
  });

  it('removes folders that a deletion has emptied, but not the root', async () => {
    await store.put('a/b/c', bytesOf('1'));
    await store.put('a/d', bytesOf('1'));
    await store.delete('a/b/c');
    expect(await readdir(join(root, 'a'))).toEqual(['d']);
    await store.delete('a/d');
    expect(await readdir(root)).toEqual([]);
  });

  it('reads a range without reading the file', async () => {
    // 3 GiB, more than a Buffer of one read can hold; sparse, so it needs no disk.
    const file = await open(join(root, 'huge'), 'w');
    await file.truncate(3 * 1024 ** 3);
    await file.write('tail', 3 * 1024 ** 3 - 4);
    await file.close();
    expect(textOf((await store.get('huge', { start: -4 }))?.bytes)).toBe('tail');
    expect((await store.get('huge', { start: 5, end: 7 }))?.bytes).toEqual(new Uint8Array(2));
  });
});

describe('openFolder', () => {
  it('opens a folder and refuses what is none', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'headstart-open-'));
    await writeFile(join(folder, 'file'), '1');
    expect((await openFolder(folder)).location).toBe(folder);
    await expect(openFolder(join(folder, 'absent'))).rejects.toMatchObject({ code: 'folder_missing' });
    await expect(openFolder(join(folder, 'file'))).rejects.toMatchObject({ code: 'not_a_folder' });
    await rm(folder, { recursive: true });
  });
});
