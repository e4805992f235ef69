import { describe, expect, it } from 'vitest';
import { confusedPairs } from '../../../shared/evaluation/confused-pairs.ts';
import { evaluateLogits } from '../../../shared/evaluation/evaluate-logits.ts';
import { formatChance, formatPercent, formatRange, listNames } from '../../../shared/evaluation/percent.ts';
import { summariseEvaluation } from '../../../shared/evaluation/summarise-evaluation.ts';

// truth, answer, how often
const ANSWERS = [
  [0, 0, 18],
  [0, 1, 2],
  [1, 1, 15],
  [1, 2, 5],
  [2, 2, 20],
] as const;

function evaluation(temperature: number) {
  const rows = ANSWERS.flatMap(([label, answer, count]) => Array.from({ length: count }, () => ({ label, answer })));
  return evaluateLogits({
    labels: ['oak', 'elm', 'ash'],
    keys: rows.map((_, row) => `${row}.jpg`),
    truth: Uint32Array.from(rows, ({ label }) => label),
    logits: Float32Array.from(rows.flatMap(({ answer }) => [0, 1, 2].map((index) => (index === answer ? 2 : 0)))),
    temperature,
  });
}

describe('summariseEvaluation', () => {
  it('tells accuracy, interval, baseline, calibration, weak labels and warnings in plain lines', () => {
    const lines = summariseEvaluation(evaluation(0.8));
    expect(lines.slice(0, 2)).toEqual([
      'accuracy     88% on 60 test pictures (53 right; 95% interval 77% to 95%)',
      'baseline     33% by always answering "oak"',
    ]);
    expect(lines).toContain('weakest      elm 15/20, oak 18/20');
    expect(lines).toContain('confused     elm taken for ash, 5 of 20');
    expect(lines.find((line) => line.startsWith('calibration'))).toMatch(/with temperature 0\.80 0\.\d{3}$/);
    expect(lines.filter((line) => line.startsWith('note: ')).length).toBe(evaluation(0.8).warnings.length);
    expect(lines.every((line) => !line.includes('\n'))).toBe(true);
  });

  it('leaves the temperature out when there is none', () => {
    expect(summariseEvaluation(evaluation(1)).join('\n')).not.toContain('temperature');
  });
});

describe('confusedPairs', () => {
  it('orders by pictures and gives their share of the true label', () => {
    expect(confusedPairs(evaluation(1))).toEqual([
      { truth: 'elm', predicted: 'ash', count: 5, share: 0.25 },
      { truth: 'oak', predicted: 'elm', count: 2, share: 0.1 },
    ]);
  });
});

describe('numbers for people', () => {
  it('never rounds to all or nothing what is not', () => {
    expect([1, 0.9999, 0, 0.0001].map((share) => formatPercent(share))).toEqual(['100%', '99.9%', '0%', '0.1%']);
    expect([0.999, 0.001, 0.5].map((share) => formatPercent(share, 20))).toEqual(['99%', '1%', '50%']);
  });

  it('rounds the bounds of an interval outwards', () => {
    expect(formatRange({ low: 0.556, high: 0.9501 })).toEqual(['55%', '96%']);
    expect(formatRange({ low: 0.29, high: 0.58 })).toEqual(['29%', '58%']);
  });

  it('gives small chances as many decimals as they need', () => {
    expect([0.32, 0.0042, 0.000001].map(formatChance)).toEqual(['32%', '0.42%', 'less than 0.01%']);
  });

  it('lists names in a sentence', () => {
    expect([['a'], ['a', 'b'], ['a', 'b', 'c', 'd', 'e', 'f', 'g']].map((names) => listNames(names))).toEqual([
      '"a"',
      '"a" and "b"',
      '"a", "b", "c", "d", "e" and 2 more',
    ]);
  });
});
