import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { assignSplits } from '../../../shared/dataset/assign-splits.ts';
import { parseSplitFile, splitFileBytes } from '../../../shared/dataset/split-file.ts';
import { DamagedFileError } from '../../../shared/errors.ts';

const plan = assignSplits(
  Array.from({ length: 20 }, (_, index) => ({
    key: `${index % 2 === 0 ? 'ü "quoted"' : 'b'}/${index}.jpg`,
    label: index % 2 === 0 ? 'ü "quoted"' : 'b',
    split: null,
    sha256: createHash('sha256').update(`${index}`).digest('hex'),
  })),
);

describe('split file', () => {
  it('reads back what it wrote', () => {
    const { method, seed, fractions, pictures } = plan;
    expect(parseSplitFile(splitFileBytes(plan))).toEqual({ method, seed, fractions, pictures });
  });

  it('has the same bytes for the same plan, and one picture a line', () => {
    const text = new TextDecoder().decode(splitFileBytes(plan));
    expect(Buffer.from(splitFileBytes(plan)).equals(Buffer.from(splitFileBytes(structuredClone(plan))))).toBe(true);
    expect(text.split('\n')).toHaveLength(plan.pictures.length + 3);
  });

  it('throws DamagedFileError for every truncation', () => {
    const bytes = splitFileBytes(plan);
    for (let length = 0; length < bytes.length - 1; length += 97) {
      expect(() => parseSplitFile(bytes.subarray(0, length)), `${length} bytes`).toThrow(DamagedFileError);
    }
  });

  it.each([
    ['"formatVersion":1', '"formatVersion":2'],
    ['"method":"hash"', '"method":"dice"'],
    ['"split":"train"', '"split":"treino"'],
    ['"seed":0', '"seed":"0"'],
    ['"valid":0.15', '"valid":null'],
  ])('throws DamagedFileError when %s reads %s', (from, to) => {
    const text = new TextDecoder().decode(splitFileBytes(plan));
    expect(text).toContain(from);
    expect(() => parseSplitFile(new TextEncoder().encode(text.replace(from, to)))).toThrow(DamagedFileError);
  });
});
