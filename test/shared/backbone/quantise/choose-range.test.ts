import { describe, expect, it } from 'vitest';
import { ActivationHistogram } from '../../../../shared/backbone/quantise/activation-histogram.ts';
import { CALIBRATION_METHODS, chooseScale } from '../../../../shared/backbone/quantise/choose-range.ts';
import { InvalidInputError } from '../../../../shared/errors.ts';

function histogramOf(...batches: readonly (readonly number[])[]): ActivationHistogram {
  const histogram = new ActivationHistogram();
  for (const batch of batches) histogram.add('x', Float32Array.from(batch));
  return histogram;
}

/** A half-normal curve of 20,000 values and one outlier. */
const OUTLIER = 100;
const skewed = [...Array.from({ length: 20_000 }, (_, i) => Math.sqrt(-2 * Math.log((i + 0.5) / 20_000))), OUTLIER];

describe('ActivationHistogram', () => {
  it('counts every value however its range grows', () => {
    const histogram = histogramOf([0.5, -0.25], [3], [-900, 0]);

    expect(histogram.bins.reduce((sum, count) => sum + count, 0)).toBe(5);
    expect([histogram.min, histogram.max]).toEqual([-900, 3]);
    const filled = [...histogram.bins.keys()].filter((bin) => (histogram.bins[bin] ?? 0) > 0);
    const width = (2 * histogram.limit) / histogram.bins.length;
    expect(Math.abs(histogram.valueAt(filled[0] ?? 0) + 900)).toBeLessThanOrEqual(width);
  });

  it.each([NaN, Infinity])('refuses %s', (bad) => {
    expect(() => histogramOf([1, bad])).toThrow(InvalidInputError);
  });
});

describe('chooseScale', () => {
  it.each(CALIBRATION_METHODS)('keeps zero exact and stays inside the range seen (%s)', (method) => {
    const { scale, zeroPoint } = chooseScale(method, histogramOf([-1.5, 0.2, 2.75]));

    expect(Number.isInteger(zeroPoint)).toBe(true);
    expect(zeroPoint).toBeGreaterThanOrEqual(0);
    expect(zeroPoint).toBeLessThanOrEqual(255);
    expect(scale * 255).toBeLessThanOrEqual(4.25);
  });

  it('uses all steps for values that are never negative', () => {
    const { scale, zeroPoint } = chooseScale('minmax', histogramOf([0, 2, 6]));

    expect(zeroPoint).toBe(0);
    expect(scale * 255).toBeCloseTo(6, 5);
    expect(scale * 255).toBeLessThanOrEqual(6);
  });

  it('cuts an outlier by percentile and by squared error, not by minmax', () => {
    const reach = CALIBRATION_METHODS.map((method) => chooseScale(method, histogramOf(skewed)).scale * 255);

    expect(reach[0]).toBeCloseTo(OUTLIER, 3);
    expect(reach[1]).toBeLessThan(6);
    expect(reach[2]).toBeLessThan(OUTLIER);
  });

  it.each(CALIBRATION_METHODS)('takes a tensor that is always zero (%s)', (method) => {
    expect(chooseScale(method, histogramOf([0, 0]))).toEqual({ scale: 1, zeroPoint: 0 });
  });
});
