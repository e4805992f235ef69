import { describe, expect, it } from 'vitest';
import { dropoutMasks } from '../../../shared/head/dropout-masks.ts';
import { glorotUniform, permutation, Random } from '../../../shared/head/random.ts';

describe('Random', () => {
  it('repeats for the same seed and stream and differs for others', () => {
    const draw = (seed: number, stream: number) =>
      Array.from(
        { length: 8 },
        (
          (random) => () =>
            random.uint32()
        )(new Random(seed, stream)),
      );

    expect(draw(1, 2)).toEqual(draw(1, 2));
    expect(new Set([draw(1, 2), draw(2, 2), draw(1, 3), draw(2, 1), draw(2 ** 32 - 1, 2)].map(String)).size).toBe(5);
  });

  it('fills an array with the numbers that as many single draws give, and goes on behind them', () => {
    const [one, other] = [new Random(7, 2), new Random(7, 2)];
    const filled = new Int32Array(1000);

    one.fill(filled);

    expect(filled).toEqual(Int32Array.from(filled, () => other.uint32()));
    expect(one.uint32()).toBe(other.uint32());
  });

  it('is uniform: mean, variance and all 256 bytes of 100,000 draws', () => {
    const random = new Random(3, 0);
    const draws = Float64Array.from({ length: 100_000 }, () => random.uniform());
    const mean = draws.reduce((a, b) => a + b) / draws.length;
    const variance = draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / draws.length;
    const counts = new Float64Array(256);
    draws.forEach((x) => (counts[Math.floor(x * 256)] = (counts[Math.floor(x * 256)] ?? 0) + 1));
    const chi2 = counts.reduce((sum, count) => sum + (count - 390.625) ** 2 / 390.625, 0);

    expect(Math.abs(mean - 0.5)).toBeLessThan(0.004);
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(0.002);
    // 99.99% quantile of chi-squared with 255 degrees of freedom: 346.
    expect(chi2).toBeLessThan(346);
  });
});

describe('permutation', () => {
  it('holds every number once, in all orders about equally often', () => {
    const random = new Random(9, 1);
    const seen = new Map<string, number>();
    for (let i = 0; i < 6000; i += 1) {
      const order = String(permutation(3, random));
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }

    expect(Array.from(permutation(1000, random)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 1000 }, (_, i) => i),
    );
    expect(seen.size).toBe(6);
    for (const count of seen.values()) expect(Math.abs(count - 1000)).toBeLessThan(130);
  });
});

describe('glorotUniform', () => {
  it("has Glorot's bound and variance", () => {
    const values = glorotUniform(200, 50, new Random(1, 1));
    const limit = Math.sqrt(6 / 250);

    expect(values).toHaveLength(10_000);
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(Math.fround(limit));
    expect(values.reduce((sum, x) => sum + x * x, 0) / 10_000).toBeCloseTo((limit * limit) / 3, 3);
  });
});

describe('dropoutMasks', () => {
  it.each([0.5, 0.25, 0.9])('drops %d of the inputs and scales the others so that the mean stays', (dropout) => {
    const { pool } = dropoutMasks({ dropout, dimensions: 512, batchSize: 32, steps: 64 }, new Random(1, 3));
    const kept = Math.fround(1 / (1 - dropout));

    expect(new Set(pool)).toEqual(new Set([0, kept]));
    expect(pool.filter((value) => value === 0).length / pool.length).toBeCloseTo(dropout, 2);
    expect(pool.reduce((a, b) => a + b, 0) / pool.length).toBeCloseTo(1, 1);
  });

  it('gives the rows of a batch different masks that do not depend on each other', () => {
    const dimensions = 4096;
    const { pool, poolRows, rows } = dropoutMasks(
      { dropout: 0.5, dimensions, batchSize: 8, steps: 5 },
      new Random(2, 3),
    );

    expect(rows).toHaveLength(40);
    for (let step = 0; step < 5; step += 1) expect(new Set(rows.subarray(step * 8, step * 8 + 8)).size).toBe(8);
    expect(rows.every((row) => row < poolRows)).toBe(true);
    for (let row = 1; row < Math.min(poolRows, 16); row += 1) {
      let agreeing = 0;
      for (let d = 0; d < dimensions; d += 1) agreeing += pool[d] === pool[row * dimensions + d] ? 1 : 0;
      // Half, give or take five standard deviations.
      expect(Math.abs(agreeing / dimensions - 0.5)).toBeLessThan(0.04);
    }
  });
});
