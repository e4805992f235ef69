import { GraphBuilder } from '../onnx/graph-builder.ts';
import type { HeadWeights } from './head.ts';
import { TRAINING_OPSET } from './training-graph.ts';

interface HeadGraphShape {
  /** D. */
  readonly dimensions: number;
  /** C. */
  readonly classCount: number;
}

/**
 * The head's forward pass: `logits = x · kernel + bias`, `probabilities = softmax(logits / temperature)`.
 *
 * Inputs: `features` uint16 `[N, D]` (float16 bits: the form in which vectors are cached, so that a prediction sees just what the
 * training saw), `temperature` float32 `[]`, and without `weights` also `kernel` `[D, C]` and `bias` `[C]` float32.
 * Outputs: `logits` and `probabilities`, float32 `[N, C]`.
 *
 * @param weights kept in the graph as constants. @default fed at each run
 */
export function buildHeadGraph({ dimensions, classCount }: HeadGraphShape, weights?: HeadWeights): Uint8Array {
  const graph = new GraphBuilder('head');
  graph.addInput('features', 'uint16', ['N', dimensions]);
  graph.addInput('temperature', 'float32', []);
  if (weights === undefined) {
    graph.addInput('kernel', 'float32', [dimensions, classCount]);
    graph.addInput('bias', 'float32', [classCount]);
  } else {
    graph.addConstant('float32', [dimensions, classCount], weights.kernel, 'kernel');
    graph.addConstant('float32', [classCount], weights.bias, 'bias');
  }
  const halves = graph.add('BitCast', ['features'], { to: { type: 'float16' } });
  const logits = graph.add('Gemm', [graph.add('Cast', [halves], { to: { type: 'float32' } }), 'kernel', 'bias']);
  const probabilities = graph.add('Softmax', [graph.add('Div', [logits, 'temperature'])], { axis: -1n });
  graph.addOutput(logits, 'float32', ['N', classCount], 'logits');
  graph.addOutput(probabilities, 'float32', ['N', classCount], 'probabilities');
  return graph.toModel({}, TRAINING_OPSET);
}
