import { InvalidInputError } from '../../errors.ts';
import { GraphBuilder, type ValueName } from '../../onnx/graph-builder.ts';
import { transposed, valuesOf, type TfjsTensor } from './tfjs-weights.ts';

/** A value of the network while it is rewritten: feature maps are NCHW, whatever the source's layout. */
export interface Activation {
  readonly value: ValueName;
  readonly channels: number;
  /** Null once the positions are gone (pooled, flattened). */
  readonly size: { readonly height: number; readonly width: number } | null;
}

export type Padding = 'same' | 'valid' | readonly [top: number, bottom: number, left: number, right: number];

/** Sliding window of a convolution or pool. */
export interface Window {
  readonly kernel: readonly [height: number, width: number];
  readonly strides: readonly [height: number, width: number];
  /** @default [1, 1] */
  readonly dilations?: readonly [height: number, width: number];
  readonly padding: Padding;
}

export interface ConvolutionWeights {
  /** TensorFlow's order: `[height, width, in, out]`, of a depthwise one `[height, width, in, multiplier]`. */
  readonly kernel: TfjsTensor;
  /** `[out]`. */
  readonly bias: Float64Array | null;
}

export const ACTIVATIONS = ['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'tanh', 'swish', 'hardSwish'] as const;
export type ActivationName = (typeof ACTIVATIONS)[number];

export const INPUT_NAME = 'image';

/** Writes the ONNX form of a TensorFlow network, layer by layer; graph models and layers models both come down to these. */
export class FeatureNetwork {
  readonly #graph = new GraphBuilder('backbone');

  addInput(height: number, width: number): Activation {
    return {
      value: this.#graph.addInput(INPUT_NAME, 'float32', ['N', 3, height, width]),
      channels: 3,
      size: { height, width },
    };
  }

  convolution(input: Activation, weights: ConvolutionWeights, window: Window): Activation {
    const [, , inChannels = 0, outChannels = 0] = weights.kernel.dims;
    assertChannels(input, inChannels);
    const kernel = transposed(weights.kernel, [3, 2, 0, 1]); // [out, in, h, w]
    return this.#convolve(input, kernel, weights.bias, outChannels, 1, window);
  }

  depthwise(input: Activation, weights: ConvolutionWeights, window: Window): Activation {
    const [height = 0, width = 0, inChannels = 0, multiplier = 0] = weights.kernel.dims;
    assertChannels(input, inChannels);
    const outChannels = inChannels * multiplier;
    const byChannel = transposed(weights.kernel, [2, 3, 0, 1]); // [in, multiplier, h, w]
    const kernel = { ...byChannel, dims: [outChannels, 1, height, width] };
    return this.#convolve(input, kernel, weights.bias, outChannels, inChannels, window);
  }

  pool(kind: 'MaxPool' | 'AveragePool', input: Activation, window: Window): Activation {
    const { pads, size } = placeWindow(input, window);
    const value = this.#graph.add(kind, [input.value], {
      kernel_shape: window.kernel.map(BigInt),
      strides: window.strides.map(BigInt),
      pads,
    });
    return { ...input, value, size };
  }

  pad(input: Activation, [top, bottom, left, right]: readonly [number, number, number, number]): Activation {
    const size = sizeOf(input);
    const value = this.#graph.add('Pad', [input.value, this.#graph.addInts(0, 0, top, left, 0, 0, bottom, right)]);
    return { ...input, value, size: { height: size.height + top + bottom, width: size.width + left + right } };
  }

  activate(input: Activation, name: ActivationName): Activation {
    const graph = this.#graph;
    const { value } = input;
    switch (name) {
      case 'linear':
        return input;
      case 'relu':
        return { ...input, value: graph.add('Relu', [value]) };
      case 'relu6':
        return { ...input, value: graph.add('Clip', [value, graph.addScalar(0), graph.addScalar(6)]) };
      case 'elu':
        return { ...input, value: graph.add('Elu', [value]) };
      case 'sigmoid':
        return { ...input, value: graph.add('Sigmoid', [value]) };
      case 'tanh':
        return { ...input, value: graph.add('Tanh', [value]) };
      case 'swish':
        return { ...input, value: graph.add('Mul', [value, graph.add('Sigmoid', [value])]) };
      case 'hardSwish':
        return { ...input, value: graph.add('HardSwish', [value]) };
    }
  }

  add(a: Activation, b: Activation): Activation {
    assertChannels(b, a.channels);
    return { ...a, value: this.#graph.add('Add', [a.value, b.value]) };
  }

  /** `input * scale + shift`, each one number or one for each channel. */
  affine(input: Activation, scale: Float64Array | null, shift: Float64Array | null): Activation {
    let { value } = input;
    if (scale !== null) value = this.#graph.add('Mul', [value, this.#perChannel(input, scale)]);
    if (shift !== null) value = this.#graph.add('Add', [value, this.#perChannel(input, shift)]);
    return { ...input, value };
  }

  /** The finished model: outputs `features` `[N, C, H, W]` and `embedding` `[N, C]`, their mean over the positions. */
  toModel(features: Activation): Uint8Array {
    const { height, width } = sizeOf(features);
    const graph = this.#graph;
    graph.addOutput(features.value, 'float32', ['N', features.channels, height, width], 'features');
    const pooled = graph.add('GlobalAveragePool', [features.value]);
    graph.addOutput(graph.add('Flatten', [pooled]), 'float32', ['N', features.channels], 'embedding');
    return graph.toModel();
  }

  #convolve(
    input: Activation,
    kernel: TfjsTensor,
    bias: Float64Array | null,
    channels: number,
    group: number,
    window: Window,
  ): Activation {
    const { pads, size } = placeWindow(input, window);
    const weights = [this.#constant(kernel), ...(bias === null ? [] : [this.#vector(bias, [bias.length])])];
    const value = this.#graph.add('Conv', [input.value, ...weights], {
      strides: window.strides.map(BigInt),
      dilations: (window.dilations ?? [1, 1]).map(BigInt),
      pads,
      group: BigInt(group),
    });
    return { value, channels, size };
  }

  /** Bytes are widened by nodes that ONNX Runtime computes once, when it loads the graph. */
  #constant(tensor: TfjsTensor): ValueName {
    const graph = this.#graph;
    if (!(tensor.data instanceof Uint8Array)) return this.#vector(valuesOf(tensor), tensor.dims);
    const bytes = graph.addConstant('uint8', tensor.dims, tensor.data);
    const scaled = graph.add('Mul', [
      graph.add('Cast', [bytes], { to: { type: 'float32' } }),
      graph.addScalar(tensor.scale),
    ]);
    return graph.add('Add', [scaled, graph.addScalar(tensor.min)]);
  }

  #vector(values: Float64Array, dims: readonly number[]): ValueName {
    return this.#graph.addConstant('float32', dims, Float32Array.from(values));
  }

  #perChannel(input: Activation, values: Float64Array): ValueName {
    if (values.length !== 1) assertChannels(input, values.length);
    return this.#vector(values, input.size === null ? [values.length] : [values.length, 1, 1]);
  }
}

/** Paddings `[top, left, bottom, right]` and the size of the result. `same` is TensorFlow's: the odd pixel goes to the end. */
function placeWindow(input: Activation, { kernel, strides, dilations = [1, 1], padding }: Window) {
  const { height, width } = sizeOf(input);
  const along = (axis: 0 | 1, length: number) => {
    const reach = (kernel[axis] - 1) * dilations[axis] + 1;
    if (padding === 'same') {
      const count = Math.ceil(length / strides[axis]);
      const total = Math.max(0, (count - 1) * strides[axis] + reach - length);
      return { count, before: Math.floor(total / 2), after: total - Math.floor(total / 2) };
    }
    const [before, after] =
      padding === 'valid' ? [0, 0] : axis === 0 ? [padding[0], padding[1]] : [padding[2], padding[3]];
    return { count: Math.floor((length + before + after - reach) / strides[axis]) + 1, before, after };
  };
  const vertical = along(0, height);
  const horizontal = along(1, width);
  const pads = [vertical.before, horizontal.before, vertical.after, horizontal.after].map(BigInt);
  return { pads, size: { height: vertical.count, width: horizontal.count } };
}

export function sizeOf({ value, size }: Activation): { readonly height: number; readonly width: number } {
  if (size !== null) return size;
  throw new InvalidInputError(
    `expected a feature map for "${value}", received pooled values; the network is no image backbone`,
  );
}

function assertChannels({ value, channels }: Activation, expected: number): void {
  if (channels === expected) return;
  throw new InvalidInputError(
    `expected ${expected} channels for "${value}", received ${channels}; the weights belong to another network`,
  );
}
