import { openSession } from '../../onnx/session.ts';
import { foldBatchNorm } from '../resnet50/fold-batch-norm.ts';
import type { OnnxGraph } from '../../onnx/onnx-graph.ts';
import { floatAttribute, type OnnxNode } from '../../onnx/onnx-node.ts';

/** What was replaced, so that what stays float32 can go back to its smaller stored form. */
export interface FoldedConstants {
  readonly nodes: readonly OnnxNode[];
  readonly names: readonly string[];
}

/**
 * Computes what does not depend on the picture (a stored int8 weight that is cast and scaled, for example) and puts the float32
 * results in place, then folds batch normalisation into the convolution in front of it. The graph computes the same.
 */
export async function foldConstants(graph: OnnxGraph): Promise<FoldedConstants> {
  const nodes = findConstantNodes(graph);
  const made = new Set(nodes.flatMap((node) => node.output ?? []));
  const used = graph.nodes.filter((node) => !nodes.includes(node)).flatMap((node) => node.input ?? []);
  const frontier = [...new Set(used)].filter((name) => made.has(name));
  const names = frontier.length > 0 ? await replaceByResults(graph, nodes, frontier) : [];
  foldBatchNorms(graph);
  return { nodes, names };
}

/** Puts the nodes back whose results are still read, and drops everything that is not. */
export function unfoldConstants(graph: OnnxGraph, { nodes, names }: FoldedConstants): void {
  const constant = new Set(nodes);
  for (const name of names) graph.removeConstant(name);
  graph.nodes = [...nodes, ...graph.nodes.filter((node) => !constant.has(node))];
  graph.prune();
}

function findConstantNodes(graph: OnnxGraph): readonly OnnxNode[] {
  const known = new Set<string>();
  return graph.nodes.filter((node) => {
    const isKnown = (node.input ?? []).every((name) => name === '' || known.has(name) || graph.isConstant(name));
    const isPure =
      !/^Random|^Multinomial|^Bernoulli/.test(node.opType ?? '') && !(node.attribute ?? []).some((a) => a.g);
    if (isKnown && isPure) for (const name of node.output ?? []) known.add(name);
    return isKnown && isPure;
  });
}

/** Values of other types, such as shapes, keep their nodes. */
async function replaceByResults(
  graph: OnnxGraph,
  nodes: readonly OnnxNode[],
  frontier: readonly string[],
): Promise<readonly string[]> {
  const session = await openSession(graph.constantPart(nodes, frontier), { threads: 1 });
  try {
    const floats = session.outputs.filter(({ type }) => type === 'float32').map(({ name }) => name);
    const results = floats.length > 0 ? await session.run({}, floats) : {};
    const replaced = new Set(floats);
    for (const [name, { data, dims }] of Object.entries(results)) graph.setConstant(name, 'float32', dims, data);
    graph.nodes = graph.nodes.filter((node) => !(node.output ?? []).some((name) => replaced.has(name)));
    return floats;
  } finally {
    await session.release();
  }
}

function foldBatchNorms(graph: OnnxGraph): void {
  const consumers = graph.consumers();
  const producers = new Map(graph.nodes.flatMap((node) => (node.output ?? []).map((name) => [name, node] as const)));
  const folded = new Set<OnnxNode>();
  for (const norm of graph.nodes.filter(({ opType }) => opType === 'BatchNormalization')) {
    const [x = ''] = norm.input ?? [];
    const conv = producers.get(x);
    const isAlone = consumers.get(x)?.length === 1 && !graph.outputNames.includes(x);
    if (conv?.opType === 'Conv' && isAlone && foldInto(graph, conv, norm)) folded.add(norm);
  }
  graph.nodes = graph.nodes.filter((node) => !folded.has(node));
}

function foldInto(graph: OnnxGraph, conv: OnnxNode, norm: OnnxNode): boolean {
  const [x = '', weightName = '', biasName = ''] = conv.input ?? [];
  const weight = graph.floatConstant(weightName);
  const bias = biasName === '' ? null : graph.floatConstant(biasName);
  const [gamma, beta, mean, variance] = (norm.input ?? []).slice(1).map((name) => graph.floatConstant(name)?.data);
  const [output = ''] = norm.output ?? [];
  if (!weight || (biasName !== '' && !bias) || !gamma || !beta || !mean || !variance) return false;
  const parts = { kernel: weight.data, bias: bias?.data ?? null, gamma, beta, mean, variance };
  const folded = foldBatchNorm(parts, floatAttribute(norm, 'epsilon', 1e-5));
  conv.input = [
    x,
    graph.setConstant(`${output}/folded_weight`, 'float32', weight.dims, folded.kernel),
    graph.setConstant(`${output}/folded_bias`, 'float32', [folded.bias.length], folded.bias),
  ];
  conv.output = [output];
  return true;
}
