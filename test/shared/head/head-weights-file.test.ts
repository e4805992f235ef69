import { describe, expect, it } from 'vitest';
import { DamagedFileError } from '../../../shared/errors.ts';
import { headWeightsBytes, parseHeadWeights } from '../../../shared/head/head-weights-file.ts';

const weights = {
  dimensions: 3,
  classCount: 2,
  kernel: Float32Array.of(1, -2, 0.5, 4, 5e-8, -6),
  bias: Float32Array.of(0.25, -7),
};

/** The same file with another header. */
function withHeader(change: (header: Record<string, unknown>) => void): Uint8Array {
  const bytes = headWeightsBytes(weights);
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<string, unknown>;
  change(header);
  const text = new TextEncoder().encode(JSON.stringify(header));
  const altered = new Uint8Array(8 + text.length + bytes.length - 8 - length);
  new DataView(altered.buffer).setBigUint64(0, BigInt(text.length), true);
  altered.set(text, 8);
  altered.set(bytes.subarray(8 + length), 8 + text.length);
  return altered;
}

describe('head.safetensors', () => {
  it('keeps every bit, and gives the same bytes for the same weights', () => {
    const bytes = headWeightsBytes(weights);

    expect(parseHeadWeights(bytes)).toEqual(weights);
    expect(headWeightsBytes(parseHeadWeights(bytes))).toEqual(bytes);
  });

  it('reads from the middle of a larger buffer', () => {
    const bytes = headWeightsBytes(weights);
    const larger = new Uint8Array(bytes.length + 3);
    larger.set(bytes, 3);

    expect(parseHeadWeights(larger.subarray(3))).toEqual(weights);
  });

  it('aligns the numbers to eight bytes, as other readers expect', () => {
    const length = Number(new DataView(headWeightsBytes(weights).buffer).getBigUint64(0, true));

    expect(length % 8).toBe(0);
  });

  it.each([
    ['nothing', new Uint8Array(), /a header/],
    ['a web page', new TextEncoder().encode('<!doctype html><html></html>'), /a header inside the file/],
    ['a file cut in the header', headWeightsBytes(weights).slice(0, 40), /a header inside the file/],
    ['a file cut in the numbers', headWeightsBytes(weights).slice(0, -1), /32 bytes of numbers/],
    ['bytes behind the end', Uint8Array.from([...headWeightsBytes(weights), 0]), /32 bytes of numbers/],
    ['no kernel', withHeader((h) => delete h.kernel), /tensor "kernel" of type F32/],
    ['another type', withHeader((h) => Object.assign(h.bias as object, { dtype: 'F16' })), /tensor "bias" of type F32/],
    [
      'another rank',
      withHeader((h) => Object.assign(h.kernel as object, { shape: [6] })),
      /tensor "kernel" of type F32 and rank 2/,
    ],
    [
      'a bias of another length',
      withHeader((h) => Object.assign(h.bias as object, { shape: [1], data_offsets: [24, 28] })),
      /"bias" of shape \[2\]/,
    ],
    [
      'offsets that do not fit the shape',
      withHeader((h) => Object.assign(h.kernel as object, { data_offsets: [0, 20] })),
      /24 bytes for tensor "kernel"/,
    ],
    [
      'offsets that are no numbers',
      withHeader((h) => Object.assign(h.kernel as object, { data_offsets: ['a', null] })),
      /24 bytes for tensor "kernel"/,
    ],
    ['NaN', headWeightsBytes({ ...weights, bias: Float32Array.of(Number.NaN, 0) }), /finite numbers in tensor "bias"/],
  ])('throws a DamagedFileError for %s', (_, bytes, message) => {
    expect(() => parseHeadWeights(bytes)).toThrow(DamagedFileError);
    expect(() => parseHeadWeights(bytes)).toThrow(message);
  });
});
