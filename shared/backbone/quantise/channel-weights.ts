import type { FloatConstant, OnnxGraph } from '../../onnx/onnx-graph.ts';
import { intAttribute, type OnnxNode } from '../../onnx/onnx-node.ts';

/** A node whose second input is a constant weight. */
export interface WeightedNode {
  readonly node: OnnxNode;
  readonly weightName: string;
  readonly weight: FloatConstant;
  /** Of the weight's output channels. */
  readonly axis: number;
}

/** Null unless the node is a Conv, Gemm or MatMul with a constant float32 weight. */
export function asWeightedNode(graph: OnnxGraph, node: OnnxNode): WeightedNode | null {
  if (!['Conv', 'Gemm', 'MatMul'].includes(node.opType ?? '')) return null;
  const [, weightName = ''] = node.input ?? [];
  const weight = graph.floatConstant(weightName);
  if (!weight || (node.opType !== 'Conv' && weight.dims.length !== 2)) return null;
  const isOutputFirst = node.opType === 'Conv' || intAttribute(node, 'transB', 0) === 1;
  return { node, weightName, weight, axis: isOutputFirst ? 0 : 1 };
}

/** int8 weights, `value = quantised * scale[channel]`. */
export interface ChannelWeights {
  readonly quantised: Int8Array;
  /** `[channels]` float32. */
  readonly scales: Float32Array;
}

/**
 * Symmetric int8 per channel: `quantised = round(value / scale)`, cut to ±`limit`, `scale = max(|value|) / limit`.
 *
 * @param axis of the channels: 0 or 1 of at least that many
 * @param smallestScales raises scales; for biases that must fit into int32
 */
export function quantiseChannels(
  { dims, data }: FloatConstant,
  axis: number,
  limit: number,
  smallestScales?: Float32Array,
): ChannelWeights {
  const channels = dims[axis] ?? 1;
  const stride = dims.slice(axis + 1).reduce((product, size) => product * size, 1);
  const channelOf = (at: number) => Math.floor(at / stride) % channels;
  const largest = new Float32Array(channels);
  for (let at = 0; at < data.length; at++) {
    const channel = channelOf(at);
    largest[channel] = Math.max(largest[channel] ?? 0, Math.abs(data[at] ?? 0));
  }
  const scales = largest.map((value, channel) => Math.max(value / limit, smallestScales?.[channel] ?? 0) || 1);
  const quantised = new Int8Array(data.length);
  for (let at = 0; at < data.length; at++) {
    const steps = Math.round((data[at] ?? 0) / (scales[channelOf(at)] ?? 1));
    quantised[at] = Math.max(-limit, Math.min(limit, steps));
  }
  return { quantised, scales };
}
