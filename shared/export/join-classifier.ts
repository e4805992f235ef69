import type { BackboneOutputs, Pooling } from '../backbone/backbone.ts';
import { InvalidInputError } from '../errors.ts';
import type { HeadWeights } from '../head/head.ts';
import { GraphBuilder } from '../onnx/graph-builder.ts';
import { OnnxGraph } from '../onnx/onnx-graph.ts';

export interface ClassifierHead {
  readonly weights: HeadWeights;
  readonly pooling: Pooling;
  readonly temperature: number;
}

export const LOGITS = 'logits';
export const PROBABILITIES = 'probabilities';

/** Gemm, Cast, Div, Softmax, Transpose and Flatten mean the same in every operator set from this one on. */
const SMALLEST_OPSET = 7;

/**
 * One graph of a backbone and a head: the backbone's input, outputs `logits` and `probabilities` float32 `[N, C]`. Between the two the
 * vector is rounded to float16, as the cache that the head was trained on holds it, so that the numbers are those of the served model.
 *
 * The backbone's nodes stay as they are, in any precision and any operator set.
 *
 * @param metadata text by key, for the file
 * @throws InvalidInputError for a graph that is too old, or has no feature map to flatten
 */
export function joinClassifier(
  backbone: Uint8Array,
  outputs: BackboneOutputs,
  head: ClassifierHead,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const graph = new OnnxGraph(backbone);
  if (graph.opset < SMALLEST_OPSET) {
    throw new InvalidInputError(
      `expected a backbone of operator set ${SMALLEST_OPSET} or newer, received ${graph.opset}; import it again from a newer export`,
    );
  }
  for (const name of [LOGITS, PROBABILITIES]) if (graph.hasValue(name)) graph.renameValue(name, `backbone/${name}`);
  graph.append(headGraph(outputs, head), 'classifier/');
  const classCount = head.weights.classCount;
  graph.setOutputs([LOGITS, PROBABILITIES].map((name) => ({ name, dims: ['N', classCount] })));
  graph.prune();
  graph.setMetadata(metadata);
  return graph.toBytes();
}

function headGraph(outputs: BackboneOutputs, { weights, pooling, temperature }: ClassifierHead): Uint8Array {
  const { dimensions, classCount } = weights;
  const graph = new GraphBuilder('head');
  const vector = addVector(graph, outputs, pooling); // [N, D] float32
  const halves = graph.add('Cast', [vector], { to: { type: 'float16' } });
  const rounded = graph.add('Cast', [halves], { to: { type: 'float32' } });
  const kernel = graph.addConstant('float32', [dimensions, classCount], weights.kernel, 'kernel');
  const bias = graph.addConstant('float32', [classCount], weights.bias, 'bias');
  const logits = graph.add('Gemm', [rounded, kernel, bias], {}, LOGITS);
  const divisor = graph.addConstant('float32', [], Float32Array.of(temperature), 'temperature');
  graph.add('Softmax', [graph.add('Div', [logits, divisor])], { axis: 1n }, PROBABILITIES);
  for (const name of [LOGITS, PROBABILITIES]) graph.addOutput(name, 'float32', ['N', classCount]);
  return graph.toModel();
}

/** For `flatten` all positions in NHWC order, as Keras' Flatten gives them. */
function addVector(graph: GraphBuilder, { features, embedding }: BackboneOutputs, pooling: Pooling): string {
  if (pooling === 'avg') return graph.addInput(embedding.name, 'float32', ['N', embedding.dimensions]);
  if (features === null) {
    throw new InvalidInputError('expected a backbone with a feature map for pooling flatten, received one without');
  }
  const { name, channels, height, width } = features;
  const map = graph.addInput(name, 'float32', ['N', channels, height, width]);
  return graph.add('Flatten', [graph.add('Transpose', [map], { perm: [0n, 2n, 3n, 1n] })], { axis: 1n });
}
