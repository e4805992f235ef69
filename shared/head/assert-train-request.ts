import { InvalidInputError } from '../errors.ts';
import type { HeadWeights, LabelledRows, TrainHeadRequest } from './head.ts';
import { parseHyperparameters } from './hyperparameters.ts';

/** Classes at most: the one-hot labels and logits of a batch stay far below a gigabyte. */
export const MAX_CLASSES = 65_536;

/** @throws InvalidInputError when the request cannot be trained, naming the field */
export function assertTrainRequest(request: TrainHeadRequest): void {
  const { train, valid, classCount, initialWeights, hyperparameters } = request;
  parseHyperparameters({ ...hyperparameters });
  if (!Number.isInteger(classCount) || classCount < 2 || classCount > MAX_CLASSES) {
    throw new InvalidInputError(`classCount: expected a whole number in [2, ${MAX_CLASSES}], received ${classCount}`);
  }
  assertRows('train', train, classCount);
  if (valid !== null) assertRows('valid', valid, classCount);
  if (valid !== null && valid.features.dimensions !== train.features.dimensions) {
    throw new InvalidInputError(
      `valid.features: expected vectors of ${train.features.dimensions} values as in train, received ${valid.features.dimensions}`,
    );
  }
  if (initialWeights !== undefined) assertWeights(initialWeights, train.features.dimensions, classCount);
}

function assertRows(name: string, { features, labels }: LabelledRows, classCount: number): void {
  if (features.rowCount === 0) throw new InvalidInputError(`${name}: expected at least one row, received none`);
  if (labels.length !== features.rowCount) {
    throw new InvalidInputError(
      `${name}.labels: expected ${features.rowCount}, one for each row, received ${labels.length}`,
    );
  }
  const wrong = labels.find((label) => label >= classCount);
  if (wrong !== undefined) {
    throw new InvalidInputError(`${name}.labels: expected numbers in [0, ${classCount}), received ${wrong}`);
  }
}

function assertWeights({ kernel, bias }: HeadWeights, dimensions: number, classCount: number): void {
  if (kernel.length === dimensions * classCount && bias.length === classCount) {
    if (kernel.every(Number.isFinite) && bias.every(Number.isFinite)) return;
    throw new InvalidInputError('initialWeights: expected finite numbers, received others');
  }
  throw new InvalidInputError(
    `initialWeights: expected kernel [${dimensions}, ${classCount}] and bias [${classCount}], ` +
      `received ${kernel.length} and ${bias.length} values`,
  );
}
