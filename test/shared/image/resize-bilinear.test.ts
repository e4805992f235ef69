import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileWat } from '../../../scripts/build-wasm.js';
import { Random } from '../../../shared/head/random.ts';
import { resizeBilinear } from '../../../shared/image/resize-bilinear.ts';
import { RESIZE_SIMD } from '../../../shared/image/resize-simd.ts';
import { referenceResize } from '../../support/reference-resize.ts';

const random = new Random(7, 0);
const upTo = (limit: number): number => 1 + Math.floor(random.uniform() * limit);
const picture = (width: number, height: number, value = (): number => upTo(256) - 1) => ({
  width,
  height,
  pixels: Uint8Array.from({ length: width * height * 3 }, value),
});

// That the reference itself is Pillow's is what the fixtures of decode-picture.test.ts hold.
describe('resizeBilinear', () => {
  const sizes: [number, number, number, number][] = [
    [500, 375, 224, 224],
    [224, 501, 224, 224],
    [501, 224, 224, 224],
    [224, 224, 224, 224],
    [1, 1, 224, 224],
    [9, 7, 6, 6],
    [100, 100, 299, 331],
    // More than one strip.
    [2501, 703, 33, 31],
    [20_003, 1, 5, 3],
    [1, 20_003, 3, 5],
    ...Array.from({ length: 60 }, (): [number, number, number, number] => [upTo(90), upTo(90), upTo(90), upTo(90)]),
  ];

  it.each(sizes)('scales %i x %i to %i x %i as the loops of the reference do, bit for bit', (width, height, w, h) => {
    const source = picture(width, height);
    const before = source.pixels.slice();

    const scaled = resizeBilinear(source, { width: w, height: h });

    expect(Buffer.compare(scaled, referenceResize(source, { width: w, height: h }))).toBe(0);
    expect(Buffer.compare(source.pixels, before)).toBe(0);
  });

  it('keeps white white where thousands of weights are added up', () => {
    const scaled = resizeBilinear(
      picture(9999, 3, () => 255),
      { width: 7, height: 7 },
    );

    expect(scaled.every((value) => value === 255)).toBe(true);
  });
});

describe('resize-simd.ts', () => {
  it('is what npm run build:wasm makes of resize-simd.wat', async () => {
    const text = await readFile(path.resolve(import.meta.dirname, '../../../shared/image/resize-simd.wat'), 'utf8');

    expect(RESIZE_SIMD).toBe(await compileWat(text));
  });
});
