import type { DenseTensor } from '../onnx/session.ts';
import type { HeadWeights, TrainHeadRequest } from './head.ts';
import { glorotUniform, Random } from './random.ts';
import { STATE_NAMES, type StateName } from './training-graph.ts';

/** Streams of the seed (random.ts). */
export const RANDOM_STREAMS = { kernel: 1, order: 2, masks: 3 } as const;

export type TrainingState = Readonly<Record<StateName, DenseTensor<Float32Array>>>;

/** Parameters at the start, with moments of zero. */
export function initialState(request: TrainHeadRequest): TrainingState {
  const { dimensions } = request.train.features;
  const { classCount, initialWeights, hyperparameters } = request;
  const kernel =
    initialWeights?.kernel ??
    glorotUniform(dimensions, classCount, new Random(hyperparameters.seed, RANDOM_STREAMS.kernel));
  const bias = initialWeights?.bias ?? new Float32Array(classCount);
  const ofKernel = (data: Float32Array) => ({ data, dims: [dimensions, classCount] });
  const ofBias = (data: Float32Array) => ({ data, dims: [classCount] });
  return {
    kernel: ofKernel(kernel.slice()),
    bias: ofBias(bias.slice()),
    kernelM: ofKernel(new Float32Array(kernel.length)),
    kernelV: ofKernel(new Float32Array(kernel.length)),
    biasM: ofBias(new Float32Array(classCount)),
    biasV: ofBias(new Float32Array(classCount)),
  };
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
