import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  comparePaired,
  describeComparison,
  isNotWorse,
  type PairedComparison,
} from '../../../shared/evaluation/compare-paired.ts';
import { readMetricsFixture } from '../../support/metrics-fixture.ts';

interface Counts {
  readonly bothRight: number;
  readonly onlyLiveRight: number;
  readonly onlyCandidateRight: number;
  readonly bothWrong: number;
}

function compare({ bothRight, onlyLiveRight, onlyCandidateRight, bothWrong }: Counts): PairedComparison {
  const repeat = (live: boolean, candidate: boolean, count: number) =>
    Array.from({ length: count }, () => ({ live, candidate }));
  const answers = [
    ...repeat(true, true, bothRight),
    ...repeat(true, false, onlyLiveRight),
    ...repeat(false, true, onlyCandidateRight),
    ...repeat(false, false, bothWrong),
  ];
  return comparePaired(
    answers.map(({ live }) => live),
    answers.map(({ candidate }) => candidate),
  );
}

const disputed = (onlyLiveRight: number, onlyCandidateRight: number) =>
  compare({ bothRight: 20, onlyLiveRight, onlyCandidateRight, bothWrong: 3 });

describe('comparePaired', () => {
  it.each(readMetricsFixture().paired)(
    'equals statsmodels and SciPy for $onlyLiveRight against $onlyCandidateRight',
    ({ pValue, pValueWorse, ...counts }) => {
      const comparison = compare(counts);
      expect(comparison).toMatchObject(counts);
      expect(comparison.pValue).toBeCloseTo(pValue, 10);
      expect(comparison.pValueWorse).toBeCloseTo(pValueWorse, 10);
    },
  );

  it('swaps its sides with the models, and does not look at pictures that both have right or wrong', () => {
    const count = fc.integer({ min: 0, max: 40 });
    fc.assert(
      fc.property(count, count, count, count, (bothRight, onlyLiveRight, onlyCandidateRight, bothWrong) => {
        const one = compare({ bothRight, onlyLiveRight, onlyCandidateRight, bothWrong });
        const other = compare({
          bothRight: 0,
          onlyLiveRight: onlyCandidateRight,
          onlyCandidateRight: onlyLiveRight,
          bothWrong: 0,
        });
        expect(other.pValue).toBeCloseTo(one.pValue, 12);
        const tie = chanceOf(onlyLiveRight + onlyCandidateRight, onlyCandidateRight);
        expect(one.pValueWorse + other.pValueWorse).toBeCloseTo(1 + tie, 10);
      }),
      { numRuns: 50 },
    );
  });

  it('stays finite for a million pictures', () => {
    const live = Array.from({ length: 1_000_000 }, (_, index) => index % 2 === 0);
    const { pValue, pValueWorse } = comparePaired(
      live,
      live.map((isRight) => !isRight),
    );
    expect(pValue).toBe(1);
    expect(pValueWorse).toBeCloseTo(0.5004, 4);
  });

  it('refuses lists of different pictures', () => {
    expect(() => comparePaired([true], [])).toThrow(/received 1 answers of the live and 0 of the new one/);
  });
});

describe('isNotWorse', () => {
  it('lets equal, better and insignificantly weaker models pass, and refuses a significantly weaker one', () => {
    expect(isNotWorse(disputed(0, 0))).toBe(true);
    expect(isNotWorse(disputed(2, 9))).toBe(true);
    expect(isNotWorse(disputed(4, 0))).toBe(true);
    expect(isNotWorse(disputed(5, 0))).toBe(false);
    expect(isNotWorse(disputed(9, 2))).toBe(false);
    expect(isNotWorse(disputed(9, 3))).toBe(true);
  });

  it('is stricter with a larger significance', () => {
    expect(isNotWorse(disputed(4, 0), 0.1)).toBe(false);
  });

  it('lets any candidate pass when nothing could be compared', () => {
    expect(isNotWorse(comparePaired([], []))).toBe(true);
  });
});

describe('describeComparison', () => {
  it.each<[string, PairedComparison, string]>([
    [
      'worse',
      disputed(9, 2),
      'of the 11 that only one of them has right, 2 go to the new one, which chance alone would do in 3% of cases: it is worse',
    ],
    [
      'not worse',
      disputed(3, 5),
      'the new version has 25 right and the live one 23; of the 8 that only one of them has right, 5 go to the new one: it is not worse',
    ],
    ['too few to tell', disputed(4, 0), 'too few differ to tell them apart, so it is not shown to be worse'],
    [
      'alike',
      disputed(0, 0),
      'on the same 23 held-out pictures the new version has 20 right and the live one 20; they answer every one of them alike',
    ],
    ['no pictures', comparePaired([], []), 'there are no held-out pictures that both versions could be compared on'],
  ])('says it in one sentence: %s', (_, comparison, text) => {
    expect(describeComparison(comparison)).toContain(text);
  });
});

/** P(X = successes) for X ~ Binomial(trials, 1/2), by Pascal's triangle. */
function chanceOf(trials: number, successes: number): number {
  let row = [1];
  for (let index = 0; index < trials; index++) row = [0, ...row].map((left, place) => (left + (row[place] ?? 0)) / 2);
  return row[successes] ?? 0;
}
