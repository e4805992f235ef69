import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignSplits } from '../../../shared/dataset/assign-splits.ts';
import type { Split } from '../../../shared/dataset/dataset.ts';
import type { HashedPicture, SplitPlan } from '../../../shared/dataset/split-plan.ts';

const sha256 = (content: string): string => createHash('sha256').update(content).digest('hex');

function picture(label: string, content: number | string, split: Split | null = null): HashedPicture {
  const folder = split === null ? '' : `${split}/`;
  return { key: `${folder}${label}/${content}.jpg`, label, split, sha256: sha256(`${content}`) };
}

const label = (name: string, count: number, split: Split | null = null): HashedPicture[] =>
  Array.from({ length: count }, (_, index) => picture(name, `${name}-${split ?? ''}${index}`, split));

const sides = (plan: SplitPlan): Map<string, Split> => new Map(plan.pictures.map(({ key, split }) => [key, split]));
const countsOf = (plan: SplitPlan, name: string) => plan.counts.find((count) => count.label === name);

describe('assignSplits without split folders', () => {
  it.each([
    [2, { train: 1, valid: 0, test: 1 }],
    [3, { train: 1, valid: 1, test: 1 }],
    [4, { train: 2, valid: 1, test: 1 }],
    [10, { train: 7, valid: 1, test: 2 }],
    [40, { train: 28, valid: 6, test: 6 }],
    [1000, { train: 700, valid: 150, test: 150 }],
  ])('cuts a label of %i pictures into %o', (count, expected) => {
    const plan = assignSplits([...label('a', count), ...label('b', 20)]);
    expect(countsOf(plan, 'a')).toEqual({ label: 'a', ...expected });
    expect(plan.method).toBe('hash');
  });

  it('trains a label of 1 picture only where that is allowed, and warns', () => {
    const pictures = [...label('a', 1), ...label('b', 20)];
    expect(() => assignSplits(pictures)).toThrow(/"a" \(1\)/);
    const plan = assignSplits(pictures, { minimumPerLabel: 1 });
    expect(countsOf(plan, 'a')).toEqual({ label: 'a', train: 1, valid: 0, test: 0 });
    expect(plan.warnings.join('\n')).toMatch(/1 of 2 labels have no test picture \("a"\): nothing judges them/);
  });

  it('leaves out a split whose fraction is 0', () => {
    const fractions = { train: 0.8, valid: 0, test: 0.2 };
    const plan = assignSplits([...label('a', 10), ...label('b', 10)], { fractions });
    expect(countsOf(plan, 'a')).toMatchObject({ train: 8, valid: 0, test: 2 });
    expect(plan.warnings).toEqual([]);
  });

  it('depends neither on the order of the pictures nor on their names', () => {
    const pictures = [...label('a', 30), ...label('b', 30)];
    const renamed = pictures.map((one) => ({ ...one, key: `${one.label}/renamed-${one.sha256}.png` })).reverse();
    const expected = new Map(assignSplits(pictures).pictures.map((one) => [one.sha256, one.split]));
    expect(new Map(assignSplits(renamed).pictures.map((one) => [one.sha256, one.split]))).toEqual(expected);
    expect(assignSplits([...pictures].reverse())).toEqual(assignSplits(pictures));
  });

  it('gives another split for another seed', () => {
    const pictures = [...label('a', 50), ...label('b', 50)];
    expect(sides(assignSplits(pictures, { seed: 1 }))).not.toEqual(sides(assignSplits(pictures, { seed: 2 })));
  });

  it('moves at most one picture across each cut when a picture is added, and none in other labels', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 80 }), fc.integer({ min: 0, max: 1000 }), (count, seed) => {
        const before = [...label('a', count), ...label('b', 20)];
        const old = sides(assignSplits(before, { seed }));
        const grown = sides(assignSplits([...before, picture('a', `new ${seed}`)], { seed }));
        const moved = [...old].filter(([key, side]) => grown.get(key) !== side);
        expect(moved.length).toBeLessThanOrEqual(2);
        for (const [key] of moved) expect(key).toMatch(/^a\//);
        expect(moved.filter(([, side]) => side === 'test').length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 300, seed: 7 },
    );
  });

  it('keeps almost every picture on its side when a dataset doubles', () => {
    const before = [...label('a', 200), ...label('b', 200)];
    const old = sides(assignSplits(before));
    const grown = sides(assignSplits([...before, ...label('a', 400).slice(200), ...label('b', 400).slice(200)]));
    const moved = [...old].filter(([key, side]) => grown.get(key) !== side).length;
    // A fresh draw would move 46%: 1 - 0.7² - 0.15² - 0.15².
    expect(moved / old.size).toBeLessThan(0.1);
  });

  it('uses identical pictures once and reports the others', () => {
    const copies = [0, 1, 2].map((index) => ({ ...picture('a', 'same'), key: `a/copy-${index}.jpg` }));
    const plan = assignSplits([...copies.toReversed(), ...label('a', 10), ...label('b', 10)]);
    expect(sides(plan).has('a/copy-0.jpg')).toBe(true);
    expect(plan.excluded.map(({ key, reason, otherKeys }) => [key, reason, otherKeys])).toEqual([
      ['a/copy-1.jpg', 'duplicate', ['a/copy-0.jpg', 'a/copy-2.jpg']],
      ['a/copy-2.jpg', 'duplicate', ['a/copy-0.jpg', 'a/copy-1.jpg']],
    ]);
    expect(plan.warnings[0]).toContain('2 pictures occur more than once');
  });

  it('uses no picture that lies under two labels', () => {
    const plan = assignSplits([picture('a', 'x'), picture('b', 'x'), ...label('a', 5), ...label('b', 5)]);
    expect(plan.excluded.map(({ key, reason }) => [key, reason])).toEqual([
      ['a/x.jpg', 'label-conflict'],
      ['b/x.jpg', 'label-conflict'],
    ]);
    expect(plan.pictures).toHaveLength(10);
  });

  it('counts different pictures only when it judges whether a label has enough', () => {
    const copies = [0, 1, 2].map((index) => ({ ...picture('a', 'same'), key: `a/${index}.jpg` }));
    expect(() => assignSplits([...copies, ...label('b', 9)])).toThrow(/"a" \(1\)/);
  });

  it.each([
    { train: 0, valid: 0.5, test: 0.5 },
    { train: 0.7, valid: 0.2, test: 0.2 },
    { train: 1.2, valid: -0.2, test: 0 },
    { train: Number.NaN, valid: 0, test: 0 },
  ])('throws for the fractions %o', (fractions) => {
    expect(() => assignSplits([...label('a', 5), ...label('b', 5)], { fractions })).toThrow(/sum 1/);
  });
});

describe('assignSplits with split folders', () => {
  const both = (count: number, split: Split) => [...label('a', count, split), ...label('b', count, split)];

  it('keeps every picture in its folder', () => {
    const plan = assignSplits([...both(5, 'train'), ...both(3, 'valid'), ...both(2, 'test')]);
    expect(plan.method).toBe('folders');
    for (const { key, split } of plan.pictures) expect(key.startsWith(`${split}/`)).toBe(true);
    expect(plan.counts[0]).toEqual({ label: 'a', train: 5, valid: 3, test: 2 });
    expect(plan.warnings).toEqual([]);
  });

  it('takes a missing valid from train, in proportion to what is left', () => {
    const plan = assignSplits([...both(40, 'train'), ...both(9, 'test')]);
    expect(plan.method).toBe('folders+hash');
    expect(plan.counts[0]).toEqual({ label: 'a', train: 33, valid: 7, test: 9 });
    expect(plan.warnings.join('\n')).toContain('no folder "valid" was found');
  });

  it('takes a missing test, or both, from train', () => {
    expect(assignSplits([...both(40, 'train'), ...both(9, 'valid')]).counts[0]).toMatchObject({ valid: 9, test: 7 });
    expect(assignSplits(both(40, 'train')).counts[0]).toMatchObject({ train: 28, valid: 6, test: 6 });
  });

  it('removes copies of test pictures from train and valid, and copies of valid pictures from train', () => {
    const leak = (split: Split, content: string) => picture('a', content, split);
    const plan = assignSplits([
      ...both(5, 'train'),
      ...both(5, 'valid'),
      ...both(5, 'test'),
      leak('train', 'all'),
      leak('valid', 'all'),
      leak('test', 'all'),
      leak('train', 'two'),
      leak('valid', 'two'),
    ]);
    expect(plan.excluded.map(({ key, reason }) => [key, reason])).toEqual([
      ['train/a/all.jpg', 'leak'],
      ['train/a/two.jpg', 'leak'],
      ['valid/a/all.jpg', 'leak'],
    ]);
    expect(plan.warnings.join('\n')).toContain('not of pictures already seen');
    const sidesOfAll = plan.pictures.filter((one) => one.sha256 === sha256('all')).map(({ split }) => split);
    expect(sidesOfAll).toEqual(['test']);
  });

  it('throws when nothing is there to learn from', () => {
    expect(() => assignSplits([...both(5, 'valid'), ...both(5, 'test')])).toThrow(
      /"test\/" and "valid\/"; add the folder/,
    );
  });

  it('throws when a label is in test only', () => {
    const pictures = [...both(5, 'train'), ...both(5, 'test'), ...label('c', 3, 'test')];
    expect(() => assignSplits(pictures)).toThrow(/found none for "c"/);
  });
});
