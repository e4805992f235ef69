import { asWeightedNode, quantiseChannels, type WeightedNode } from './channel-weights.ts';
import { OnnxGraph } from '../../onnx/onnx-graph.ts';
import { makeNode, ONNX_FLOAT, type OnnxNode } from '../../onnx/onnx-node.ts';

/** Weights of one output channel; with fewer (depthwise convolutions) little is saved and much accuracy lost: they stay float32. */
const FEWEST_PER_CHANNEL = 32;
const INT8_LIMIT = 127;

/**
 * Precision `int8-weights`: the weights of Conv, Gemm and MatMul are stored as int8 with a scale for each output channel, then
 * `Cast` and `Mul`, which ONNX Runtime computes once at load. A quarter of the file, the speed of float32.
 *
 * @param model an ONNX file; weights that are computed in the graph from stored integers stay as they are
 */
export function quantiseWeights(model: Uint8Array): Uint8Array {
  const graph = new OnnxGraph(model);
  const weights = new Map<string, WeightedNode>();
  for (const node of graph.nodes) {
    const weighted = asWeightedNode(graph, node);
    if (weighted && perChannel(weighted) >= FEWEST_PER_CHANNEL) weights.set(weighted.weightName, weighted);
  }
  graph.nodes = [...[...weights.values()].flatMap((weight) => storeAsInt8(graph, weight)), ...graph.nodes];
  graph.prune();
  return graph.toBytes();
}

/** Nodes that give the weight again under its old name. */
function storeAsInt8(graph: OnnxGraph, { weightName, weight, axis }: WeightedNode): readonly OnnxNode[] {
  const { quantised, scales } = quantiseChannels(weight, axis, INT8_LIMIT);
  const stored = graph.setConstant(`${weightName}/int8`, 'int8', weight.dims, quantised);
  const scaleDims = weight.dims.map((size, at) => (at === axis ? size : 1));
  const scale = graph.setConstant(`${weightName}/scale`, 'float32', scaleDims, scales);
  graph.removeConstant(weightName);
  const cast = makeNode('Cast', [stored], `${weightName}/cast`, { to: ONNX_FLOAT });
  return [cast, makeNode('Mul', [`${weightName}/cast`, scale], weightName)];
}

function perChannel({ weight, axis }: WeightedNode): number {
  return weight.data.length / (weight.dims[axis] ?? 1);
}
