import { describe, expect, it } from 'vitest';
import { Progress } from '../../../cli/terminal/progress.ts';

function setUp(isTTY: boolean) {
  const written: string[] = [];
  let nowMs = 0;
  const target = { isTTY, columns: 80, write: (text: string) => written.push(text) };
  const progress = new Progress({ title: 'embedding', unit: 'pictures', target, now: () => nowMs });
  const at = (ms: number) => (nowMs = ms);
  return { written, progress, at };
}

describe('Progress', () => {
  it('redraws one line with rate and time left on a terminal and leaves the summary', () => {
    const { written, progress, at } = setUp(true);

    at(2000);
    progress.update(20, 100, '3 reused');
    progress.finish('embedded 100 pictures');

    expect(written[0]).toContain('█████░');
    expect(written[0]).toContain('20 of 100 pictures, 10/s, 8.0 s left');
    expect(written.slice(1)).toEqual(['\r\u001B[2K', 'embedded 100 pictures\n']);
  });

  it('cuts the line to the width of the terminal', () => {
    const { written, progress, at } = setUp(true);

    at(1000);
    progress.update(1, 100, 'x'.repeat(200));

    expect(written[0]?.replace('\r\u001B[2K', '')).toHaveLength(79);
  });

  it('writes a plain line every five seconds elsewhere, without control characters', () => {
    const { written, progress, at } = setUp(false);

    for (let second = 1; second <= 11; second += 1) {
      at(second * 1000);
      progress.update(second, 20);
    }

    expect(written).toEqual([
      'embedding: 5 of 20 pictures, 1.0/s, 15.0 s left\n',
      'embedding: 10 of 20 pictures, 1.0/s, 10.0 s left\n',
    ]);
  });
});
