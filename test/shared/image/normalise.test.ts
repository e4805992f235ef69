import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { normalise } from '../../../shared/image/normalise.ts';
import { NORMALISATIONS } from '../../../shared/image/normalisation.ts';

const { preprocess } = JSON.parse(readFileSync(path.join(import.meta.dirname, 'fixtures/index.json'), 'utf8')) as {
  readonly preprocess: {
    readonly pixels: number[];
    readonly values: Readonly<Record<'caffe' | 'torch' | 'tf', number[]>>;
  };
};
const pixels = Uint8Array.from(preprocess.pixels);
const SIZE = { width: 4, height: 3 };

/** One unit in the last place of float32 at 1: Keras rounds after each operation, ours once. */
const TOLERANCE = 2 ** -22;

describe('normalise', () => {
  it.each(['caffe', 'torch', 'tf'] as const)('equals Keras’ preprocess_input in mode %s', (mode) => {
    const values = normalise(pixels, 2, { ...SIZE, layout: 'NHWC', normalisation: NORMALISATIONS[mode] });

    expect(values).toHaveLength(pixels.length);
    preprocess.values[mode].forEach((value, i) => {
      expect(Math.abs((values[i] ?? Number.NaN) - value)).toBeLessThanOrEqual(TOLERANCE * Math.max(1, Math.abs(value)));
    });
  });

  it('puts the same values into planes for NCHW', () => {
    const normalisation = NORMALISATIONS.caffe;
    const interleaved = normalise(pixels, 2, { ...SIZE, layout: 'NHWC', normalisation });
    const planes = normalise(pixels, 2, { ...SIZE, layout: 'NCHW', normalisation });

    for (let n = 0; n < 2; n++) {
      for (let c = 0; c < 3; c++) {
        for (let i = 0; i < 12; i++) expect(planes[n * 36 + c * 12 + i]).toBe(interleaved[n * 36 + i * 3 + c]);
      }
    }
  });

  it('gives other values with exchanged channels', () => {
    const bgr = { ...NORMALISATIONS.torch, channelOrder: 'BGR' } as const;

    const values = normalise(pixels, 2, { ...SIZE, layout: 'NHWC', normalisation: bgr });

    expect([...values]).not.toEqual(preprocess.values.torch.map(Math.fround));
  });

  it('leaves the pixels alone and writes into the array it is given', () => {
    const before = Uint8Array.from(pixels);
    const out = new Float32Array(pixels.length + 1).fill(7);

    const returned = normalise(pixels, 2, { ...SIZE, layout: 'NCHW', normalisation: NORMALISATIONS.tf }, out);

    expect(returned).toBe(out);
    expect(out.at(-1)).toBe(7);
    expect(pixels).toEqual(before);
  });

  it('throws when there are fewer pixels than pictures', () => {
    const input = { ...SIZE, layout: 'NCHW', normalisation: NORMALISATIONS.tf } as const;

    expect(() => normalise(pixels, 3, input)).toThrow('expected room for 3 pictures of 4x3x3');
  });
});
