import { InvalidInputError } from '../../errors.ts';
import type { OnnxGraph } from '../../onnx/onnx-graph.ts';
import { intsAttribute, type OnnxNode } from '../../onnx/onnx-node.ts';
import type { TensorFact } from '../../onnx/session.ts';

/** Names of the values that become the backbone's outputs; one of them may be null. */
export interface ChosenValues {
  readonly features: string | null;
  readonly embedding: string | null;
}

export interface ChooseValuesOptions {
  readonly featuresName?: string;
  readonly embeddingName?: string;
}

const SHOWN_VALUES = 8;

/**
 * What the user names; else the outputs called `features` and `embedding`; else, in a classifier, what its last pooling over all
 * positions reads.
 *
 * @throws InvalidInputError that lists what could be named
 */
export function chooseValues(graph: OnnxGraph, fileName: string, options: ChooseValuesOptions): ChosenValues {
  const { featuresName, embeddingName } = options;
  for (const name of [featuresName, embeddingName]) {
    if (name === undefined || graph.hasValue(name)) continue;
    throw new InvalidInputError(
      `expected a value called "${name}" in "${fileName}", found the outputs ${describeFacts(graph.outputs)}; ` +
        `inside the graph the last values are ${lastValues(graph).join(', ')}`,
    );
  }
  const standard = (name: string) => (graph.outputNames.includes(name) ? name : null);
  const features = featuresName ?? (embeddingName === undefined ? standard('features') : null);
  const embedding = embeddingName ?? (featuresName === undefined ? standard('embedding') : null);
  if (features !== null || embedding !== null) return { features, embedding };
  const pooled = findPooledMap(graph);
  if (pooled !== null) return { features: pooled, embedding: null };
  throw new InvalidInputError(
    `expected an output called features or embedding, or a global pooling, in "${fileName}", found ${describeFacts(graph.outputs)}; ` +
      `name the feature map with --features or the pooled vector with --embedding: an output, or a value inside the graph, of which the last are ` +
      lastValues(graph).join(', '),
  );
}

/** `image float32[N, 3, 224, 224], ...` */
export function describeFacts(facts: readonly TensorFact[]): string {
  return facts.map(({ name, type, dims }) => `${name} ${type}[${dims.join(', ')}]`).join(', ') || 'none';
}

/** Squeeze-and-excitation blocks pool too; the classifier's own pooling is the last. */
function findPooledMap(graph: OnnxGraph): string | null {
  const last = graph.nodes.findLast((node) => node.opType === 'GlobalAveragePool' || isMeanOverPositions(graph, node));
  return last?.input?.[0] ?? null;
}

/** ReduceMean over two axes that are neither batch nor the only channels: `[2, 3]` of NCHW, `[1, 2]` of NHWC. */
function isMeanOverPositions(graph: OnnxGraph, node: OnnxNode): boolean {
  if (node.opType !== 'ReduceMean') return false;
  const axes = intsAttribute(node, 'axes') ?? graph.intConstant(node.input?.[1] ?? '') ?? [];
  const sorted = axes.map((axis) => (axis < 0 ? axis + 4 : axis)).sort((a, b) => a - b);
  return ['1,2', '2,3'].includes(sorted.join());
}

/** Last first. */
function lastValues(graph: OnnxGraph): string[] {
  const names = graph.nodes.flatMap(({ output }) => output ?? []);
  return names.reverse().slice(0, SHOWN_VALUES);
}
