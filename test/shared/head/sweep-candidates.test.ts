import { describe, expect, it } from 'vitest';
import { DEFAULT_HYPERPARAMETERS, parseHyperparameters } from '../../../shared/head/hyperparameters.ts';
import { MAX_SWEEP_COUNT, sweepCandidates } from '../../../shared/head/sweep-candidates.ts';

const balanced = Uint32Array.of(0, 1, 2, 0, 1, 2);
const unbalanced = Uint32Array.of(0, 0, 0, 1, 2);

describe('sweepCandidates', () => {
  it('starts with the given settings and repeats none', () => {
    const base = { ...DEFAULT_HYPERPARAMETERS, epochs: 7, seed: 5 };

    const candidates = sweepCandidates(base, MAX_SWEEP_COUNT, unbalanced);

    expect(candidates[0]).toEqual(base);
    expect(candidates).toHaveLength(MAX_SWEEP_COUNT);
    expect(new Set(candidates.map((one) => JSON.stringify(one))).size).toBe(MAX_SWEEP_COUNT);
    for (const one of candidates) expect(parseHyperparameters({ ...one })).toMatchObject({ epochs: 7, seed: 5 });
  });

  it('tries weights of the classes only where the classes differ in size', () => {
    const weightsOf = (labels: Uint32Array) =>
      new Set(sweepCandidates(DEFAULT_HYPERPARAMETERS, 40, labels).map(({ classWeights }) => classWeights));

    expect(weightsOf(balanced)).toEqual(new Set(['none']));
    expect(weightsOf(unbalanced)).toEqual(new Set(['none', 'auto']));
  });

  it('draws the same settings for the same seed, and others for another', () => {
    const of = (seed: number) => sweepCandidates({ ...DEFAULT_HYPERPARAMETERS, seed }, 16, balanced);

    expect(of(1)).toEqual(of(1));
    expect(
      of(1)
        .slice(1)
        .map(({ l2, dropout }) => [l2, dropout]),
    ).not.toEqual(
      of(2)
        .slice(1)
        .map(({ l2, dropout }) => [l2, dropout]),
    );
  });

  it.each([1, 0, 65, 2.5, Number.NaN])('refuses %s settings', (count) => {
    expect(() => sweepCandidates(DEFAULT_HYPERPARAMETERS, count, balanced)).toThrow(
      `expected a whole number in [2, ${MAX_SWEEP_COUNT}], received ${count}`,
    );
  });
});
