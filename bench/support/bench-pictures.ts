import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';

const FLOWERS = path.resolve(import.meta.dirname, '../../../shared/data/flowers');
const PICTURE_COUNT = 100;

export interface BenchPictures {
  readonly folder: string;
  /** For the table's notes. */
  readonly origin: string;
}

/** Photographs where they are at hand, else as many pictures of their size made by sharp. */
export async function findBenchPictures(temporaryFolder: string): Promise<BenchPictures> {
  const isThere = (await readdir(FLOWERS).catch(() => [])).length > 0;
  if (isThere) return { folder: FLOWERS, origin: 'photographs of ../shared/data/flowers, 0.1 megapixels' };
  const folder = path.join(temporaryFolder, 'pictures');
  await mkdir(folder);
  for (let i = 0; i < PICTURE_COUNT; i++) {
    const noise = { type: 'gaussian', mean: 128, sigma: 20 } as const;
    const small = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#777', noise } })
      .png()
      .toBuffer();
    await sharp(small)
      .resize(370, 280)
      .jpeg({ quality: 85 })
      .toFile(path.join(folder, `${i}.jpg`));
  }
  return { folder, origin: 'pictures of 0.1 megapixels made by sharp, as ../shared/data is not here' };
}
