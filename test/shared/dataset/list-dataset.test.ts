import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { listDataset, listPictures } from '../../../shared/dataset/list-dataset.ts';
import { FileObjectStore } from '../../../shared/storage/file-object-store.ts';
import { MemoryObjectStore } from '../../../shared/storage/memory-object-store.ts';

async function storeWith(keys: readonly string[], prefix = ''): Promise<MemoryObjectStore> {
  const store = new MemoryObjectStore();
  for (const key of keys) await store.put(prefix + key, new TextEncoder().encode(key));
  return store;
}

async function listOf(keys: readonly string[]) {
  return listDataset(await storeWith(keys), '');
}

describe('listDataset', () => {
  it('takes the top folder as the label and keeps deeper folders within it', async () => {
    const listing = await listOf(['b/2.PNG', 'b/deep/er/3.webp', 'a/1.jpg']);
    expect(listing.labels).toEqual(['a', 'b']);
    expect(listing.hasSplitFolders).toBe(false);
    expect(listing.skipped).toEqual([]);
    expect(listing.pictures.map(({ key, label, split }) => [key, label, split])).toEqual([
      ['a/1.jpg', 'a', null],
      ['b/2.PNG', 'b', null],
      ['b/deep/er/3.webp', 'b', null],
    ]);
  });

  it('carries size and eTag of the store', async () => {
    const store = await storeWith(['a/1.jpg']);
    const { pictures } = await listDataset(store, '');
    const stored = await store.head('a/1.jpg');
    expect(pictures[0]).toMatchObject({ sizeBytes: 7, eTag: stored?.eTag });
  });

  it('lists below a prefix of a bucket only, with whole keys', async () => {
    const store = await storeWith(['a/1.jpg', 'b/2.jpg'], 'datasets/x/');
    await store.put('datasets/xy/c/3.jpg', new Uint8Array(1));
    const listing = await listDataset(store, 'datasets/x/');
    expect(listing.labels).toEqual(['a', 'b']);
    expect(listing.pictures[0]?.key).toBe('datasets/x/a/1.jpg');
    await expect(listDataset(store, 'datasets/x')).rejects.toMatchObject({ code: 'invalid_input' });
  });

  it.each([
    ['train', 'valid', 'test'],
    ['Train', 'val', 'TEST'],
    ['TRAIN', 'Validation', 'test'],
  ])('reads the split folders %s, %s and %s', async (train, valid, test) => {
    const listing = await listOf([
      `${train}/a/1.jpg`,
      `${valid}/a/2.jpg`,
      `${test}/b/c/3.jpg`,
      'readme.txt',
      '.git/x.jpg',
    ]);
    expect(listing.hasSplitFolders).toBe(true);
    const found = listing.pictures.map(({ split, label }) => [split, label]);
    expect(found).toHaveLength(3);
    expect(found).toEqual(
      expect.arrayContaining([
        ['train', 'a'],
        ['valid', 'a'],
        ['test', 'b'],
      ]),
    );
  });

  it('takes folders called train and test as labels when they hold pictures directly', async () => {
    const listing = await listOf(['train/1.jpg', 'test/2.jpg']);
    expect(listing).toMatchObject({ hasSplitFolders: false, labels: ['test', 'train'] });
  });

  it('takes a folder called train as a label beside another label', async () => {
    const listing = await listOf(['train/steam/1.jpg', 'plane/2.jpg']);
    expect(listing).toMatchObject({ hasSplitFolders: false, labels: ['plane', 'train'] });
  });

  it('ignores folders without pictures when it looks for splits', async () => {
    const listing = await listOf(['train/a/1.jpg', 'test/b/2.jpg', 'docs/notes.md']);
    expect(listing).toMatchObject({ hasSplitFolders: true, labels: ['a', 'b'] });
  });

  it('throws when split folders and other folders of pictures are mixed', async () => {
    const listing = listOf(['train/a/1.jpg', 'test/a/2.jpg', 'more/3.jpg']);
    await expect(listing).rejects.toMatchObject({ code: 'mixed_split_folders', message: /"more"/ });
  });

  it('reports pictures directly in a split folder', async () => {
    const listing = await listOf(['train/a/1.jpg', 'train/2.jpg']);
    expect(listing.pictures).toHaveLength(1);
    expect(listing.skipped).toMatchObject([{ key: 'train/2.jpg', reason: 'no-label-folder' }]);
  });

  it('joins labels that differ in Unicode normalisation only, and sorts by code point', async () => {
    const listing = await listOf(['Z/1.jpg', 'caf\u00e9/1.jpg', 'cafe\u0301/2.jpg', '😀/1.jpg', '\uff5e/1.jpg']);
    expect(listing.labels).toEqual(['Z', 'caf\u00e9', '\uff5e', '😀']);
    expect(listing.pictures.filter(({ label }) => label === 'caf\u00e9')).toHaveLength(2);
    expect(listing.warnings).toEqual([]);
  });

  it('keeps labels that differ in case apart and warns', async () => {
    const listing = await listOf(['Rose/1.jpg', 'rose/2.jpg', 'tulip/3.jpg']);
    expect(listing.labels).toEqual(['Rose', 'rose', 'tulip']);
    expect(listing.warnings).toHaveLength(1);
    expect(listing.warnings[0]).toContain('"Rose" and "rose"');
  });

  it('is not confused by labels named like members of objects', async () => {
    const listing = await listOf(['__proto__/1.jpg', 'constructor/2.jpg']);
    expect(listing.labels).toEqual(['__proto__', 'constructor']);
  });

  it('reports a hidden or system folder once with its number of files, and hidden files one by one', async () => {
    const keys = [
      'a/.DS_Store',
      'a/._1.jpg',
      'a/1.jpg',
      'a/.cache/1.jpg',
      'a/.cache/x/2.jpg',
      '__MACOSX/a/1.jpg',
      'a/Thumbs.db',
    ];
    const { skipped, pictures } = await listOf(keys);
    expect(pictures).toHaveLength(1);
    expect(skipped.map(({ key, reason, fileCount }) => [key, reason, fileCount])).toEqual([
      ['__MACOSX/', 'system-file', 1],
      ['a/.DS_Store', 'hidden', undefined],
      ['a/._1.jpg', 'hidden', undefined],
      ['a/.cache/', 'hidden', 2],
      ['a/Thumbs.db', 'system-file', undefined],
    ]);
  });

  it('leaves out our own folder and the folder markers of S3 silently', async () => {
    const store = await storeWith(['a/1.jpg', '.headstart/models/x.json', '.headstarted/1.jpg']);
    const { skipped } = await listDataset(store, '');
    expect(skipped.map(({ key }) => key)).toEqual(['.headstarted/']);
  });

  it('reports files that are no pictures, and says how to use those of unreadable formats', async () => {
    const { skipped } = await listOf(['a/1.jpg', 'a/notes.txt', 'a/photo.HEIC', 'a/noSuffix', 'a/.jpg', 'loose.png']);
    const reasons = new Map(skipped.map(({ key, reason }) => [key, reason]));
    expect(Object.fromEntries(reasons)).toEqual({
      'a/notes.txt': 'not-a-picture-name',
      'a/photo.HEIC': 'not-a-picture-name',
      'a/noSuffix': 'not-a-picture-name',
      'a/.jpg': 'hidden',
      'loose.png': 'no-label-folder',
    });
    expect(skipped.find(({ key }) => key === 'a/photo.HEIC')?.detail).toContain('convert it to JPEG or PNG');
  });

  it.each(['a\u001b[2J/1.jpg', 'a/1\n.jpg', 'a/\u202egpj.jpg', 'a\\b/1.jpg'])(
    'skips the hostile key %j',
    async (key) => {
      // Files of a user: our own stores write no such names, but must read past them.
      const folder = await mkdtemp(path.join(tmpdir(), 'headstart-hostile-'));
      for (const file of ['a/1.jpg', key]) {
        await mkdir(path.join(folder, path.dirname(file)), { recursive: true });
        await writeFile(path.join(folder, file), 'x');
      }
      const { skipped, labels } = await listDataset(new FileObjectStore(folder), '');
      await rm(folder, { recursive: true });
      expect(labels).toEqual(['a']);
      expect(skipped).toMatchObject([{ reason: 'hostile-key' }]);
    },
  );

  it.each([
    [[], /no file at all/],
    [['1.jpg', '2.jpg', 'x.txt'], /2 pictures outside of any label folder; move them/],
    [['a/x.txt', 'a/y.heic', '.git/z'], /2 not-a-picture-name, 1 hidden|1 hidden, 2 not-a-picture-name/],
  ])('throws for the files %j, saying what was found', async (keys, message) => {
    await expect(listOf(keys)).rejects.toMatchObject({ code: 'empty_dataset', message });
  });

  it('stops when its signal is aborted', async () => {
    const store = await storeWith(['a/1.jpg']);
    const signal = AbortSignal.abort(new Error('stop now'));
    await expect(listDataset(store, '', { signal })).rejects.toThrow('stop now');
  });
});

describe('listPictures', () => {
  it('finds pictures in any folder and at the root, without labels', async () => {
    const store = await storeWith(['1.jpg', 'a/2.png', 'a/b/3.gif', 'a/.hidden/4.jpg', 'x.txt'], 'p/');
    const { pictures, skipped } = await listPictures(store, 'p/');
    expect(pictures.map(({ key }) => key)).toEqual(['p/1.jpg', 'p/a/2.png', 'p/a/b/3.gif']);
    expect(skipped.map(({ key }) => key)).toEqual(['p/a/.hidden/', 'p/x.txt']);
  });

  it('returns an empty list for an empty folder', async () => {
    expect(await listPictures(new MemoryObjectStore(), '')).toEqual({ pictures: [], skipped: [] });
  });
});
