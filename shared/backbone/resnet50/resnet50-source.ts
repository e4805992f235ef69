import { DamagedFileError, InvalidInputError } from '../../errors.ts';
import type { WeightsReader, WeightTensor } from '../weights-reader.ts';
import type { ConvPlan } from './plan-resnet50.ts';

/** Where a file keeps the tensors of one convolution and its batch normalisation. */
export interface ConvTensorNames {
  readonly kernel: string;
  /** Null where the network has none. */
  readonly bias: string | null;
  readonly gamma: string;
  readonly beta: string;
  readonly mean: string;
  readonly variance: string;
}

/** A weight file whose layout has been recognised as ResNet50's. */
export interface ResNet50Source {
  readonly reader: WeightsReader;
  /** `HWIO`: Keras; `OIHW`: PyTorch and ONNX. */
  readonly kernelLayout: 'HWIO' | 'OIHW';
  /** By ConvPlan.name. */
  readonly names: ReadonlyMap<string, ConvTensorNames>;
}

/** float32; kernel `[O, I, H, W]`, the others `[O]`. */
export interface ConvWeights {
  readonly kernel: Float32Array;
  readonly bias: Float32Array | null;
  readonly gamma: Float32Array;
  readonly beta: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
}

/**
 * Reads and checks the tensors of one convolution.
 *
 * @throws InvalidInputError (`wrong_weights`) naming a tensor that is missing or has another shape
 * @throws DamagedFileError naming a tensor that holds NaN or infinity, or a variance below zero
 */
export function readConvWeights(source: ResNet50Source, conv: ConvPlan): ConvWeights {
  const names = source.names.get(conv.name);
  if (!names) throw new TypeError(`expected tensor names for ${conv.name}, received none`);
  const { size, inputChannels: i, outputChannels: o } = conv;
  const isHwio = source.kernelLayout === 'HWIO';
  const kernel = readTensor(source.reader, names.kernel, isHwio ? [size, size, i, o] : [o, i, size, size]);
  const vector = (name: string) => readTensor(source.reader, name, [o]);
  const variance = vector(names.variance);
  assertNotNegative(variance, names.variance, source.reader.fileName);
  return {
    kernel: isHwio ? hwioToOihw(kernel, size * size, i, o) : kernel,
    bias: names.bias === null ? null : vector(names.bias),
    gamma: vector(names.gamma),
    beta: vector(names.beta),
    mean: vector(names.mean),
    variance,
  };
}

function readTensor(reader: WeightsReader, name: string, dims: readonly number[]): Float32Array {
  if (!reader.has(name)) {
    throw new InvalidInputError(
      `expected tensor "${name}" of shape [${dims.join(', ')}] in "${reader.fileName}", received none; ` +
        'give the weights of ResNet50, complete',
      { code: 'wrong_weights' },
    );
  }
  const tensor = reader.read(name);
  assertDims(tensor, dims, name, reader.fileName);
  const bad = tensor.data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new DamagedFileError(
      `expected finite numbers in tensor "${name}" of "${reader.fileName}", received ${String(tensor.data[bad])} ` +
        `at element ${String(bad)}; download the file again, or train it again`,
    );
  }
  return tensor.data;
}

function assertDims(tensor: WeightTensor, dims: readonly number[], name: string, fileName: string): void {
  if (tensor.dims.length === dims.length && dims.every((size, axis) => size === tensor.dims[axis])) return;
  throw new InvalidInputError(
    `expected shape [${dims.join(', ')}] for tensor "${name}" of "${fileName}", received [${tensor.dims.join(', ')}]; ` +
      'give the weights of ResNet50 and not those of another network',
    { code: 'wrong_weights' },
  );
}

function assertNotNegative(variance: Float32Array, name: string, fileName: string): void {
  const bad = variance.find((value) => value < 0);
  if (bad === undefined) return;
  throw new DamagedFileError(
    `expected variances of at least 0 in tensor "${name}" of "${fileName}", received ${String(bad)}; download the file again`,
  );
}

function hwioToOihw(kernel: Float32Array, positions: number, inputs: number, outputs: number): Float32Array {
  const turned = new Float32Array(kernel.length);
  let from = 0;
  for (let position = 0; position < positions; position++) {
    for (let i = 0; i < inputs; i++) {
      for (let o = 0; o < outputs; o++) turned[(o * inputs + i) * positions + position] = kernel[from++] ?? NaN;
    }
  }
  return turned;
}
