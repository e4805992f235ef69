/**
 * Bits behind the point of a filter weight. A sum of weights is 1 and a pixel has 8 bits, so 30 bits hold every sum; Pillow takes the
 * same number, which is what makes the results equal to the last bit.
 */
const PRECISION_BITS = 22;
/** Half the width of the triangle filter, in output pixels. */
const SUPPORT = 1;
/** Before the weights of a record: offset of the first input byte, number of weights. */
const RECORD_HEAD = 2;

/** For each output position: where its input starts, and with which weights. */
export interface ResizeFilter {
  readonly size: number;
  readonly recordLength: number;
  /** `[size, recordLength]` int32: the layout of resize-simd.wat. */
  readonly records: Int32Array;
}

/**
 * A triangle that widens when the picture shrinks (antialiased), as Pillow's `BILINEAR`.
 *
 * @param bytesEach between two input positions
 */
export function resizeFilter(inputSize: number, size: number, bytesEach: number): ResizeFilter {
  const scale = inputSize / size;
  const widening = Math.max(scale, 1);
  const support = SUPPORT * widening;
  const recordLength = RECORD_HEAD + Math.ceil(support) * 2 + 1;
  const records = new Int32Array(size * recordLength);
  const weights = new Float64Array(recordLength);
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
    const record = i * recordLength;
    records[record] = start * bytesEach;
    records[record + 1] = count;
    for (let k = 0; k < count; k++) {
      const share = (weights[k] ?? 0) / sum;
      records[record + RECORD_HEAD + k] = Math.trunc(0.5 + share * (1 << PRECISION_BITS));
    }
  }
  return { size, recordLength, records };
}
