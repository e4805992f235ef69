import { z } from 'zod';
import { InvalidInputError } from '../../errors.ts';
import type { ConvertedNetwork } from './converted-network.ts';
import {
  ACTIVATIONS,
  FeatureNetwork,
  type Activation,
  type ActivationName,
  type Padding,
  type Window,
} from './feature-network.ts';
import { valuesOf, type TfjsTensor } from './tfjs-weights.ts';

/** Layers that are rewritten; what stands behind the last feature map (Dense, Dropout, ...) is cut off, so it may be any other. */
export const SUPPORTED_LAYERS = [
  'InputLayer',
  'Conv2D',
  'DepthwiseConv2D',
  'BatchNormalization',
  'ReLU',
  'Activation',
  'Add',
  'ZeroPadding2D',
  'MaxPooling2D',
  'AveragePooling2D',
  'Dropout',
] as const;

/** Layers after which there are no positions any more. */
const HEAD_LAYERS = new Set(['GlobalAveragePooling2D', 'GlobalMaxPooling2D', 'Flatten', 'Dense', 'Reshape', 'Softmax']);
const MODELS = new Set(['Sequential', 'Model', 'Functional']);

const pair = z.tuple([z.int().positive(), z.int().positive()]);
const LAYER = z.object({
  class_name: z.string(),
  name: z.string().optional(),
  config: z.looseObject({ name: z.string().optional() }),
  inbound_nodes: z.array(z.unknown()).optional(),
});
type Layer = z.infer<typeof LAYER>;

/** Keras 2's `[[["conv1", 0, 0, {}], ...]]`: the layers that the first call took its inputs from. */
const INBOUND = z.array(z.array(z.tuple([z.string()], z.unknown())));

const CONVOLUTION = z.looseObject({
  strides: pair.default([1, 1]),
  padding: z.enum(['valid', 'same']).default('valid'),
  data_format: z.string().default('channels_last'),
  dilation_rate: pair.default([1, 1]),
  activation: z.string().nullable().default('linear'),
});
const POOL = z.looseObject({
  pool_size: pair.default([2, 2]),
  strides: pair.nullish(),
  padding: z.enum(['valid', 'same']).default('valid'),
});
const BATCH_NORM = z.looseObject({ epsilon: z.number().default(1e-3) });
const RELU = z.looseObject({ max_value: z.number().nullish() });
const PADDING = z.looseObject({
  padding: z.union([
    z.int().nonnegative(),
    z.tuple([z.int(), z.int()]),
    z.tuple([pair.or(z.array(z.int())), z.array(z.int())]),
  ]),
});
const INPUT_SHAPE = z.looseObject({ batch_input_shape: z.array(z.int().nullable()).length(4) });

/**
 * Rewrites a TF.js layers model (Keras' JSON) as ONNX and cuts it at its last feature map. Models may be nested, as in Teachable
 * Machine's exports: a Sequential of a MobileNet and of the user's dense head.
 *
 * @throws InvalidInputError for a layer or setting that is not supported, by its name
 */
export function convertLayersModel(config: unknown, weights: ReadonlyMap<string, TfjsTensor>): ConvertedNetwork {
  return new LayersConverter(weights).convert(LAYER.parse(config));
}

class LayersConverter {
  readonly #weights: ReadonlyMap<string, TfjsTensor>;
  readonly #network = new FeatureNetwork();
  #input: Activation | null = null;
  /** Set when the first layer without positions is met; everything behind it is skipped. */
  #features: Activation | null = null;

  constructor(weights: ReadonlyMap<string, TfjsTensor>) {
    this.#weights = weights;
  }

  convert(model: Layer): ConvertedNetwork {
    const last = this.#model(model, null);
    const features = this.#features ?? last;
    if (features?.size == null || this.#input?.size == null) {
      throw new InvalidInputError(
        'expected a network from pictures to a feature map, found none; export an image model',
      );
    }
    return {
      model: this.#network.toModel(features),
      ...this.#input.size,
      channels: features.channels,
      featureSize: features.size,
    };
  }

  #model({ class_name: kind, config }: Layer, input: Activation | null): Activation | null {
    const layers = z.array(LAYER).parse(Array.isArray(config) ? config : config.layers);
    return kind === 'Sequential' ? this.#sequence(layers, input) : this.#graph(layers, input);
  }

  #sequence(layers: readonly Layer[], input: Activation | null): Activation | null {
    return layers.reduce<Activation | null>((value, layer) => this.#layer(layer, value === null ? [] : [value]), input);
  }

  #graph(layers: readonly Layer[], input: Activation | null): Activation | null {
    const values = new Map<string, Activation>();
    let last: Activation | null = input;
    for (const layer of layers) {
      const [sources = []] = INBOUND.parse(layer.inbound_nodes ?? []);
      const inputs = sources.flatMap(([name]) => values.get(name) ?? []);
      last = this.#layer(layer, layer.class_name === 'InputLayer' && input !== null ? [input] : inputs);
      if (this.#features !== null || last === null) return last;
      values.set(nameOf(layer), last);
    }
    return last;
  }

  #layer(layer: Layer, inputs: readonly Activation[]): Activation | null {
    if (this.#features !== null) return this.#features;
    if (MODELS.has(layer.class_name)) return this.#model(layer, inputs[0] ?? null);
    if (layer.class_name === 'InputLayer') return inputs[0] ?? this.#addInput(layer);
    const input = inputs[0] ?? this.#addInput(layer);
    if (HEAD_LAYERS.has(layer.class_name)) {
      this.#features = input;
      return input;
    }
    return this.#convertLayer(layer, input, inputs);
  }

  #convertLayer(layer: Layer, input: Activation, inputs: readonly Activation[]): Activation {
    switch (layer.class_name) {
      case 'Conv2D':
      case 'DepthwiseConv2D':
        return this.#convolution(layer, input);
      case 'BatchNormalization':
        return this.#batchNorm(layer, input);
      case 'ReLU':
        return this.#network.activate(input, reluName(layer));
      case 'Activation':
        return this.#network.activate(input, activationName(layer, layer.config.activation));
      case 'Add':
        return inputs.slice(1).reduce((sum, other) => this.#network.add(sum, other), input);
      case 'ZeroPadding2D':
        return this.#network.pad(input, paddingOf(layer));
      case 'MaxPooling2D':
      case 'AveragePooling2D': {
        const { pool_size: kernel, strides, padding } = POOL.parse(layer.config);
        const kind = layer.class_name === 'MaxPooling2D' ? 'MaxPool' : 'AveragePool';
        return this.#network.pool(kind, input, { kernel, strides: strides ?? kernel, padding });
      }
      case 'Dropout':
        return input;
      default:
        throw new InvalidInputError(
          `expected one of ${SUPPORTED_LAYERS.join(', ')} before the last feature map, received ${layer.class_name} ("${nameOf(layer)}")`,
        );
    }
  }

  #addInput(layer: Layer): Activation {
    const shape = INPUT_SHAPE.safeParse(layer.config);
    const [, height, width, channels] = shape.data?.batch_input_shape ?? [];
    if (height == null || width == null || channels !== 3) {
      throw new InvalidInputError(
        `expected pictures [height, width, 3] of a fixed size for layer "${nameOf(layer)}", ` +
          `received [${(shape.data?.batch_input_shape ?? []).join(', ')}]; export the model with a fixed size`,
      );
    }
    this.#input = this.#network.addInput(height, width);
    return this.#input;
  }

  #convolution(layer: Layer, input: Activation): Activation {
    const {
      strides,
      padding,
      data_format: layout,
      dilation_rate: dilations,
      activation,
    } = CONVOLUTION.parse(layer.config);
    if (layout !== 'channels_last')
      throw new InvalidInputError(`expected channels_last for layer "${nameOf(layer)}", received ${layout}`);
    const isDepthwise = layer.class_name === 'DepthwiseConv2D';
    const kernel = this.#weight(layer, isDepthwise ? 'depthwise_kernel' : 'kernel');
    const bias = this.#weights.get(`${nameOf(layer)}/bias`);
    const window: Window = { kernel: [kernel.dims[0] ?? 1, kernel.dims[1] ?? 1], strides, dilations, padding };
    const weights = { kernel, bias: bias === undefined ? null : valuesOf(bias) };
    const result = isDepthwise
      ? this.#network.depthwise(input, weights, window)
      : this.#network.convolution(input, weights, window);
    return this.#network.activate(result, activationName(layer, activation ?? 'linear'));
  }

  /** gamma * (x - mean) / sqrt(variance + epsilon) + beta, where gamma and beta may be switched off. */
  #batchNorm(layer: Layer, input: Activation): Activation {
    const { epsilon } = BATCH_NORM.parse(layer.config);
    const mean = valuesOf(this.#weight(layer, 'moving_mean'));
    const variance = valuesOf(this.#weight(layer, 'moving_variance'));
    const gamma = this.#weights.get(`${nameOf(layer)}/gamma`);
    const beta = this.#weights.get(`${nameOf(layer)}/beta`);
    const gammas = gamma === undefined ? null : valuesOf(gamma);
    const betas = beta === undefined ? null : valuesOf(beta);
    const scale = variance.map((value, index) => (gammas?.[index] ?? 1) / Math.sqrt(value + epsilon));
    const shift = mean.map((value, index) => (betas?.[index] ?? 0) - value * (scale[index] ?? 0));
    return this.#network.affine(input, scale, shift);
  }

  #weight(layer: Layer, name: string): TfjsTensor {
    const weight = this.#weights.get(`${nameOf(layer)}/${name}`);
    if (weight !== undefined) return weight;
    throw new InvalidInputError(
      `expected the weight "${nameOf(layer)}/${name}", found none; the shards belong to another model.json`,
    );
  }
}

function nameOf({ name, config }: Layer): string {
  return name ?? config.name ?? 'without a name';
}

function activationName(layer: Layer, name: unknown): ActivationName {
  const found = ACTIVATIONS.find((candidate) => candidate === name);
  if (found !== undefined) return found;
  throw new InvalidInputError(
    `expected one of ${ACTIVATIONS.join(', ')} as activation of "${nameOf(layer)}", received ${String(name)}`,
  );
}

function reluName(layer: Layer): ActivationName {
  const { max_value: max } = RELU.parse(layer.config);
  if (max == null) return 'relu';
  if (max === 6) return 'relu6';
  throw new InvalidInputError(`expected no max_value or 6 for "${nameOf(layer)}", received ${max}`);
}

function paddingOf(layer: Layer): Extract<Padding, readonly unknown[]> {
  const { padding } = PADDING.parse(layer.config);
  if (typeof padding === 'number') return [padding, padding, padding, padding];
  const [vertical, horizontal] = padding;
  const [top = 0, bottom = 0] = typeof vertical === 'number' ? [vertical, vertical] : vertical;
  const [left = 0, right = 0] = typeof horizontal === 'number' ? [horizontal, horizontal] : horizontal;
  return [top, bottom, left, right];
}
