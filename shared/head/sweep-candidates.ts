import { InvalidInputError } from '../errors.ts';
import { CLASS_WEIGHTS, type HeadHyperparameters } from './head.ts';
import { RANDOM_STREAMS, permutation, Random } from './random.ts';

/** Settings tried when no number is given. */
export const DEFAULT_SWEEP_COUNT = 16;
/** More would be picked by chance on a validation split of usual size. */
export const MAX_SWEEP_COUNT = 64;

/** What a sweep varies; the other settings stay as they are. */
export const SWEEP_SPACE = {
  learningRate: [0.0003, 0.001, 0.003],
  l2: [0, 0.0003, 0.001, 0.003, 0.01],
  dropout: [0, 0.25, 0.5, 0.7],
} as const;

/** The settings that a sweep varies. */
export type SweptSettings = Pick<HeadHyperparameters, keyof typeof SWEEP_SPACE | 'classWeights'>;

/**
 * The given settings, and others from the space: drawn at random without repetition (Bergstra and Bengio 2012: with few that matter, a random
 * choice finds better ones than a grid of the same number). The same seed gives the same ones.
 *
 * @param labels of the training rows: weights of the classes are only tried where the classes differ in size
 * @throws InvalidInputError for a number outside [2, MAX_SWEEP_COUNT]
 */
export function sweepCandidates(
  base: HeadHyperparameters,
  count: number,
  labels: Uint32Array,
): readonly HeadHyperparameters[] {
  if (!Number.isInteger(count) || count < 2 || count > MAX_SWEEP_COUNT) {
    throw new InvalidInputError(`sweep: expected a whole number in [2, ${MAX_SWEEP_COUNT}], received ${count}`);
  }
  const space = spaceOf(isBalanced(labels) ? [base.classWeights] : CLASS_WEIGHTS);
  const others = [...permutation(space.length, new Random(base.seed, RANDOM_STREAMS.sweep))]
    .flatMap((index) => space[index] ?? [])
    .filter((settings) => describe(settings) !== describe(base));
  return [base, ...others.slice(0, count - 1).map((settings) => ({ ...base, ...settings }))];
}

function spaceOf(classWeights: readonly HeadHyperparameters['classWeights'][]): SweptSettings[] {
  return classWeights.flatMap((weights) =>
    SWEEP_SPACE.learningRate.flatMap((learningRate) =>
      SWEEP_SPACE.l2.flatMap((l2) =>
        SWEEP_SPACE.dropout.map((dropout) => ({ learningRate, l2, dropout, classWeights: weights })),
      ),
    ),
  );
}

function describe({ learningRate, l2, dropout, classWeights }: SweptSettings): string {
  return JSON.stringify([learningRate, l2, dropout, classWeights]);
}

function isBalanced(labels: Uint32Array): boolean {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return new Set(counts.values()).size === 1;
}
