import type { PictureSize } from './picture.ts';

export interface JpegHeader extends PictureSize {
  /** 1 grey, 3 colour, 4 CMYK. */
  readonly componentCount: number;
}

/** Tables between the frames' marker codes 0xc0 to 0xcf: Huffman (DHT), reserved (JPG) and arithmetic conditioning (DAC). */
const NOT_FRAMES = new Set([0xc4, 0xc8, 0xcc]);
const START_OF_SCAN = 0xda;

/**
 * Size before orientation, from the frame header (ITU-T T.81, B.2.2): a tenth of what opening the file with sharp costs. Null where there is
 * none before the pixels, or its height is left open; sharp then says what is wrong.
 */
export function readJpegHeader(bytes: Uint8Array): JpegHeader | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 2;
  while (at + 10 <= bytes.length && bytes[at] === 0xff) {
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      // A marker may be preceded by any number of fill bytes.
      at += 1;
      continue;
    }
    if (marker === START_OF_SCAN) return null;
    if (marker >= 0xc0 && marker <= 0xcf && !NOT_FRAMES.has(marker)) {
      const [height, width, componentCount] = [view.getUint16(at + 5), view.getUint16(at + 7), view.getUint8(at + 9)];
      return width === 0 || height === 0 ? null : { width, height, componentCount };
    }
    at += 2 + view.getUint16(at + 2);
  }
  return null;
}
