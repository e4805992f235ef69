import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { isPictureName, PICTURE_SUFFIXES, suffixSkipCause } from '../../../shared/dataset/picture-name.ts';

interface ReadableFormat {
  readonly id: string;
  readonly input: { readonly buffer: boolean; readonly fileSuffix?: readonly string[] };
}

describe('PICTURE_SUFFIXES', () => {
  it('are those that this sharp reads without drawings (SVG), and bitmaps, which shared/image reads itself', () => {
    const formats: Readonly<Record<string, ReadableFormat>> = { ...sharp.format };
    const readable = Object.values(formats).flatMap(({ id, input }) =>
      input.buffer && id !== 'svg' ? (input.fileSuffix ?? []) : [],
    );
    expect([...PICTURE_SUFFIXES].sort()).toEqual([...readable, '.bmp'].sort());
  });

  it.each(['a/b.jpg', 'B.JPEG', 'x.y.Png', 'a.jfif'])('accept %s', (key) => {
    expect(isPictureName(key)).toBe(true);
    expect(suffixSkipCause(key)).toBeNull();
  });

  it.each(['a/b', 'jpg', 'a.jpg/b', 'a.jpg.txt', 'a.heic', 'a.svg', '.png', ''])('refuse %j', (key) => {
    expect(isPictureName(key)).toBe(false);
    expect(suffixSkipCause(key)?.reason).toBe('not-a-picture-name');
  });
});
