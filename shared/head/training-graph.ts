import { GraphBuilder, type ValueName } from '../onnx/graph-builder.ts';
import {
  inputsOfPart,
  STATE_NAMES,
  stateDims,
  type StepInput,
  type TrainingGraphShape,
} from './training-graph-shape.ts';
import { buildTrainingStep } from './training-step.ts';

/** BitCast, by which float16 rows enter as uint16, exists from this operator set on. */
export const TRAINING_OPSET = 26;

/**
 * One block of rows, trained batch by batch inside a `Scan`, which is ONNX's loop over slices: it carries the state without copies
 * and cuts the inputs of each step without nodes (a `Loop` with Gather and Slice costs 1.2 times as much, docs/decisions.md).
 *
 * Objective, for a batch of B rows x_i with labels y_i, class weights w and masks d_i of inverted dropout (0 or 1 / keep):
 *
 *     loss = 1/B * sum_i w[y_i] * -log softmax(x_i * d_i · K + b)[y_i]  +  l2 * sum(K^2)
 *     dK   = (X * D)^T · G + 2 * l2 * K,   db = sum_i G_i,   G_i = w[y_i] / B * (max(softmax_i, 1e-14) - onehot(y_i))
 *
 * The bias is not regularised. A last batch that is smaller is filled up with rows of weight 0.
 *
 * Adam is Keras': `a = lr * sqrt(1 - b2^t) / (1 - b1^t)`, `K -= a * m / (sqrt(v) + eps)` (Kingma and Ba 2015, the variant with
 * "epsilon hat"). The moments are carried scaled, M = m / (1 - b1) * q and V = v / (1 - b2) * q^2 with q = b2^(-t/2), t counted
 * from the start of the block. Then V += g^2 and M = b1 / sqrt(b2) * M + g for the gradient g of the loss times q, a scale that rides
 * on the row weights for nothing: nine passes over the parameters instead of twelve. q is divided out at the end of the block.
 *
 * Inputs (R rows in the block; S steps of B rows; P = `parts`, d = D / P; kernel-layout.ts):
 *   features uint16 [R * P, d]   float16 bits, `[R, D]`
 *   rows int64 [S, B]            indices into the features, times P
 *   labels int64 [S, B, 1]
 *   rowWeights float32 [S, B, 1] w[y] * q / (rows in the batch); 0 fills up
 *   rate, epsilon float32 [S]    (training-schedule.ts)
 *   minusOne float32 [B, 1]      all -1
 *   endScale float32 []          1 / q after the last step
 *   maskPool float32 [M * P, d], maskRows int64 [S, B], times P     with dropout (dropout-masks.ts)
 *   l2Scale float32 [S]          2 * l2 * q                         with L2
 *   and the state: kernel, kernelM, kernelV [P, C, d], without the P that is 1; bias, biasM, biasV [C, 1], all float32
 *
 * Outputs: the state under `next_<name>`; `logLikelihood` float32 [S, B, 1] of each row's label and `best` int64 [S, B], the class
 * with the largest logit, both before the update; with L2 `squaredNorm` float32 [S, C], sum(K^2) of each class before it.
 */
export function buildTrainingGraph(shape: TrainingGraphShape): Uint8Array {
  const graph = new GraphBuilder('train');
  graph.addInput('features', 'uint16', ['R', inputsOfPart(shape)]);
  graph.addInput('minusOne', 'float32', ['B', 1]);
  graph.addInput('endScale', 'float32', []);
  if (shape.hasDropout) graph.addInput('maskPool', 'float32', ['M', inputsOfPart(shape)]);
  for (const name of STATE_NAMES) graph.addInput(name, 'float32', stateDims(name, shape));
  const stepInputs = stepInputsOf(shape);
  for (const { name, type, dims } of stepInputs) graph.addInput(name, type, ['S', ...dims]);

  const perStep = ['logLikelihood', 'best', ...(shape.hasL2 ? ['squaredNorm'] : [])];
  graph.addMany(
    'Scan',
    [...STATE_NAMES, ...stepInputs.map(({ name }) => name)],
    [...STATE_NAMES.map((name) => `end_${name}`), ...perStep],
    { body: buildTrainingStep(shape, stepInputs), num_scan_inputs: BigInt(stepInputs.length) },
  );
  addRescaledState(graph, shape);
  graph.addOutput('logLikelihood', 'float32', ['S', 'B', 1]);
  graph.addOutput('best', 'int64', ['S', 'B']);
  if (shape.hasL2) graph.addOutput('squaredNorm', 'float32', ['S', shape.classCount]);
  return graph.toModel({}, TRAINING_OPSET);
}

function stepInputsOf(shape: TrainingGraphShape): StepInput[] {
  return [
    { name: 'rows', type: 'int64', dims: ['B'] },
    { name: 'labels', type: 'int64', dims: ['B', 1] },
    { name: 'rowWeights', type: 'float32', dims: ['B', 1] },
    { name: 'rate', type: 'float32', dims: [] },
    { name: 'epsilon', type: 'float32', dims: [] },
    ...(shape.hasDropout ? [{ name: 'maskRows', type: 'int64', dims: ['B'] } as const] : []),
    ...(shape.hasL2 ? [{ name: 'l2Scale', type: 'float32', dims: [] } as const] : []),
  ];
}

/** Divides the scale out of the moments, so that a block can follow another. */
function addRescaledState(graph: GraphBuilder, shape: TrainingGraphShape): void {
  const squared = graph.add('Mul', ['endScale', 'endScale']);
  for (const name of STATE_NAMES) {
    const scale = name.endsWith('M') ? 'endScale' : name.endsWith('V') ? squared : null;
    const end = scale === null ? `end_${name}` : graph.add('Mul', [`end_${name}`, scale]);
    const kept = name.endsWith('M') ? addZeroing(graph, end) : end;
    graph.addOutput(kept, 'float32', stateDims(name, shape), `next_${name}`);
  }
}

/** Far above the smallest normal number, and 1e18 below what epsilon lets count. */
const NEGLIGIBLE = 1e-25;

/** Rounds to a multiple of 1e-32, so that the moment of an input that is not seen again becomes 0 and does not stay subnormal for ever. */
function addZeroing(graph: GraphBuilder, values: ValueName): ValueName {
  const negligible = graph.addScalar(NEGLIGIBLE);
  return graph.add('Sub', [graph.add('Add', [values, negligible]), negligible]);
}
