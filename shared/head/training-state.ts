import { DamagedFileError } from '../errors.ts';
import type { DenseTensor } from '../onnx/session.ts';
import type { HeadWeights, TrainHeadRequest } from './head.ts';
import { glorotUniform, Random, RANDOM_STREAMS } from './random.ts';
import type { TrainingCheckpoint } from './training-checkpoint.ts';
import { STATE_NAMES, type StateName } from './training-graph.ts';

export type TrainingState = Readonly<Record<StateName, DenseTensor<Float32Array>>>;

/** Those of the request, or a Glorot-uniform kernel from the seed and a zero bias. Always copies. */
export function initialWeights({ train, classCount, initialWeights, hyperparameters }: TrainHeadRequest): HeadWeights {
  const { dimensions } = train.features;
  const kernel =
    initialWeights?.kernel.slice() ??
    glorotUniform(dimensions, classCount, new Random(hyperparameters.seed, RANDOM_STREAMS.kernel));
  return { dimensions, classCount, kernel, bias: initialWeights?.bias.slice() ?? new Float32Array(classCount) };
}

/** Parameters at the start, with moments of zero. */
export function initialState(request: TrainHeadRequest): TrainingState {
  const { dimensions, classCount, kernel, bias } = initialWeights(request);
  const ofKernel = (data: Float32Array) => ({ data, dims: [dimensions, classCount] });
  const ofBias = (data: Float32Array) => ({ data, dims: [classCount] });
  return {
    kernel: ofKernel(kernel),
    bias: ofBias(bias),
    kernelM: ofKernel(new Float32Array(kernel.length)),
    kernelV: ofKernel(new Float32Array(kernel.length)),
    biasM: ofBias(new Float32Array(classCount)),
    biasV: ofBias(new Float32Array(classCount)),
  };
}

/** The state of a checkpoint. @throws DamagedFileError when it is not that of this request */
export function resumedState(request: TrainHeadRequest, { state }: TrainingCheckpoint): TrainingState {
  const entries = Object.entries(initialState(request)).map(([name, { data, dims }]) => {
    const stored = state[name];
    if (stored?.length === data.length) return [name, { data: stored, dims }] as const;
    throw new DamagedFileError(
      `expected ${data.length} values of "${name}" in the checkpoint, received ${stored?.length ?? 'none'}; train from the start`,
    );
  });
  return Object.fromEntries(entries) as Record<StateName, DenseTensor<Float32Array>>;
}

/** Reads the state that the training graph put out. */
export function nextState(outputs: Readonly<Record<string, DenseTensor>>): TrainingState {
  const entries = STATE_NAMES.map((name) => [name, floatsOf(outputs, `next_${name}`)] as const);
  return Object.fromEntries(entries) as Record<StateName, DenseTensor<Float32Array>>;
}

export function weightsOf({ kernel, bias }: TrainingState): HeadWeights {
  const [dimensions = 0, classCount = 0] = kernel.dims;
  return { dimensions, classCount, kernel: kernel.data, bias: bias.data };
}

/** An output that must be float32. */
export function floatsOf(outputs: Readonly<Record<string, DenseTensor>>, name: string): DenseTensor<Float32Array> {
  const tensor = outputs[name];
  if (tensor?.data instanceof Float32Array) return { data: tensor.data, dims: tensor.dims };
  throw new TypeError(
    `expected a float32 output "${name}", received ${tensor === undefined ? 'none' : 'another type'}`,
  );
}

/** An output that must be int64. */
export function intsOf(outputs: Readonly<Record<string, DenseTensor>>, name: string): BigInt64Array {
  const data = outputs[name]?.data;
  if (data instanceof BigInt64Array) return data;
  throw new TypeError(`expected an int64 output "${name}", received ${data === undefined ? 'none' : 'another type'}`);
}
