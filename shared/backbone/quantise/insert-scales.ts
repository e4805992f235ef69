import { quantiseChannels, type WeightedNode } from './channel-weights.ts';
import type { UInt8Scale } from './choose-range.ts';
import type { OnnxGraph } from '../../onnx/onnx-graph.ts';
import { makeNode, type OnnxNode } from '../../onnx/onnx-node.ts';
import type { QuantisationPlan } from './plan-quantisation.ts';
import { roundingBias } from './rounding-bias.ts';

/** Half of int32's range, so that sums on top of a bias cannot overflow. */
const LARGEST_BIAS = 2 ** 30;
const INT8_LIMIT = 127;

export interface Calibration {
  /** Of every observed value. */
  readonly scales: ReadonlyMap<string, UInt8Scale>;
  /** By channel, of every input of a node with weights. */
  readonly means: ReadonlyMap<string, Float64Array>;
  /** 127 uses int8 fully; 63 cannot overflow the 16-bit sums of processors without VNNI. */
  readonly weightLimit: number;
}

/**
 * Writes QuantizeLinear and DequantizeLinear around the nodes of the plan; ONNX Runtime turns each group into one int8 kernel.
 */
export function insertScales(graph: OnnxGraph, plan: QuantisationPlan, calibration: Calibration): void {
  const scaleOf = (name: string) => calibration.scales.get(plan.sharedScale.get(name) ?? name);
  for (const weighted of plan.weighted) {
    const [input = ''] = weighted.node.input ?? [];
    const scale = scaleOf(input)?.scale;
    const means = calibration.means.get(input);
    if (scale !== undefined && means) {
      graph.nodes.unshift(...quantiseWeighted(graph, weighted, { scale, means, limit: calibration.weightLimit }));
    }
  }
  for (const name of [...plan.observed, ...plan.sharedScale.keys()]) {
    const scale = scaleOf(name);
    if (scale) quantiseValue(graph, name, scale);
  }
}

interface InputFacts {
  readonly scale: number;
  readonly means: Float64Array;
  readonly limit: number;
}

function quantiseWeighted(graph: OnnxGraph, weighted: WeightedNode, input: InputFacts): readonly OnnxNode[] {
  const { node, weight, axis } = weighted;
  const stem = node.output?.[0] ?? '';
  const [x = '', , biasName = ''] = node.input ?? [];
  const bias = biasName === '' ? null : (graph.floatConstant(biasName)?.data ?? null);
  // A channel with tiny weights and a large bias would need more than 32 bits for its bias: its scale is raised.
  const smallest = bias?.map((value) => Math.abs(value) / LARGEST_BIAS / input.scale);
  const channels = quantiseChannels(weight, axis, limitOf(weighted, input), smallest);
  const { quantised, scales } = channels;
  const weightInputs = [
    graph.setConstant(`${stem}/weight_int8`, 'int8', weight.dims, quantised),
    graph.setConstant(`${stem}/weight_scale`, 'float32', [scales.length], scales),
    graph.setConstant(`${stem}/weight_zero`, 'int8', [scales.length], new Int8Array(scales.length)),
  ];
  const dequantised = makeNode('DequantizeLinear', weightInputs, `${stem}/weight`, { axis });
  node.input = [x, `${stem}/weight`];
  // MatMul takes no bias.
  if (node.opType === 'MatMul') return [dequantised];
  node.input.push(`${stem}/bias`);
  const moved = roundingBias(weighted, channels, input.means);
  const corrected = moved.map((value, o) => (bias?.[o] ?? 0) - value);
  return [
    dequantised,
    storeBias(
      graph,
      stem,
      corrected,
      scales.map((scale) => scale * input.scale),
    ),
  ];
}

/** Depthwise kernels sum in 32 bits on every processor, and their few weights need every step. */
function limitOf({ node, weight }: WeightedNode, { limit, means }: InputFacts): number {
  const isDepthwise = node.opType === 'Conv' && weight.dims[1] === 1 && means.length > 1;
  return isDepthwise ? INT8_LIMIT : limit;
}

function storeBias(graph: OnnxGraph, stem: string, bias: Float32Array, scales: Float32Array): OnnxNode {
  const rounded = Int32Array.from(bias, (value, o) => Math.round(value / (scales[o] ?? 1)));
  const inputs = [
    graph.setConstant(`${stem}/bias_int32`, 'int32', [rounded.length], rounded),
    graph.setConstant(`${stem}/bias_scale`, 'float32', [rounded.length], scales),
    graph.setConstant(`${stem}/bias_zero`, 'int32', [rounded.length], new Int32Array(rounded.length)),
  ];
  return makeNode('DequantizeLinear', inputs, `${stem}/bias`, { axis: 0 });
}

/** Readers keep the value's name, so that only its writer changes; an input has no writer, so its readers change. */
function quantiseValue(graph: OnnxGraph, name: string, { scale, zeroPoint }: UInt8Scale): void {
  const scaleName = graph.setConstant(`${name}/scale`, 'float32', [], Float32Array.of(scale));
  const zeroName = graph.setConstant(`${name}/zero`, 'uint8', [], Uint8Array.of(zeroPoint));
  const isInput = graph.inputNames.includes(name);
  const from = isInput ? name : `${name}/float`;
  const to = isInput ? `${name}/rounded` : name;
  const at = isInput ? 0 : graph.nodes.findIndex((node) => (node.output ?? []).includes(name)) + 1;
  if (isInput) rename(graph.nodes, 'input', name, to);
  else rename(graph.nodes.slice(at - 1, at), 'output', name, from);
  graph.nodes.splice(
    at,
    0,
    makeNode('QuantizeLinear', [from, scaleName, zeroName], `${name}/uint8`),
    makeNode('DequantizeLinear', [`${name}/uint8`, scaleName, zeroName], to),
  );
}

function rename(nodes: readonly OnnxNode[], side: 'input' | 'output', from: string, to: string): void {
  for (const node of nodes) node[side] = (node[side] ?? []).map((name) => (name === from ? to : name));
}
