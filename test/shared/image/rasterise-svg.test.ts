import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { rasteriseSvg } from '../../../shared/image/rasterise-svg.ts';

const svg = (width: number, height: number): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">` +
  `<rect width="${width}" height="${height / 2}" fill="#ff0000"/></svg>`;

async function pixelsOf(png: Uint8Array) {
  const { data, info } = await sharp(png).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number): number[] => [
    ...data.subarray((y * info.width + x) * 4, (y * info.width + x) * 4 + 4),
  ];
  return { info, at };
}

describe('rasteriseSvg', () => {
  it.each([16, 224, 1000])('draws at %i pixels, sharply at any size', async (sizePx) => {
    const { info, at } = await pixelsOf(await rasteriseSvg(svg(20, 20), sizePx, '#0000ff'));
    expect(info).toMatchObject({ width: sizePx, height: sizePx });
    expect(at(1, sizePx / 2 - 1)).toEqual([255, 0, 0, 255]);
    expect(at(1, sizePx / 2)).toEqual([0, 0, 255, 255]);
  });

  it('is transparent where nothing is drawn when there is no background', async () => {
    const { at } = await pixelsOf(await rasteriseSvg(svg(20, 20), 40));
    expect(at(20, 30)[3]).toBe(0);
    expect(at(20, 10)).toEqual([255, 0, 0, 255]);
  });

  it('centres a drawing that is not square', async () => {
    const { info, at } = await pixelsOf(await rasteriseSvg(svg(40, 20), 80, '#ffffff'));
    expect(info).toMatchObject({ width: 80, height: 80 });
    expect(at(40, 10)).toEqual([255, 255, 255, 255]);
    expect(at(40, 25)).toEqual([255, 0, 0, 255]);
  });

  it('gives the same bytes every time', async () => {
    const [first, second] = await Promise.all([rasteriseSvg(svg(3, 3), 64), rasteriseSvg(svg(3, 3), 64)]);
    expect(Buffer.from(first).equals(Buffer.from(second))).toBe(true);
  });

  it.each([0, -1, 1.5, 5_000, Number.NaN])('throws for the size %d', async (sizePx) => {
    await expect(rasteriseSvg(svg(3, 3), sizePx)).rejects.toThrow(/1 to 4096/);
  });

  it('throws for a text that is no SVG', async () => {
    await expect(rasteriseSvg('<html></html>', 10)).rejects.toThrow(/expected an SVG/);
  });
});
