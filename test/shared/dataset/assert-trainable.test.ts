import { describe, expect, it } from 'vitest';
import { assertTrainable } from '../../../shared/dataset/assert-trainable.ts';

const pictures = (...keys: readonly string[]) => keys.map((key) => ({ key, label: key.split('/')[0] ?? '' }));

describe('assertTrainable', () => {
  it('accepts two labels with two pictures each', () => {
    expect(() => {
      assertTrainable(pictures('a/1', 'a/2', 'b/1', 'b/2'));
    }).not.toThrow();
  });

  it('throws for one label and says to add another', () => {
    expect(() => {
      assertTrainable(pictures('a/1.jpg', 'a/2.jpg'), { location: '"./photos"' });
    }).toThrow(/at least 2 labels in ".\/photos", found only "a" \(2 pictures\); add a folder/);
  });

  it('proposes the inner folder when the only label holds folders', () => {
    expect(() => {
      assertTrainable(pictures('archive/cat/1.jpg', 'archive/dog/2.jpg'));
    }).toThrow(/holds 2 folders such as "cat": if these are the labels, name "archive"/);
  });

  it('names every label with too few pictures and how many it has', () => {
    expect(() => {
      assertTrainable(pictures('a/1', 'b/1', 'b/2', 'c/1'));
    }).toThrow(/at least 2 .* "a" \(1\), "c" \(1\)/);
    expect(() => {
      assertTrainable(pictures('a/1', 'b/1', 'b/2'), { minimumPerLabel: 1 });
    }).not.toThrow();
  });
});
