import sharp from 'sharp';
import { InvalidInputError, messageOf } from '../errors.ts';

/** Larger drawings are no use for a backbone and cost memory by the square. */
const MAX_SIZE_PX = 4096;

/** At a density of 72 an SVG is drawn at one pixel a unit. */
const BASE_DENSITY = 72;

/**
 * Draws an SVG that we made ourselves (never one from outside: an SVG can be a bomb, and the decoder refuses them)
 * into a square picture.
 *
 * The same text gives the same bytes with the same version of libvips.
 *
 * @param sizePx width and height, 1 to 4096; a drawing of another shape is centred and not cut
 * @param background CSS colour; without one the picture is transparent where nothing is drawn
 * @returns PNG, sRGB
 * @throws InvalidInputError for another size, or a text that is no SVG
 */
export async function rasteriseSvg(svg: string, sizePx: number, background?: string): Promise<Uint8Array> {
  if (!Number.isInteger(sizePx) || sizePx < 1 || sizePx > MAX_SIZE_PX) {
    throw new InvalidInputError(`expected a size of 1 to ${MAX_SIZE_PX} whole pixels for a drawing, got ${sizePx}`);
  }
  const bytes = Buffer.from(svg);
  try {
    const { width, height } = await sharp(bytes).metadata();
    const density = (BASE_DENSITY * sizePx) / Math.max(width, height);
    const drawn = sharp(bytes, { density: Math.min(100_000, Math.max(1, density)) }).resize({
      width: sizePx,
      height: sizePx,
      fit: 'contain',
      // Borders are added after flattening, so they need the colour themselves.
      background: background ?? 'transparent',
    });
    const painted = background === undefined ? drawn : drawn.flatten({ background });
    return new Uint8Array(await painted.png({ compressionLevel: 6 }).toBuffer());
  } catch (error) {
    throw new InvalidInputError(`expected an SVG drawing, got "${svg.slice(0, 60)}…": ${messageOf(error)}`, {
      cause: error,
    });
  }
}
