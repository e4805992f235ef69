import sharp, { type Sharp } from 'sharp';
import { messageOf } from '../errors.ts';
import { bitmapSize, decodeBitmap, type RawPicture } from './bitmap.ts';
import { readJpegHeader } from './jpeg-header.ts';
import { formatOf, isSupported, type PictureFormat } from './picture-format.ts';
import { UnusablePictureError, type DecodedPicture, type PictureSize } from './picture.ts';
import { resizeBilinear } from './resize-bilinear.ts';

/** A 108-megapixel phone camera fits. Decoding takes 3 bytes a pixel: 384 MB at most. */
export const MAX_PICTURE_PIXELS = 128_000_000;
/** Far above what a camera writes for that many pixels, and it still fits a small function's memory. */
export const MAX_PICTURE_BYTES = 100 * 1024 * 1024;

// Every picture is decoded once: libvips' operation cache would only hold memory.
sharp.cache(false);

export interface DecodeLimits {
  /** @default MAX_PICTURE_PIXELS */
  readonly maxPixels?: number;
  /** @default MAX_PICTURE_BYTES */
  readonly maxBytes?: number;
}

/** The size wanted, in pixels. */
export interface DecodeOptions extends PictureSize, DecodeLimits {}

/**
 * Decodes a file as Pillow's `Image.open(...).convert('RGB').resize((width, height), BILINEAR)` does, after EXIF orientation:
 *
 * - JPEG, PNG, GIF, WebP, TIFF, AVIF and BMP, recognised by their first bytes; of several frames or pages the first.
 * - Alpha is dropped, not blended: what a transparent pixel hides is used. Embedded ICC profiles have no effect.
 * - CMYK becomes `(255 - C) * (255 - K) / 255`, 16 bits keep their upper 8, grey is repeated in the three channels.
 * - The whole picture is scaled (aspect ratio not kept, no crop) from its full resolution (resize-bilinear.ts).
 *
 * Lossless sources give Pillow's own pixels; lossy ones differ where the decoders do, by at most a few 255ths
 * (test/shared/image/decode-picture.test.ts holds the tolerances).
 *
 * @throws UnusablePictureError with the reason, for anything that does not give pixels
 */
export async function decodePicture(bytes: Uint8Array, options: DecodeOptions): Promise<DecodedPicture> {
  const { format, ...raw } = await decodeWhole(bytes, options);
  return { pixels: resizeBilinear(raw, options), original: { width: raw.width, height: raw.height }, format };
}

/**
 * Decodes at the file's own size, oriented.
 * @throws UnusablePictureError
 */
export async function decodeWhole(
  bytes: Uint8Array,
  limits: DecodeLimits = {},
): Promise<RawPicture & { readonly format: PictureFormat }> {
  const format = assertDecodable(bytes, limits);
  if (format === 'bmp') {
    assertPixelCount(bitmapSize(bytes), limits);
    return { ...decodeBitmap(bytes), format };
  }
  try {
    const isCmyk = await checkHeader(bytes, format, limits);
    return { ...(await (isCmyk ? readCmyk : readRgb)(bytes, limits)), format };
  } catch (cause) {
    throw damaged(format, cause);
  }
}

function assertDecodable(bytes: Uint8Array, { maxBytes = MAX_PICTURE_BYTES }: DecodeLimits): PictureFormat {
  if (bytes.length === 0) {
    throw new UnusablePictureError('empty-file', 'expected a picture, received a file of 0 bytes; copy it again');
  }
  if (bytes.length > maxBytes) {
    throw new UnusablePictureError(
      'too-many-bytes',
      `expected a picture of at most ${maxBytes} bytes, received ${bytes.length}; save it smaller`,
    );
  }
  const format = formatOf(bytes);
  if (format === null) {
    throw new UnusablePictureError('not-a-picture', 'expected a picture, received a file of another kind; remove it');
  }
  if (isSupported(format)) return format;
  throw new UnusablePictureError(
    'unsupported-format',
    `expected JPEG, PNG, GIF, WebP, TIFF, AVIF or BMP, received ${format.toUpperCase()}; convert it`,
  );
}

/** Reads the header only, so that the size is checked before a pixel is decoded. @returns whether the colours are CMYK */
async function checkHeader(bytes: Uint8Array, format: PictureFormat, limits: DecodeLimits): Promise<boolean> {
  const jpeg = format === 'jpeg' ? readJpegHeader(bytes) : null;
  if (jpeg !== null) {
    assertPixelCount(jpeg, limits);
    return jpeg.componentCount === 4;
  }
  const metadata = await sharp(bytes, { limitInputPixels: false, failOn: 'error' }).metadata();
  assertPixelCount(metadata, limits);
  return metadata.space === 'cmyk';
}

function assertPixelCount({ width, height }: PictureSize, { maxPixels = MAX_PICTURE_PIXELS }: DecodeLimits): void {
  if (width * height <= maxPixels) return;
  throw new UnusablePictureError(
    'too-many-pixels',
    `expected at most ${maxPixels} pixels, received ${width}x${height}; save it smaller`,
  );
}

function openPicture(bytes: Uint8Array, { maxPixels = MAX_PICTURE_PIXELS }: DecodeLimits): Sharp {
  const options = { ignoreIcc: true, failOn: 'error', limitInputPixels: maxPixels, sequentialRead: true } as const;
  return sharp(bytes, options).autoOrient();
}

async function readRgb(bytes: Uint8Array, limits: DecodeLimits): Promise<RawPicture> {
  const picture = openPicture(bytes, limits).toColourspace('srgb').removeAlpha();
  const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) {
    throw new UnusablePictureError(
      'unsupported-format',
      `expected a picture of 1, 3 or 4 channels, received ${info.channels}; save it as PNG`,
    );
  }
  return { width: info.width, height: info.height, pixels: data };
}

/** Pillow's conversion, without colour management. */
async function readCmyk(bytes: Uint8Array, limits: DecodeLimits): Promise<RawPicture> {
  const picture = openPicture(bytes, limits).pipelineColourspace('cmyk').toColourspace('cmyk');
  const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
  const area = info.width * info.height;
  const pixels = new Uint8Array(area * 3);
  for (let i = 0, from = 0, to = 0; i < area; i++, from += info.channels, to += 3) {
    const light = 255 - (data[from + 3] ?? 0);
    for (let c = 0; c < 3; c++) pixels[to + c] = Math.round(((255 - (data[from + c] ?? 0)) * light) / 255);
  }
  return { width: info.width, height: info.height, pixels };
}

function damaged(format: PictureFormat, cause: unknown): UnusablePictureError {
  if (cause instanceof UnusablePictureError) return cause;
  const [reason = ''] = messageOf(cause).trim().split('\n', 1);
  return new UnusablePictureError(
    'damaged-picture',
    `expected a whole ${format.toUpperCase()} file, the decoder says "${reason}"; copy the file again`,
    { cause },
  );
}
