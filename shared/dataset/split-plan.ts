import type { Split } from './dataset.ts';

/** A decoded picture: only now is its content known. */
export interface HashedPicture {
  readonly key: string;
  readonly label: string;
  /** From the folder; null when the dataset has no split folders. */
  readonly split: Split | null;
  /** Of the file's bytes, lower-case hex. */
  readonly sha256: string;
}

/** Shares of the pictures of each label; their sum is 1. */
export type SplitFractions = Readonly<Record<Split, number>>;

export interface SplitOptions {
  /** Another seed gives another split. Integer. @default 0 */
  readonly seed?: number;
  /** @default DEFAULT_SPLIT_FRACTIONS */
  readonly fractions?: SplitFractions;
  /** Different pictures that every label needs. @default DEFAULT_MINIMUM_PER_LABEL */
  readonly minimumPerLabel?: number;
  /** For messages. @default 'the dataset' */
  readonly location?: string;
}

/**
 * With 40 pictures a label: 28 to learn from, 6 for early stopping and the temperature, 6 to judge by. Less
 * validation makes the temperature noise, less test makes the interval of the accuracy useless; more of either costs
 * accuracy, which small datasets have least to spare.
 */
export const DEFAULT_SPLIT_FRACTIONS: SplitFractions = { train: 0.7, valid: 0.15, test: 0.15 };

export const SPLIT_METHODS = ['hash', 'folders', 'folders+hash'] as const;
/**
 * `hash`: all decided by content; `folders`: all given by split folders; `folders+hash`: a missing split was taken
 * from train.
 */
export type SplitMethod = (typeof SPLIT_METHODS)[number];

export interface AssignedPicture extends HashedPicture {
  readonly split: Split;
}

export const EXCLUSION_REASONS = ['duplicate', 'leak', 'label-conflict'] as const;
/**
 * `duplicate`: the same bytes again under the same label and split. `leak`: the same bytes are in a split that comes
 * later in train, valid, test, where they stay. `label-conflict`: the same bytes under two labels, of which one must
 * be wrong; none is used.
 */
export type ExclusionReason = (typeof EXCLUSION_REASONS)[number];

export interface ExcludedPicture {
  readonly key: string;
  readonly label: string;
  readonly reason: ExclusionReason;
  /** One sentence for people. */
  readonly detail: string;
  /** Of the pictures with the same bytes. */
  readonly otherKeys: readonly string[];
}

export interface LabelSplitCount extends Readonly<Record<Split, number>> {
  readonly label: string;
}

export interface SplitPlan {
  readonly method: SplitMethod;
  readonly seed: number;
  readonly fractions: SplitFractions;
  /** Every picture that is used, once for each content, in ascending byte order of the key. */
  readonly pictures: readonly AssignedPicture[];
  /** In ascending byte order of the key. */
  readonly excluded: readonly ExcludedPicture[];
  /** For each label, sorted by code point. */
  readonly counts: readonly LabelSplitCount[];
  /** One sentence each, for people. */
  readonly warnings: readonly string[];
}
