import { InvalidInputError } from '../errors.ts';

/** @throws InvalidInputError code `invalid_evaluation` */
export function assertLogits(logits: Float32Array, truth: Uint32Array, classCount: number): void {
  if (!Number.isInteger(classCount) || classCount < 2)
    refuse(`expected at least 2 labels to tell apart, received ${classCount}`);
  if (logits.length !== truth.length * classCount)
    refuse(
      `expected logits of ${truth.length} pictures times ${classCount} labels, ${truth.length * classCount} numbers, received ${logits.length}; they belong to another list of pictures or labels`,
    );
  const outside = truth.find((label) => label >= classCount);
  if (outside !== undefined)
    refuse(`expected label indices below ${classCount}, received ${outside}; the pictures belong to other labels`);
  const bad = logits.findIndex((value) => !Number.isFinite(value));
  if (bad !== -1)
    refuse(
      `expected finite logits, received ${logits[bad]} for picture ${Math.floor(bad / classCount)}; the training diverged, try a smaller learning rate`,
    );
}

/** @throws InvalidInputError code `invalid_evaluation` */
export function assertTemperature(temperature: number): void {
  if (!(temperature > 0 && Number.isFinite(temperature)))
    refuse(`expected a temperature above 0, received ${temperature}`);
}

/** @throws InvalidInputError code `invalid_evaluation` */
export function refuse(message: string): never {
  throw new InvalidInputError(message, { code: 'invalid_evaluation' });
}
