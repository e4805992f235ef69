import { quantiseChannels, type WeightedNode } from './channel-weights.ts';
import type { UInt8Scale } from './choose-range.ts';
import { makeNode, type OnnxGraph, type OnnxNode } from './onnx-graph.ts';
import type { QuantisationPlan } from './plan-quantisation.ts';

/** Half of int32's range, so that sums on top of a bias cannot overflow. */
const LARGEST_BIAS = 2 ** 30;

/**
 * Writes QuantizeLinear and DequantizeLinear around the nodes of the plan; ONNX Runtime turns each group into one int8 kernel.
 *
 * @param scales of every observed value
 * @param weightLimit 127 uses int8 fully; 63 cannot overflow the 16-bit sums of processors without VNNI
 */
export function insertScales(
  graph: OnnxGraph,
  plan: QuantisationPlan,
  scales: ReadonlyMap<string, UInt8Scale>,
  weightLimit: number,
): void {
  const scaleOf = (name: string) => scales.get(plan.sharedScale.get(name) ?? name);
  for (const weighted of plan.weighted) {
    const input = scaleOf(weighted.node.input?.[0] ?? '');
    if (input) graph.nodes.unshift(...quantiseWeighted(graph, weighted, input.scale, weightLimit));
  }
  const values = [...plan.observed, ...plan.sharedScale.keys()];
  for (const name of values) {
    const scale = scaleOf(name);
    if (scale) quantiseValue(graph, name, scale);
  }
}

function quantiseWeighted(
  graph: OnnxGraph,
  { node, weight, axis }: WeightedNode,
  inputScale: number,
  weightLimit: number,
): readonly OnnxNode[] {
  const stem = node.output?.[0] ?? '';
  const [x = '', , biasName = ''] = node.input ?? [];
  const bias = biasName === '' ? null : graph.floatConstant(biasName);
  // A channel with tiny weights and a large bias would need more than 32 bits for its bias: its scale is raised.
  const smallest = bias?.data.map((value) => Math.abs(value) / LARGEST_BIAS / inputScale);
  const { quantised, scales } = quantiseChannels(weight, axis, weightLimit, smallest);
  const inputs = [
    graph.setConstant(`${stem}/weight_int8`, 'int8', weight.dims, quantised),
    graph.setConstant(`${stem}/weight_scale`, 'float32', [scales.length], scales),
    graph.setConstant(`${stem}/weight_zero`, 'int8', [scales.length], new Int8Array(scales.length)),
  ];
  const weightOut = `${stem}/weight`;
  const nodes = [makeNode('DequantizeLinear', inputs, weightOut, { axis })];
  node.input = [x, weightOut];
  if (bias) {
    const steps = scales.map((scale) => scale * inputScale);
    const rounded = Int32Array.from(bias.data, (value, o) => Math.round(value / (steps[o] ?? 1)));
    const biasInputs = [
      graph.setConstant(`${stem}/bias_int32`, 'int32', [rounded.length], rounded),
      graph.setConstant(`${stem}/bias_scale`, 'float32', [steps.length], steps),
      graph.setConstant(`${stem}/bias_zero`, 'int32', [rounded.length], new Int32Array(rounded.length)),
    ];
    nodes.push(makeNode('DequantizeLinear', biasInputs, `${stem}/bias`, { axis: 0 }));
    node.input.push(`${stem}/bias`);
  }
  return nodes;
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
