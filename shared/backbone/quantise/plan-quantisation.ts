import { asWeightedNode, type WeightedNode } from './channel-weights.ts';
import type { OnnxGraph } from '../../onnx/onnx-graph.ts';
import type { OnnxNode } from '../../onnx/onnx-node.ts';

/** Which nodes compute in int8 and which values lie between them as uint8. */
export interface QuantisationPlan {
  readonly weighted: readonly WeightedNode[];
  /** Values with a scale of their own, in the order of computation. */
  readonly observed: readonly string[];
  /** Values that have the scale of another: a maximum does not change it. */
  readonly sharedScale: ReadonlyMap<string, string>;
  /** Nodes that compute in int8. */
  readonly nodes: readonly OnnxNode[];
}

const WITHOUT_WEIGHTS = new Set(['Add', 'Concat', 'AveragePool']);
const SCALE_KEEPING = new Set(['MaxPool', 'Flatten', 'Reshape', 'Transpose', 'Squeeze', 'Unsqueeze']);
const ACTIVATIONS = new Set(['Relu', 'Clip']);
const GLOBAL_POOLS = new Set(['GlobalAveragePool', 'ReduceMean']);

/**
 * Convolutions, products, sums, concatenations and poolings compute in int8. What follows a global pooling stays float32: it works on
 * one position, where int8 gains nothing and the embedding would lose.
 */
export function planQuantisation(graph: OnnxGraph): QuantisationPlan {
  const pooled = findPooled(graph);
  const weighted: WeightedNode[] = [];
  const nodes: OnnxNode[] = [];
  for (const node of graph.nodes) {
    const inputs = dataInputs(graph, node);
    if (inputs.length === 0 || inputs.some((name) => pooled.has(name))) continue;
    const weights = asWeightedNode(graph, node);
    const isWithoutWeights = WITHOUT_WEIGHTS.has(node.opType ?? '') && inputs.length === (node.input ?? []).length;
    if (weights && hasConstantBias(graph, node)) weighted.push(weights);
    else if (!isWithoutWeights) continue;
    nodes.push(node);
  }
  return { weighted, nodes, ...findValues(graph, nodes) };
}

function findValues(graph: OnnxGraph, nodes: readonly OnnxNode[]): Pick<QuantisationPlan, 'observed' | 'sharedScale'> {
  const consumers = graph.consumers();
  const wanted = new Set(nodes.flatMap((node) => dataInputs(graph, node)));
  for (const node of nodes) wanted.add(behindActivation(graph, consumers, node));
  const sharedScale = new Map<string, string>();
  for (const node of graph.nodes) {
    const [input = ''] = node.input ?? [];
    const [output = ''] = node.output ?? [];
    // In the order of computation, so a chain of poolings is found link by link.
    if (SCALE_KEEPING.has(node.opType ?? '') && wanted.has(input)) {
      wanted.add(output);
      sharedScale.set(output, sharedScale.get(input) ?? input);
    }
  }
  const order = [...graph.inputNames, ...graph.nodes.flatMap((node) => node.output ?? [])];
  return { observed: order.filter((name) => wanted.has(name) && !sharedScale.has(name)), sharedScale };
}

/** Quantising cuts below zero or above six by itself, so the value behind a ReLU is the one to quantise. */
function behindActivation(
  graph: OnnxGraph,
  consumers: ReadonlyMap<string, readonly OnnxNode[]>,
  node: OnnxNode,
): string {
  const [output = ''] = node.output ?? [];
  const [next, ...others] = consumers.get(output) ?? [];
  const isFused =
    next && others.length === 0 && ACTIVATIONS.has(next.opType ?? '') && !graph.outputNames.includes(output);
  return isFused ? (next.output?.[0] ?? output) : output;
}

function findPooled(graph: OnnxGraph): ReadonlySet<string> {
  const pooled = new Set<string>();
  for (const { opType, input, output } of graph.nodes) {
    const isPooled =
      GLOBAL_POOLS.has(opType ?? '') || (SCALE_KEEPING.has(opType ?? '') && pooled.has(input?.[0] ?? ''));
    if (isPooled) for (const name of output ?? []) pooled.add(name);
  }
  return pooled;
}

function dataInputs(graph: OnnxGraph, node: OnnxNode): readonly string[] {
  return (node.input ?? []).filter((name) => name !== '' && !graph.isConstant(name));
}

function hasConstantBias(graph: OnnxGraph, node: OnnxNode): boolean {
  const [, , bias = ''] = node.input ?? [];
  return bias === '' || graph.floatConstant(bias) !== null;
}
