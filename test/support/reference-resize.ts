import type { RawPicture } from '../../shared/image/bitmap.ts';
import type { PictureSize } from '../../shared/image/picture.ts';

/**
 * Bits behind the point of a filter weight. A sum of weights is 1 and a pixel has 8 bits, so 30 bits hold every sum; Pillow takes the
 * same number, which is what makes the results equal to the last bit.
 */
const PRECISION_BITS = 22;
const ROUND = 1 << (PRECISION_BITS - 1);
/** Half the width of the triangle filter, in output pixels. */
const SUPPORT = 1;

/** Pillow's `BILINEAR` in plain loops, one value at a time: what the SIMD loops are held to. */
export function referenceResize(picture: RawPicture, size: PictureSize): Uint8Array {
  const { width, height } = picture;
  const narrow = width === size.width ? picture.pixels : resizeRows(picture, filterOf(width, size.width));
  if (height === size.height) return narrow;
  return resizeColumns(narrow, size.width * 3, filterOf(height, size.height));
}

/** For each output position: the first input position, how many, and their weights. */
interface Filter {
  readonly size: number;
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  readonly stride: number;
  /** `[size, stride]`, fixed point. */
  readonly weights: Int32Array;
}

function filterOf(inputSize: number, size: number): Filter {
  const scale = inputSize / size;
  const widening = Math.max(scale, 1);
  const support = SUPPORT * widening;
  const stride = Math.ceil(support) * 2 + 1;
  const filter = {
    size,
    starts: new Int32Array(size),
    counts: new Int32Array(size),
    stride,
    weights: new Int32Array(size * stride),
  };
  const weights = new Float64Array(stride);
  for (let i = 0; i < size; i++) {
    const centre = (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const count = Math.min(inputSize, Math.trunc(centre + support + 0.5)) - start;
    let sum = 0;
    for (let k = 0; k < count; k++) {
      const weight = Math.max(0, 1 - Math.abs((k + start - centre + 0.5) * (1 / widening)));
      weights[k] = weight;
      sum += weight;
    }
    filter.starts[i] = start;
    filter.counts[i] = count;
    for (let k = 0; k < count; k++) {
      filter.weights[i * stride + k] = Math.trunc(0.5 + ((weights[k] ?? 0) / sum) * (1 << PRECISION_BITS));
    }
  }
  return filter;
}

function resizeRows({ pixels, width, height }: RawPicture, filter: Filter): Uint8Array {
  const { size, starts, counts, stride, weights } = filter;
  const out = new Uint8Array(size * height * 3);
  let to = 0;
  for (let y = 0; y < height; y++) {
    const row = y * width * 3;
    for (let x = 0; x < size; x++) {
      let red = ROUND;
      let green = ROUND;
      let blue = ROUND;
      let from = row + (starts[x] ?? 0) * 3;
      const first = x * stride;
      for (let k = first, end = first + (counts[x] ?? 0); k < end; k++, from += 3) {
        const weight = weights[k] ?? 0;
        red = (red + Math.imul(pixels[from] ?? 0, weight)) | 0;
        green = (green + Math.imul(pixels[from + 1] ?? 0, weight)) | 0;
        blue = (blue + Math.imul(pixels[from + 2] ?? 0, weight)) | 0;
      }
      out[to] = Math.min(red >> PRECISION_BITS, 255);
      out[to + 1] = Math.min(green >> PRECISION_BITS, 255);
      out[to + 2] = Math.min(blue >> PRECISION_BITS, 255);
      to += 3;
    }
  }
  return out;
}

function resizeColumns(pixels: Uint8Array, rowLength: number, filter: Filter): Uint8Array {
  const { size, starts, counts, stride, weights } = filter;
  const out = new Uint8Array(rowLength * size);
  const sums = new Int32Array(rowLength);
  for (let y = 0; y < size; y++) {
    sums.fill(ROUND);
    const count = counts[y] ?? 0;
    for (let k = 0; k < count; k++) {
      const weight = weights[y * stride + k] ?? 0;
      const from = ((starts[y] ?? 0) + k) * rowLength;
      for (let i = 0; i < rowLength; i++) {
        sums[i] = ((sums[i] ?? 0) + Math.imul(pixels[from + i] ?? 0, weight)) | 0;
      }
    }
    const to = y * rowLength;
    for (let i = 0; i < rowLength; i++) out[to + i] = Math.min((sums[i] ?? 0) >> PRECISION_BITS, 255);
  }
  return out;
}
