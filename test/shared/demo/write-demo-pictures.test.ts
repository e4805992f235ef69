import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { assignSplits } from '../../../shared/dataset/assign-splits.ts';
import { listDataset } from '../../../shared/dataset/list-dataset.ts';
import { loadEmojiSetInfo } from '../../../shared/demo/emoji-set.ts';
import { SPORTS } from '../../../shared/demo/sports.ts';
import {
  DEFAULT_DEMO_ARTISTS,
  writeDemoPictures,
  type DemoPictures,
} from '../../../shared/demo/write-demo-pictures.ts';
import { openFolder } from '../../../shared/storage/open-folder.ts';

/** Two artists only: fast. */
const FEW = { train: ['emojione'], valid: [], test: ['fxemoji'] } as const;

async function hashesOf(folder: string): Promise<Map<string, string>> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const hashes = new Map<string, string>();
  for (const file of files.filter((entry) => entry.isFile() && !entry.parentPath.includes('.headstart'))) {
    const path = join(file.parentPath, file.name);
    hashes.set(
      path.slice(folder.length + 1),
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    );
  }
  return hashes;
}

describe('writeDemoPictures with the default artists', () => {
  let folder: string;
  let written: DemoPictures;
  const progress: [number, number][] = [];
  beforeAll(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'headstart-demo-')), 'sports');
    written = await writeDemoPictures(folder, { onProgress: (done, total) => progress.push([done, total]) });
  });
  afterAll(() => rm(join(folder, '..'), { recursive: true, force: true }));

  it('writes every sport in train, valid and test, by artists that differ', async () => {
    const listing = await listDataset(await openFolder(folder), '');
    expect(listing.hasSplitFolders).toBe(true);
    expect(listing.labels).toEqual(SPORTS.map(({ label }) => label));
    expect(listing.skipped.map(({ key }) => key)).toEqual(['ATTRIBUTION.txt']);
    expect(written).toMatchObject({ labels: listing.labels, isReused: false });
    for (const [split, artists] of Object.entries(DEFAULT_DEMO_ARTISTS)) {
      const pictures = listing.pictures.filter((picture) => picture.split === split);
      expect(pictures).toHaveLength(written.counts[split as keyof typeof written.counts]);
      expect(new Set(pictures.map(({ label }) => label)).size).toBe(SPORTS.length);
      for (const { key } of pictures) {
        expect(
          artists.some((artist) => key.split('/')[2]?.startsWith(`${artist}-`)),
          key,
        ).toBe(true);
      }
    }
    const all = Object.values(DEFAULT_DEMO_ARTISTS).flat();
    expect(new Set(all).size).toBe(all.length);
  });

  it('writes pictures that all differ, so that none is excluded from the split', async () => {
    const { pictures } = await listDataset(await openFolder(folder), '');
    const hashes = await hashesOf(folder);
    const plan = assignSplits(pictures.map((picture) => ({ ...picture, sha256: hashes.get(picture.key) ?? '' })));
    expect(plan.excluded).toEqual([]);
    expect(plan).toMatchObject({ method: 'folders', warnings: [] });
  });

  it('draws 224 pixel squares on which there is something to see', async () => {
    const { pictures } = await listDataset(await openFolder(folder), '');
    for (const { key } of pictures.filter((_, index) => index % 5 === 0)) {
      const { info, data } = await sharp(join(folder, key)).raw().toBuffer({ resolveWithObject: true });
      expect(info, key).toMatchObject({ width: 224, height: 224, channels: 3 });
      const corner = data.subarray(0, 3);
      let differing = 0;
      for (let at = 0; at < data.length; at += 3)
        if (Buffer.compare(data.subarray(at, at + 3), corner) !== 0) differing += 1;
      expect(differing / (224 * 224), key).toBeGreaterThan(0.03);
    }
  });

  it('names every artist with licence in the attribution', async () => {
    const text = await readFile(join(folder, 'ATTRIBUTION.txt'), 'utf8');
    for (const artist of Object.values(DEFAULT_DEMO_ARTISTS).flat()) {
      const info = await loadEmojiSetInfo(artist);
      for (const part of [info.author, info.licenceId, info.licenceUrl, info.packageVersion])
        expect(text).toContain(part);
    }
  });

  it('reports its progress up to the end', () => {
    const total = written.counts.train + written.counts.valid + written.counts.test;
    expect(progress.at(-1)).toEqual([total, total]);
    expect(progress.map(([done]) => done)).toEqual(progress.map(([done]) => done).toSorted((a, b) => a - b));
  });

  it('draws nothing again when everything is there', async () => {
    const before = await stat(join(folder, 'ATTRIBUTION.txt'));
    const again = await writeDemoPictures(folder);
    expect(again).toEqual({ ...written, isReused: true });
    expect((await stat(join(folder, 'ATTRIBUTION.txt'))).mtimeMs).toBe(before.mtimeMs);
  });
});

describe('writeDemoPictures', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'headstart-demo-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('writes the same bytes twice', async () => {
    await writeDemoPictures(join(folder, 'a'), { artists: FEW });
    await writeDemoPictures(join(folder, 'b'), { artists: FEW });
    const hashes = await hashesOf(join(folder, 'a'));
    expect(hashes.size).toBeGreaterThan(100);
    expect(await hashesOf(join(folder, 'b'))).toEqual(hashes);
  });

  it('repairs a picture that was removed or cut, and takes up an interrupted run', async () => {
    const controller = new AbortController();
    const interrupted = writeDemoPictures(folder, {
      artists: FEW,
      signal: controller.signal,
      onProgress: (done) => {
        if (done > 20) controller.abort(new Error('stop now'));
      },
    });
    await expect(interrupted).rejects.toThrow('stop now');
    expect(await writeDemoPictures(folder, { artists: FEW })).toMatchObject({ isReused: false });
    const [first = '', second = ''] = [...(await hashesOf(folder)).keys()].filter((path) => path.endsWith('.png'));
    await rm(join(folder, first));
    await writeFile(join(folder, second), 'cut');
    expect(await writeDemoPictures(folder, { artists: FEW })).toMatchObject({ isReused: false });
    expect(await writeDemoPictures(folder, { artists: FEW })).toMatchObject({ isReused: true });
  });

  it('replaces the pictures of other artists', async () => {
    await writeDemoPictures(folder, { artists: FEW });
    await writeDemoPictures(folder, { artists: { train: ['fxemoji'], valid: [], test: [] } });
    const paths = [...(await hashesOf(folder)).keys()].filter((path) => path.endsWith('.png'));
    expect(paths.every((path) => /^train\/[a-z-]+\/fxemoji-/.test(path))).toBe(true);
  });

  it("refuses a folder with somebody's files and touches none", async () => {
    await mkdir(join(folder, 'train'));
    await writeFile(join(folder, 'train', 'mine.jpg'), '1');
    await expect(writeDemoPictures(folder, { artists: FEW })).rejects.toMatchObject({ code: 'folder_not_empty' });
    expect(await readdir(folder, { recursive: true })).toEqual(['train', 'train/mine.jpg']);
  });

  it('refuses an artist in two splits', async () => {
    const artists = { train: ['noto'], valid: [], test: ['noto'] } as const;
    await expect(writeDemoPictures(folder, { artists })).rejects.toMatchObject({ code: 'invalid_input' });
  });
});
