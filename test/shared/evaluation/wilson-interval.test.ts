import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wilsonInterval } from '../../../shared/evaluation/wilson-interval.ts';
import { readMetricsFixture } from '../../support/metrics-fixture.ts';

const counts = fc
  .integer({ min: 1, max: 100_000 })
  .chain((trials) => fc.tuple(fc.integer({ min: 0, max: trials }), fc.constant(trials)));

describe('wilsonInterval', () => {
  it.each(readMetricsFixture().intervals)(
    'equals statsmodels for $successes of $trials',
    ({ successes, trials, low, high }) => {
      const interval = wilsonInterval(successes, trials);
      expect(interval.value).toBe(successes / trials);
      expect(interval.low).toBeCloseTo(low, 12);
      expect(interval.high).toBeCloseTo(high, 12);
    },
  );

  it('holds the share, stays inside [0, 1], and mirrors when successes and failures swap', () => {
    fc.assert(
      fc.property(counts, ([successes, trials]) => {
        const { value, low, high } = wilsonInterval(successes, trials);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(value);
        expect(high).toBeGreaterThanOrEqual(value);
        const mirrored = wilsonInterval(trials - successes, trials);
        expect(mirrored.low).toBeCloseTo(1 - high, 12);
        expect(mirrored.high).toBeCloseTo(1 - low, 12);
      }),
    );
  });

  it('solves the equation it comes from: each bound is 1.96 of its own standard errors away', () => {
    const { value, low, high } = wilsonInterval(37, 52);
    for (const bound of [low, high])
      expect(Math.abs(value - bound) / Math.sqrt((bound * (1 - bound)) / 52)).toBeCloseTo(1.959963984540054, 10);
  });

  it('narrows with more pictures of the same share', () => {
    const widths = [10, 100, 1000].map((trials) => {
      const { low, high } = wilsonInterval(trials * 0.9, trials);
      return high - low;
    });
    expect(widths).toEqual([...widths].sort((a, b) => b - a));
  });
});
