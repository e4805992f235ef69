import { readFileSync } from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodePicture } from '../../../shared/image/decode-picture.ts';
import { UnusablePictureError } from '../../../shared/image/picture.ts';
import { resizeBilinear } from '../../../shared/image/resize-bilinear.ts';

const FIXTURES = path.join(import.meta.dirname, 'fixtures');
const fixture = (name: string): Uint8Array => readFileSync(path.join(FIXTURES, name));

interface FixtureCase {
  readonly file: string;
  readonly original: [number, number];
  readonly width: number;
  readonly height: number;
  readonly offset: number;
}
const index = JSON.parse(fixture('index.json').toString()) as { readonly cases: readonly FixtureCase[] };
const expected = fixture('expected.rgb');

/** Pillow runs the vertical pass first for these proportions, we never do: a rounding of difference. */
const OTHER_PASS_ORDER = new Set(['rgb.png 113x30', 'tall.png 32x32']);
/** Lossy decoders are free in their rounding; ours and Pillow's build agree today. */
const isLossy = (file: string): boolean => /\.jpg$|^lossy/.test(file);

function differencesOf(pixels: Uint8Array, offset: number): { max: number; above1: number } {
  let max = 0;
  let above1 = 0;
  pixels.forEach((pixel, i) => {
    const difference = Math.abs(pixel - (expected[offset + i] ?? Number.NaN));
    max = Math.max(max, difference);
    if (!(difference <= 1)) above1++;
  });
  return { max, above1: above1 / pixels.length };
}

async function reasonOf(bytes: Uint8Array, limits: { maxPixels?: number; maxBytes?: number } = {}): Promise<string> {
  const error: unknown = await decodePicture(bytes, { width: 8, height: 8, ...limits }).catch(
    (thrown: unknown) => thrown,
  );
  return error instanceof UnusablePictureError ? error.reason : `not refused: ${String(error)}`;
}

describe('decodePicture', () => {
  it.each(index.cases.map((one) => [`${one.file} ${one.width}x${one.height}`, one] as const))(
    'gives Pillow’s pixels for %s',
    async (name, { file, original, width, height, offset }) => {
      const picture = await decodePicture(fixture(file), { width, height });

      expect(picture.pixels).toHaveLength(width * height * 3);
      expect([picture.original.width, picture.original.height]).toEqual(original);
      const { max, above1 } = differencesOf(picture.pixels, offset);
      if (isLossy(file)) expect(above1).toBeLessThan(0.02);
      else expect(max).toBeLessThanOrEqual(OTHER_PASS_ORDER.has(name) ? 1 : 0);
      if (isLossy(file)) expect(max).toBeLessThanOrEqual(6);
    },
  );

  it('would fail the comparison with exchanged channels', async () => {
    const [first] = index.cases;
    const { pixels } = await decodePicture(fixture('rgb.png'), { width: 32, height: 32 });
    const swapped = pixels.map((_, i) => pixels[i - (i % 3) + (2 - (i % 3))] ?? 0);

    expect(differencesOf(swapped, first?.offset ?? 0).above1).toBeGreaterThan(0.5);
  });

  it('would fail the comparison with libvips’ own resize', async () => {
    const pixels = await sharp(fixture('rgb.png'))
      .resize({ width: 32, height: 32, kernel: 'linear', fit: 'fill' })
      .raw()
      .toBuffer();

    expect(differencesOf(pixels, 0).above1).toBeGreaterThan(0.01);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('turns a picture with EXIF orientation %i upright', async (orientation) => {
    const source = sharp(fixture('rgb.png'));
    const tagged = await source.clone().withMetadata({ orientation }).png().toBuffer();
    const upright = await sharp(tagged).autoOrient().removeAlpha().raw().toBuffer({ resolveWithObject: true });

    const { width, height } = upright.info;
    const picture = await decodePicture(tagged, { width, height });

    expect(Buffer.from(picture.pixels).equals(upright.data)).toBe(true);
    expect(picture.original).toEqual({ width, height });
  });

  it('keeps the upper 8 of 16 bits, of colour and of grey', async () => {
    const values = Uint16Array.from({ length: 4 * 4 * 3 }, (_, i) => i * 1360 + 77);
    const colour = await sharp(values, { raw: { width: 4, height: 4, channels: 3 } })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    const grey = await sharp(values.subarray(0, 16), { raw: { width: 4, height: 4, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    expect((await sharp(grey).metadata()).depth).toBe('ushort');

    const size = { width: 4, height: 4 };
    expect([...(await decodePicture(colour, size)).pixels]).toEqual(Array.from(values, (value) => value >> 8));
    const greyPixels = (await decodePicture(grey, size)).pixels.filter((_, i) => i % 3 === 0);
    expect([...greyPixels]).toEqual(Array.from(values.subarray(0, 16), (value) => value >> 8));
  });

  it('reads AVIF, and the first frame of an animated WebP', async () => {
    const red = { create: { width: 16, height: 16, channels: 3, background: '#ff0000' } } as const;
    const blue = { create: { width: 16, height: 16, channels: 3, background: '#0000ff' } } as const;
    const avif = await sharp(red).avif({ lossless: true }).toBuffer();
    const frames = await Promise.all([red, blue].map((frame) => sharp(frame).png().toBuffer()));
    const animated = await sharp(frames, { join: { animated: true } })
      .webp({ lossless: true })
      .toBuffer();

    const fromAvif = await decodePicture(avif, { width: 2, height: 2 });
    const fromAnimated = await decodePicture(animated, { width: 2, height: 2 });

    expect(fromAvif.format).toBe('avif');
    expect(fromAvif.pixels[0]).toBeGreaterThan(250);
    expect([...fromAnimated.pixels.subarray(0, 3)]).toEqual([255, 0, 0]);
    expect(fromAnimated.original).toEqual({ width: 16, height: 16 });
  });

  it('does not let the JPEG decoder shrink the picture while it reads', async () => {
    const large = await sharp(fixture('rgb.png')).resize(1800, 1220).jpeg({ quality: 95 }).toBuffer();
    const whole = await sharp(large).raw().toBuffer();

    const { pixels } = await decodePicture(large, { width: 40, height: 30 });

    const reference = resizeBilinear({ width: 1800, height: 1220, pixels: whole }, { width: 40, height: 30 });
    expect(Buffer.from(pixels).equals(Buffer.from(reference))).toBe(true);
  });

  it('refuses what is no picture, with the reason', async () => {
    const png = fixture('rgb.png');
    const jpeg = fixture('full-chroma.jpg');
    const heic = Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1');

    expect(await reasonOf(new Uint8Array())).toBe('empty-file');
    expect(await reasonOf(Buffer.from('just some text in pic.jpg'))).toBe('not-a-picture');
    expect(await reasonOf(Buffer.from('BMW is a car, not a bitmap'))).toBe('not-a-picture');
    expect(await reasonOf(heic)).toBe('unsupported-format');
    expect(await reasonOf(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'))).toBe('unsupported-format');
    for (const whole of [png, jpeg, fixture('lossless.webp'), fixture('rgb.tiff'), fixture('rgb.bmp')]) {
      expect(await reasonOf(whole.subarray(0, whole.length >> 1))).toBe('damaged-picture');
    }
    expect(await reasonOf(fixture('frames.gif').subarray(0, 300))).toBe('damaged-picture');
    expect(await reasonOf(Buffer.concat([png.subarray(0, 40), Buffer.alloc(4000, 7)]))).toBe('damaged-picture');
    expect(await reasonOf(png, { maxPixels: 90 * 61 - 1 })).toBe('too-many-pixels');
    expect(await reasonOf(fixture('rgb.bmp'), { maxPixels: 90 * 61 - 1 })).toBe('too-many-pixels');
    expect(await reasonOf(png, { maxBytes: png.length - 1 })).toBe('too-many-bytes');
  });

  it('refuses a bomb before it decodes a pixel', async () => {
    const bomb = Buffer.from(fixture('rgb.png'));
    bomb.writeUInt32BE(1_000_000, 16);
    bomb.writeUInt32BE(1_000_000, 20);
    bomb.writeUInt32BE(crc32(bomb.subarray(12, 29)), 29);

    expect(await reasonOf(bomb)).toBe('too-many-pixels');
  });
});
