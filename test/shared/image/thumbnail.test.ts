import { readFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { makeThumbnail } from '../../../shared/image/thumbnail.ts';

const fixture = (name: string): Uint8Array => readFileSync(path.join(import.meta.dirname, 'fixtures', name));

describe('makeThumbnail', () => {
  it.each([
    ['rgb.png', 90, 61],
    ['rgb.bmp', 90, 61],
    ['rotated.jpg', 61, 90],
    ['cmyk.jpg', 60, 45],
  ])('makes an upright WebP of %s with its aspect ratio', async (name, width, height) => {
    const metadata = await sharp(await makeThumbnail(fixture(name), 30)).metadata();

    const scale = 30 / Math.max(width, height);
    expect(metadata).toMatchObject({
      format: 'webp',
      width: Math.round(width * scale),
      height: Math.round(height * scale),
    });
    expect(metadata.exif).toBeUndefined();
  });

  it('does not enlarge, and refuses what is no picture', async () => {
    expect(await sharp(await makeThumbnail(fixture('rgb.png'), 500)).metadata()).toMatchObject({
      width: 90,
      height: 61,
    });
    await expect(makeThumbnail(Buffer.from('text'), 30)).rejects.toMatchObject({ reason: 'not-a-picture' });
  });
});
