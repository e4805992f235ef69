import type { Evaluation } from './evaluation.ts';

export interface ConfusedPair {
  readonly truth: string;
  readonly predicted: string;
  readonly count: number;
  /** Of the pictures of the true label, (0, 1]. */
  readonly share: number;
}

/** Which label is most often taken for which, most pictures first; equals in the order of the labels. */
export function confusedPairs({ confusion, perLabel }: Pick<Evaluation, 'confusion' | 'perLabel'>): ConfusedPair[] {
  return confusion
    .filter(({ truth, predicted }) => truth !== predicted)
    .sort((a, b) => b.count - a.count)
    .map(({ truth, predicted, count }) => ({
      truth: perLabel[truth]?.label ?? '',
      predicted: perLabel[predicted]?.label ?? '',
      count,
      share: count / (perLabel[truth]?.support ?? count),
    }));
}
