import { DamagedFileError } from '../errors.ts';
import type { HeadWeights, TrainHeadRequest } from './head.ts';
import { glorotUniform, Random, RANDOM_STREAMS } from './random.ts';
import type { TrainingCheckpoint } from './training-checkpoint.ts';
import { STATE_NAMES, type StateName } from './training-graph-shape.ts';

/** Parameters and Adam's moments of one head: kernels `[D, C]`, biases `[C]`. */
export type HeadState = Readonly<Record<StateName, Float32Array>>;

/** Those of the request, or a Glorot-uniform kernel from the seed and a zero bias. Always copies. */
export function initialWeights({ train, classCount, initialWeights, hyperparameters }: TrainHeadRequest): HeadWeights {
  const { dimensions } = train.features;
  const kernel =
    initialWeights?.kernel.slice() ??
    glorotUniform(dimensions, classCount, new Random(hyperparameters.seed, RANDOM_STREAMS.kernel));
  return { dimensions, classCount, kernel, bias: initialWeights?.bias.slice() ?? new Float32Array(classCount) };
}

/** Parameters at the start, with moments of zero. */
export function initialState(request: TrainHeadRequest): HeadState {
  const { kernel, bias } = initialWeights(request);
  return {
    kernel,
    bias,
    kernelM: new Float32Array(kernel.length),
    kernelV: new Float32Array(kernel.length),
    biasM: new Float32Array(bias.length),
    biasV: new Float32Array(bias.length),
  };
}

/** The state of a checkpoint. @throws DamagedFileError when it is not that of this request */
export function resumedState({ train, classCount }: TrainHeadRequest, { state }: TrainingCheckpoint): HeadState {
  return stateOf((name) => {
    const length = classCount * (name.startsWith('kernel') ? train.features.dimensions : 1);
    const stored = state[name];
    if (stored?.length === length) return stored;
    throw new DamagedFileError(
      `expected ${length} values of "${name}" in the checkpoint, received ${stored?.length ?? 'none'}; train from the start`,
    );
  });
}

/** Calls back for each tensor. */
export function stateOf<T>(make: (name: StateName) => T): Readonly<Record<StateName, T>> {
  return Object.fromEntries(STATE_NAMES.map((name) => [name, make(name)])) as Record<StateName, T>;
}
