import { InvalidInputError } from '../errors.ts';
import { CLASS_WEIGHTS, type HeadHyperparameters } from './head.ts';

/**
 * The seed's own values (Keras: Dropout 0.5, Adam 0.001, batch 32), and what it did by hand: enough epochs, stopped when the
 * validation loss no longer falls. Small datasets need many: 200 pictures make five steps an epoch, and 40, 100 and 200 epochs gave
 * an accuracy of 0.83, 0.84 and 0.85 on held-out photographs (docs/decisions.md).
 */
export const DEFAULT_HYPERPARAMETERS: HeadHyperparameters = {
  epochs: 200,
  batchSize: 32,
  learningRate: 0.001,
  dropout: 0.5,
  l2: 0,
  classWeights: 'none',
  seed: 0,
  patience: 30,
};

/** Keras' defaults for Adam. Epsilon is added to the square root of the uncorrected second moment. */
export const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 } as const;

interface NumberConstraint {
  readonly kind: 'integer' | 'real';
  readonly min: number;
  readonly max: number;
  /** @default false: the bound itself is allowed */
  readonly isMinExcluded?: true;
  readonly isMaxExcluded?: true;
}

type NumberName = Exclude<keyof HeadHyperparameters, 'classWeights'>;

/** What is allowed, as data: the check, its messages and the tests of invalid values come from here. */
export const HYPERPARAMETER_CONSTRAINTS: Readonly<Record<NumberName, NumberConstraint>> = {
  epochs: { kind: 'integer', min: 1, max: 100_000 },
  batchSize: { kind: 'integer', min: 1, max: 65_536 },
  learningRate: { kind: 'real', min: 0, max: 10, isMinExcluded: true },
  dropout: { kind: 'real', min: 0, max: 1, isMaxExcluded: true },
  l2: { kind: 'real', min: 0, max: 1000 },
  seed: { kind: 'integer', min: 0, max: 2 ** 32 - 1 },
  patience: { kind: 'integer', min: 0, max: 100_000 },
};

/**
 * Fills in the defaults and checks every value; all failures are told at once.
 * @throws InvalidInputError
 */
export function parseHyperparameters(given: Readonly<Record<string, unknown>>): HeadHyperparameters {
  const merged = { ...DEFAULT_HYPERPARAMETERS, ...withoutUndefined(given) };
  const failures = [
    ...Object.keys(given)
      .filter((name) => !(name in DEFAULT_HYPERPARAMETERS))
      .map((name) => `unknown name "${name}"`),
    ...Object.entries(HYPERPARAMETER_CONSTRAINTS).flatMap(([name, constraint]) =>
      failureOf(name, merged[name as NumberName], constraint),
    ),
    ...(CLASS_WEIGHTS.includes(merged.classWeights)
      ? []
      : [`classWeights: expected ${CLASS_WEIGHTS.join(' or ')}, received ${merged.classWeights}`]),
  ];
  if (failures.length > 0) throw new InvalidInputError(`hyper-parameters to correct: ${failures.join('; ')}`);
  return merged;
}

/** `[0, 1)` and the like. */
export function describeConstraint({ kind, min, max, isMinExcluded, isMaxExcluded }: NumberConstraint): string {
  const what = kind === 'integer' ? 'a whole number' : 'a number';
  return `${what} in ${isMinExcluded ? '(' : '['}${min}, ${max}${isMaxExcluded ? ')' : ']'}`;
}

function failureOf(name: string, value: unknown, constraint: NumberConstraint): string[] {
  const { kind, min, max, isMinExcluded, isMaxExcluded } = constraint;
  const isValid =
    typeof value === 'number' &&
    Number.isFinite(value) &&
    (kind === 'real' || Number.isInteger(value)) &&
    (isMinExcluded ? value > min : value >= min) &&
    (isMaxExcluded ? value < max : value <= max);
  return isValid ? [] : [`${name}: expected ${describeConstraint(constraint)}, received ${String(value)}`];
}

function withoutUndefined(given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
