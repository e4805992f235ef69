import { decodePicture } from './decode-picture.ts';
import { normalise, type PictureInput } from './normalise.ts';
import type { PictureSize } from './picture.ts';

/** A picture as a backbone takes it. */
export interface PreparedPicture {
  /** One picture in the backbone's layout, float32. */
  readonly values: Float32Array<ArrayBuffer>;
  /** Size before resizing, after EXIF orientation. */
  readonly original: PictureSize;
}

/** Decodes and normalises one file. @throws UnusablePictureError */
export async function preparePicture(bytes: Uint8Array, input: PictureInput): Promise<PreparedPicture> {
  const { pixels, original } = await decodePicture(bytes, input);
  const values = new Float32Array(pixels.length);
  normalise(pixels, 1, input, values);
  return { values, original };
}
