import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatPercent,
  formatPlural,
  formatRate,
  formatTable,
} from '../../../cli/terminal/format.ts';

describe('format', () => {
  it('separates thousands and chooses the plural', () => {
    expect(formatCount(1234567)).toBe('1,234,567');
    expect(formatPlural(1, 'picture')).toBe('1 picture');
    expect(formatPlural(2, 'class', 'classes')).toBe('2 classes');
  });

  it.each([
    [12.4, '12 ms'],
    [4230, '4.2 s'],
    [190_000, '3 min 10 s'],
    [7_500_000, '2 h 5 min'],
  ])('writes %d ms as %s', (durationMs, text) => {
    expect(formatDuration(durationMs)).toBe(text);
  });

  it.each([
    [0.123, '0.12'],
    [9.21, '9.2'],
    [1234.5, '1235'],
    [Number.POSITIVE_INFINITY, '0'],
  ])('writes a rate of %d as %s', (rate, text) => {
    expect(formatRate(rate)).toBe(text);
  });

  it('writes shares and sizes', () => {
    expect(formatPercent(0.934)).toBe('93.4%');
    expect(formatBytes(999)).toBe('999 B');
    expect(formatBytes(94_765_736)).toBe('94.8 MB');
  });

  it('aligns text to the left and numbers to the right', () => {
    expect(
      formatTable(
        ['label', 'pictures'],
        [
          ['ant', 5],
          ['bee', 120],
        ],
      ),
    ).toBe('label  pictures\nant           5\nbee         120');
  });
});
