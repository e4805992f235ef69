import { createHash } from 'node:crypto';
import { InvalidInputError } from '../errors.ts';
import { compareKeys } from '../storage/object-key.ts';
import { assertTrainable } from './assert-trainable.ts';
import { SPLITS, type Split } from './dataset.ts';
import { excludeCopies } from './exclude-copies.ts';
import { splitWarnings } from './split-warnings.ts';
import {
  DEFAULT_SPLIT_FRACTIONS,
  type AssignedPicture,
  type HashedPicture,
  type LabelSplitCount,
  type SplitFractions,
  type SplitMethod,
  type SplitOptions,
  type SplitPlan,
} from './split-plan.ts';

/**
 * Decides which pictures are learned from, which stop the training early and calibrate it, and which judge it.
 *
 * Within each label the pictures are ordered by SHA-256 of seed and content and cut by the fractions: test first,
 * then valid, the rest is train. So the shares hold for every label (a threshold on the hash would leave small labels
 * without test pictures), the order of files, their names and the machine have no influence, and one picture more in
 * a label moves at most one other picture across each of the two cuts. A label of 1 picture is only trained, of 2
 * gives 1 to train and 1 to test, from 3 on every split has at least 1.
 *
 * Pictures in split folders stay there. A split without any picture, valid or test, is taken from train in the same
 * way.
 *
 * @throws InvalidInputError `invalid_fractions`, `no_train_folder`, and as assertTrainable does: `one_class`, `too_few_pictures`
 */
export function assignSplits(pictures: readonly HashedPicture[], options: SplitOptions = {}): SplitPlan {
  const { seed = 0, fractions = DEFAULT_SPLIT_FRACTIONS } = options;
  assertFractions(fractions);
  const { kept, excluded } = excludeCopies(pictures);
  assertTrainable(kept, options);
  const missing = missingSplits(kept);
  const pool = kept.filter(({ split }) => split === null || split === 'train');
  const assigned: AssignedPicture[] = [];
  for (const { split, ...picture } of kept) {
    if (split === 'valid' || split === 'test') assigned.push({ ...picture, split });
  }
  for (const group of Map.groupBy(pool, ({ label }) => label).values()) {
    assigned.push(...cut(orderByHash(group, seed), missing, fractions));
  }
  assigned.sort((a, b) => compareKeys(a.key, b.key));
  const counts = countLabels(assigned);
  assertTrainedLabels(counts);
  const method = methodOf(kept, missing);
  const warnings = splitWarnings({ method, missing, excluded, counts, fractions });
  return { method, seed, fractions, pictures: assigned, excluded, counts, warnings };
}

function assertFractions(fractions: SplitFractions): void {
  const values = SPLITS.map((split) => fractions[split]);
  const sum = values.reduce((total, value) => total + value, 0);
  if (values.every((value) => value >= 0 && value <= 1) && fractions.train > 0 && Math.abs(sum - 1) < 1e-9) return;
  const received = SPLITS.map((split) => `${split} ${fractions[split]}`).join(', ');
  throw new InvalidInputError(
    `expected split fractions from 0 to 1 with train above 0 and the sum 1, got ${received}; use for example 0.7, 0.15 and 0.15`,
    { code: 'invalid_fractions' },
  );
}

/** Splits that no picture is in, so that they have to be taken from train. */
function missingSplits(pictures: readonly HashedPicture[]): readonly Split[] {
  const present = new Set(pictures.map(({ split }) => split));
  if (!present.has(null) && !present.has('train')) {
    throw new InvalidInputError(
      `expected pictures to learn from in "train/", found only ${[...present].map((split) => `"${split ?? ''}/"`).join(' and ')}; ` +
        'add the folder "train", or name one of these folders as the dataset',
      { code: 'no_train_folder' },
    );
  }
  return SPLITS.filter((split) => split !== 'train' && !present.has(split));
}

function orderByHash(pictures: readonly HashedPicture[], seed: number): HashedPicture[] {
  const ranked = pictures.map((picture) => ({ picture, rank: rankOf(picture, seed) }));
  ranked.sort((a, b) => (a.rank < b.rank ? -1 : 1));
  return ranked.map(({ picture }) => picture);
}

/** Of the content, never of the name: a renamed picture stays where it is. */
function rankOf({ sha256 }: HashedPicture, seed: number): string {
  return createHash('sha256').update(`${seed}:${sha256}`).digest('hex');
}

function cut(
  ordered: readonly HashedPicture[],
  missing: readonly Split[],
  fractions: SplitFractions,
): AssignedPicture[] {
  const share = (split: Split): number => (split === 'train' || missing.includes(split) ? fractions[split] : 0);
  const total = share('train') + share('valid') + share('test');
  const testEnd = boundary(ordered.length, 0, share('test'), share('test') / total);
  const validEnd = boundary(ordered.length, testEnd, share('valid'), (share('test') + share('valid')) / total);
  return ordered.map((picture, index) => ({
    ...picture,
    split: index < testEnd ? 'test' : index < validEnd ? 'valid' : 'train',
  }));
}

/**
 * Where a split ends in the order: the rounded cumulative share, but at least 1 picture behind `start` if the split
 * is wanted, and at least 1 left for train.
 */
function boundary(count: number, start: number, ownShare: number, cumulativeShare: number): number {
  if (ownShare === 0) return start;
  const wanted = Math.max(start + 1, Math.round(count * cumulativeShare));
  return Math.max(start, Math.min(wanted, count - 1));
}

function countLabels(pictures: readonly AssignedPicture[]): LabelSplitCount[] {
  const counts = new Map<string, Record<Split, number>>();
  for (const { label, split } of pictures) {
    const count = counts.get(label) ?? { train: 0, valid: 0, test: 0 };
    count[split] += 1;
    counts.set(label, count);
  }
  return [...counts].map(([label, count]) => ({ label, ...count })).sort((a, b) => compareKeys(a.label, b.label));
}

function assertTrainedLabels(counts: readonly LabelSplitCount[]): void {
  const untrained = counts.filter(({ train }) => train === 0).map(({ label }) => `"${label}"`);
  if (untrained.length === 0) return;
  throw new InvalidInputError(
    `expected at least 1 picture to learn from in "train/" for every label, found none for ${untrained.join(', ')}; ` +
      'add pictures there, or remove these labels from the other splits',
    { code: 'too_few_pictures' },
  );
}

function methodOf(pictures: readonly HashedPicture[], missing: readonly Split[]): SplitMethod {
  if (pictures.some(({ split }) => split === null)) return 'hash';
  return missing.length === 0 ? 'folders' : 'folders+hash';
}
