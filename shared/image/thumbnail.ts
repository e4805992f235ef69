import sharp from 'sharp';
import { decodeWhole, type DecodeLimits } from './decode-picture.ts';

/** Good enough to recognise a picture by, at about 3 KB for 160 pixels. */
const WEBP_QUALITY = 75;

/**
 * A small WebP of a picture, for a page: oriented, aspect ratio kept, never enlarged, without alpha or metadata.
 *
 * @param maxEdgePx of the longer edge
 * @throws UnusablePictureError as decodePicture does
 */
export async function makeThumbnail(
  bytes: Uint8Array,
  maxEdgePx: number,
  limits: DecodeLimits = {},
): Promise<Uint8Array> {
  const { pixels, width, height } = await decodeWhole(bytes, limits);
  const box = { width: maxEdgePx, height: maxEdgePx, fit: 'inside', withoutEnlargement: true } as const;
  return sharp(pixels, { raw: { width, height, channels: 3 }, limitInputPixels: false })
    .resize(box)
    .webp({ quality: WEBP_QUALITY })
    .toBuffer();
}
