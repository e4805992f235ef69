import { InvalidInputError } from '../../errors.ts';
import type { ConvertedNetwork } from './converted-network.ts';
import { FeatureNetwork, type Activation, type ActivationName, type Padding, type Window } from './feature-network.ts';
import { GraphNode, type TfjsGraphNode } from './graph-node.ts';
import { valuesOf, type TfjsTensor } from './tfjs-weights.ts';

/** Operators that are rewritten; the classifier behind the last feature map is cut off, so it may hold any other. */
export const SUPPORTED_OPERATORS = [
  'Placeholder',
  'Identity',
  'Conv2D',
  '_FusedConv2D',
  'DepthwiseConv2dNative',
  'FusedDepthwiseConv2dNative',
  'FusedBatchNorm',
  'FusedBatchNormV3',
  'BiasAdd',
  'Add',
  'AddV2',
  'Sub',
  'Mul',
  'Relu',
  'Relu6',
  'Elu',
  'Sigmoid',
  'Tanh',
  'Pad',
  'MaxPool',
  'AvgPool',
] as const;

/** Operators after which there are no positions any more: the feature map in front of the first of them is the backbone's last. */
const HEAD_OPERATORS = new Set(['Mean', 'Squeeze', 'Reshape', 'MatMul', '_FusedMatMul', 'Softmax']);

const ACTIVATION_OF: Readonly<Record<string, ActivationName>> = {
  Relu: 'relu',
  Relu6: 'relu6',
  Elu: 'elu',
  Sigmoid: 'sigmoid',
  Tanh: 'tanh',
};

/**
 * Rewrites a TF.js graph model (NHWC) as ONNX (NCHW) and cuts it at its last feature map.
 *
 * @throws InvalidInputError for an operator, layout or attribute that is not supported, by its name
 */
export function convertGraphModel(
  nodes: readonly TfjsGraphNode[],
  weights: ReadonlyMap<string, TfjsTensor>,
): ConvertedNetwork {
  return new GraphConverter(nodes, weights).convert();
}

class GraphConverter {
  readonly #nodes: ReadonlyMap<string, GraphNode>;
  readonly #weights: ReadonlyMap<string, TfjsTensor>;
  readonly #network = new FeatureNetwork();
  readonly #done = new Map<string, Activation>();

  constructor(nodes: readonly TfjsGraphNode[], weights: ReadonlyMap<string, TfjsTensor>) {
    this.#nodes = new Map(nodes.map((node) => [node.name, new GraphNode(node)]));
    this.#weights = weights;
  }

  convert(): ConvertedNetwork {
    const features = this.#activation(this.#lastFeatureMap().name);
    const input = [...this.#done.entries()].find(([name]) => this.#nodes.get(name)?.op === 'Placeholder');
    const inputSize = input?.[1].size ?? null;
    if (features.size === null || inputSize === null) {
      throw new InvalidInputError(
        'expected a network from pictures to a feature map, found none; export an image model',
      );
    }
    return {
      model: this.#network.toModel(features),
      ...inputSize,
      channels: features.channels,
      featureSize: features.size,
    };
  }

  /** Follows the graph back from its end, past the classifier and the pooling over all positions. */
  #lastFeatureMap(): GraphNode {
    const consumed = new Set([...this.#nodes.values()].flatMap((node) => node.inputs));
    let node = [...this.#nodes.values()].find(({ name, op }) => !consumed.has(name) && op !== 'Const');
    while (
      node !== undefined &&
      (isHead(node) || node.op === 'Identity' || node.op === 'AvgPool' || this.#isBehindPooling(node))
    ) {
      node = this.#nodes.get(node.inputs.find((name) => !this.#weights.has(name)) ?? '');
    }
    if (node === undefined)
      throw new InvalidInputError('expected a graph with an output, found none; export the model again');
    return node;
  }

  /** An element-wise operator between dense layers. */
  #isBehindPooling(node: GraphNode): boolean {
    const before = this.#nodes.get(node.inputs[0] ?? '');
    return (
      before !== undefined &&
      (isHead(before) || (ACTIVATION_OF[node.op] !== undefined && this.#isBehindPooling(before)))
    );
  }

  #activation(name: string): Activation {
    const known = this.#done.get(name);
    if (known !== undefined) return known;
    const node = this.#nodes.get(name);
    if (node === undefined)
      throw new InvalidInputError(`expected node "${name}" in the graph, found none; export the model again`);
    const result = this.#convertNode(node);
    this.#done.set(name, result);
    return result;
  }

  #convertNode(node: GraphNode): Activation {
    const activation = ACTIVATION_OF[node.op];
    if (activation !== undefined) return this.#network.activate(this.#input(node, 0), activation);
    switch (node.op) {
      case 'Placeholder':
        return this.#network.addInput(...node.inputSize());
      case 'Identity':
        return this.#input(node, 0);
      case 'Conv2D':
      case '_FusedConv2D':
      case 'DepthwiseConv2dNative':
      case 'FusedDepthwiseConv2dNative':
        return this.#convolution(node);
      case 'FusedBatchNorm':
      case 'FusedBatchNormV3':
        return this.#batchNorm(node);
      case 'BiasAdd':
      case 'Add':
      case 'AddV2':
      case 'Sub':
      case 'Mul':
        return this.#elementwise(node);
      case 'Pad':
        return this.#pad(node);
      case 'MaxPool':
        return this.#network.pool('MaxPool', this.#input(node, 0), windowOf(node, node.list('ksize')));
      case 'AvgPool':
        return this.#network.pool('AveragePool', this.#input(node, 0), windowOf(node, node.list('ksize')));
      default:
        throw new InvalidInputError(
          `expected one of ${SUPPORTED_OPERATORS.join(', ')} before the last feature map, received ${node.op} ("${node.name}")`,
        );
    }
  }

  #convolution(node: GraphNode): Activation {
    const kernel = this.#weight(node, 1);
    const fused = node.strings('fused_ops');
    const hasBias = fused[0] === 'BiasAdd';
    const bias = hasBias ? valuesOf(this.#weight(node, 2)) : null;
    const window = windowOf(node, [1, kernel.dims[0] ?? 1, kernel.dims[1] ?? 1, 1]);
    const isDepthwise = node.op.includes('Depthwise');
    const input = this.#input(node, 0);
    const result = isDepthwise
      ? this.#network.depthwise(input, { kernel, bias }, window)
      : this.#network.convolution(input, { kernel, bias }, window);
    return fused
      .slice(hasBias ? 1 : 0)
      .reduce((value, name) => this.#network.activate(value, activationOf(node, name)), result);
  }

  #batchNorm(node: GraphNode): Activation {
    const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((index) => valuesOf(this.#weight(node, index)));
    if (!gamma || !beta || !mean || !variance) throw new InvalidInputError(`expected four weights for "${node.name}"`);
    const scale = gamma.map((value, index) => value / Math.sqrt((variance[index] ?? 0) + node.float('epsilon', 1e-4)));
    const shift = beta.map((value, index) => value - (mean[index] ?? 0) * (scale[index] ?? 0));
    return this.#network.affine(this.#input(node, 0), scale, shift);
  }

  #elementwise(node: GraphNode): Activation {
    const [left = '', right = ''] = node.inputs;
    const weight = this.#weights.get(right) ?? this.#weights.get(left);
    if (weight === undefined) {
      if (node.op === 'Add' || node.op === 'AddV2')
        return this.#network.add(this.#activation(left), this.#activation(right));
      throw new InvalidInputError(`expected a constant for ${node.op} "${node.name}", received two feature maps`);
    }
    const isLeft = !this.#weights.has(right);
    const values = valuesOf(weight);
    const input = this.#activation(isLeft ? right : left);
    if (node.op === 'Mul') return this.#network.affine(input, values, null);
    if (node.op !== 'Sub') return this.#network.affine(input, null, values);
    return isLeft
      ? this.#network.affine(input, Float64Array.of(-1), values)
      : this.#network.affine(
          input,
          null,
          values.map((value) => -value),
        );
  }

  #pad(node: GraphNode): Activation {
    const [, , top = 0, bottom = 0, left = 0, right = 0] = valuesOf(this.#weight(node, 1));
    return this.#network.pad(this.#input(node, 0), [top, bottom, left, right]);
  }

  #input(node: GraphNode, index: number): Activation {
    return this.#activation(node.inputs[index] ?? '');
  }

  #weight(node: GraphNode, index: number): TfjsTensor {
    const name = node.inputs[index] ?? '';
    const weight = this.#weights.get(name);
    if (weight !== undefined) return weight;
    throw new InvalidInputError(
      `expected a stored weight "${name}" for ${node.op} "${node.name}", found none; export a frozen model`,
    );
  }
}

function isHead({ op }: GraphNode): boolean {
  return HEAD_OPERATORS.has(op);
}

function activationOf(node: GraphNode, name: string): ActivationName {
  const activation = ACTIVATION_OF[name];
  if (activation !== undefined) return activation;
  throw new InvalidInputError(
    `expected one of ${Object.keys(ACTIVATION_OF).join(', ')} fused into "${node.name}", received ${name}`,
  );
}

function windowOf(node: GraphNode, kernel: readonly number[]): Window {
  const layout = node.string('data_format', 'NHWC');
  if (layout !== 'NHWC') throw new InvalidInputError(`expected layout NHWC for "${node.name}", received ${layout}`);
  const pair = (values: readonly number[]) => [values[1] ?? 1, values[2] ?? 1] as const;
  return {
    kernel: pair(kernel),
    strides: pair(node.list('strides')),
    dilations: pair(node.list('dilations')),
    padding: paddingOf(node),
  };
}

function paddingOf(node: GraphNode): Padding {
  const name = node.string('padding', 'VALID');
  if (name === 'SAME') return 'same';
  if (name === 'VALID') return 'valid';
  const [, , top = 0, bottom = 0, left = 0, right = 0] = node.list('explicit_paddings');
  return [top, bottom, left, right];
}
