import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { readReplaceable, replaceFolder } from '../../../shared/storage/replace-folder.ts';

let root: string;
let target: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'headstart-replace-'));
  target = path.join(root, 'deep', 'folder');
});

const write = (text: string) =>
  replaceFolder(target, async (folder) => {
    await writeFile(path.join(folder, 'a'), text);
  });
const read = () => readFile(path.join(target, 'a'), 'utf8');

describe('replaceFolder', () => {
  it('writes a folder, and another in its place, with nothing of the old one', async () => {
    await write('old');
    await writeFile(path.join(target, 'more'), '');

    await write('new');

    expect(await read()).toBe('new');
    expect(await readdir(target)).toEqual(['a']);
    expect(await readdir(path.dirname(target))).toEqual(['folder']);
  });

  it('keeps the old folder when writing fails, and leaves nothing beside it', async () => {
    await write('old');

    const outcome = replaceFolder(target, async (folder) => {
      await writeFile(path.join(folder, 'a'), 'half');
      throw new Error('the disk is full');
    });

    await expect(outcome).rejects.toThrow('the disk is full');
    expect(await read()).toBe('old');
    expect(await readdir(path.dirname(target))).toEqual(['folder']);
  });

  it('fails when a file has the name', async () => {
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, 'a file');

    await expect(write('new')).rejects.toThrow(/ENOTDIR|EEXIST/);
    expect(await readFile(target, 'utf8')).toBe('a file');
  });

  it('leaves one whole folder after many writers', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, index) => write(`writer ${index}`)));

    expect(await read()).toMatch(/^writer \d+$/);
    expect(await readdir(path.dirname(target))).toEqual(['folder']);
  });
});

describe('readReplaceable', () => {
  it('waits for a folder that is being replaced', async () => {
    await write('old');
    const old = `${target}.old-1`;
    await rename(target, old);
    const back = setTimeout(() => void rename(old, target), 50);
    onTestFinished(() => {
      clearTimeout(back);
    });

    expect(await readReplaceable(target, () => read().catch(() => null))).toBe('old');
  });

  it('gives null for a folder that is not there', async () => {
    await rm(root, { recursive: true });

    expect(await readReplaceable(target, () => read().catch(() => null))).toBeNull();
  });
});
