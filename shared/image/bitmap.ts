import { UnusablePictureError } from './picture.ts';

/** Pixels at the file's own size. */
export interface RawPicture {
  readonly width: number;
  readonly height: number;
  /** `[height, width, 3]` HWC uint8 RGB. */
  readonly pixels: Uint8Array;
}

interface BitmapHeader {
  readonly width: number;
  readonly height: number;
  readonly isTopDown: boolean;
  readonly bitsPerPixel: number;
  readonly pixelOffset: number;
  readonly paletteOffset: number;
  /** 3 in the OS/2 header, 4 since. */
  readonly paletteEntryBytes: number;
  readonly paletteLength: number;
}

const UNCOMPRESSED = 0;
const BITFIELDS = 3;
const OS2_HEADER_BYTES = 12;
/** The masks that 32-bit writers use: blue in the lowest byte, then green, red. */
const BGRX_MASKS = [0x00ff0000, 0x0000ff00, 0x000000ff];

/**
 * Reads the size of a Windows bitmap, without its pixels.
 * @throws UnusablePictureError for the variants that nobody writes: run-length coded, 16-bit, embedded JPEG or PNG
 */
export function bitmapSize(bytes: Uint8Array): { readonly width: number; readonly height: number } {
  return headerOf(bytes);
}

/**
 * Decodes an uncompressed Windows bitmap of 1, 4, 8, 24 or 32 bits a pixel (libvips has no reader for them without ImageMagick). A fourth
 * channel is dropped, as everywhere in this module.
 *
 * @throws UnusablePictureError `damaged-picture` when the file ends before its pixels, `unsupported-format` for other variants
 */
export function decodeBitmap(bytes: Uint8Array): RawPicture {
  const header = headerOf(bytes);
  const { width, height, bitsPerPixel } = header;
  const rowBytes = Math.ceil((width * bitsPerPixel) / 32) * 4;
  if (header.pixelOffset + rowBytes * height > bytes.length) {
    throw damaged(`${header.pixelOffset + rowBytes * height} bytes`, `${bytes.length}`);
  }
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const row = header.pixelOffset + (header.isTopDown ? y : height - 1 - y) * rowBytes;
    const target = y * width * 3;
    if (bitsPerPixel <= 8) copyIndexedRow(bytes, row, pixels, target, header);
    else copyDirectRow(bytes, row, pixels, target, width, bitsPerPixel / 8);
  }
  return { width, height, pixels };
}

function copyDirectRow(bytes: Uint8Array, row: number, out: Uint8Array, target: number, width: number, step: number) {
  for (let x = 0, from = row, to = target; x < width; x++, from += step, to += 3) {
    out[to] = bytes[from + 2] ?? 0;
    out[to + 1] = bytes[from + 1] ?? 0;
    out[to + 2] = bytes[from] ?? 0;
  }
}

function copyIndexedRow(bytes: Uint8Array, row: number, out: Uint8Array, target: number, header: BitmapHeader) {
  const { width, bitsPerPixel, paletteOffset, paletteEntryBytes, paletteLength } = header;
  const mask = (1 << bitsPerPixel) - 1;
  for (let x = 0, to = target; x < width; x++, to += 3) {
    const bit = x * bitsPerPixel;
    const index = ((bytes[row + (bit >> 3)] ?? 0) >> (8 - bitsPerPixel - (bit & 7))) & mask;
    if (index >= paletteLength) throw damaged(`colours below ${paletteLength}`, `colour ${index}`);
    const colour = paletteOffset + index * paletteEntryBytes;
    out[to] = bytes[colour + 2] ?? 0;
    out[to + 1] = bytes[colour + 1] ?? 0;
    out[to + 2] = bytes[colour] ?? 0;
  }
}

function headerOf(bytes: Uint8Array): BitmapHeader {
  if (bytes.length < 26) throw damaged('a header of 26 bytes or more', `${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = view.getUint32(14, true);
  const isOs2 = headerBytes === OS2_HEADER_BYTES;
  if (!isOs2 && (headerBytes < 40 || bytes.length < 54))
    throw damaged('a header of 40 bytes or more', `${headerBytes}`);
  const signedHeight = isOs2 ? view.getUint16(20, true) : view.getInt32(22, true);
  const bitsPerPixel = view.getUint16(isOs2 ? 24 : 28, true);
  const header: BitmapHeader = {
    width: isOs2 ? view.getUint16(18, true) : view.getInt32(18, true),
    height: Math.abs(signedHeight),
    isTopDown: signedHeight < 0,
    bitsPerPixel,
    pixelOffset: view.getUint32(10, true),
    paletteOffset: 14 + headerBytes,
    paletteEntryBytes: isOs2 ? 3 : 4,
    paletteLength: (isOs2 ? 0 : view.getUint32(46, true)) || 2 ** Math.min(bitsPerPixel, 8),
  };
  if (header.width < 1 || header.height < 1) throw damaged('a size of 1x1 or more', `${header.width}x${header.height}`);
  assertVariant(view, header, isOs2 ? UNCOMPRESSED : view.getUint32(30, true));
  return header;
}

function assertVariant(view: DataView, { bitsPerPixel }: BitmapHeader, compression: number): void {
  const hasPlainMasks =
    compression === BITFIELDS &&
    bitsPerPixel === 32 &&
    view.byteLength >= 66 &&
    BGRX_MASKS.every((mask, i) => view.getUint32(54 + i * 4, true) === mask);
  if (([1, 4, 8, 24, 32].includes(bitsPerPixel) && compression === UNCOMPRESSED) || hasPlainMasks) return;
  throw new UnusablePictureError(
    'unsupported-format',
    `expected an uncompressed bitmap of 1, 4, 8, 24 or 32 bits, received ${bitsPerPixel} bits with compression ${compression}; save it as PNG`,
  );
}

function damaged(expected: string, received: string): UnusablePictureError {
  return new UnusablePictureError(
    'damaged-picture',
    `expected ${expected} in the bitmap, received ${received}; copy the file again`,
  );
}
