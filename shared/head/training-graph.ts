import { GraphBuilder, type ElementType, type ValueName } from '../onnx/graph-builder.ts';
import { ADAM } from './hyperparameters.ts';

/** What decides the shape of the training graph; everything else is fed at run time. */
export interface TrainingGraphShape {
  /** D. */
  readonly dimensions: number;
  /** C. */
  readonly classCount: number;
  /** Without it `maskPool` and `maskRows` do not exist. */
  readonly hasDropout: boolean;
  /** Without it `l2Scale` and `squaredNorm` do not exist. */
  readonly hasL2: boolean;
}

/** BitCast, by which float16 rows enter as uint16, exists from this operator set on. */
export const TRAINING_OPSET = 26;

/** Parameters and Adam's moments, in the order in which the Scan carries them. */
export const STATE_NAMES = ['kernel', 'bias', 'kernelM', 'kernelV', 'biasM', 'biasV'] as const;
export type StateName = (typeof STATE_NAMES)[number];

/** An input that changes with the step: the Scan hands its slice i to step i, as `step_<name>`. */
interface StepInput {
  readonly name: string;
  readonly type: ElementType;
  /** Behind the leading S. */
  readonly dims: readonly (number | string)[];
}

/**
 * One block of rows, trained batch by batch inside a `Scan`, which is ONNX's loop over slices: it carries the state without copies
 * and cuts the inputs of each step without nodes (a `Loop` with Gather and Slice costs 1.2 times as much, docs/decisions.md).
 *
 * Objective, for a batch of B rows x_i with labels y_i, class weights w and masks d_i of inverted dropout (0 or 1 / keep):
 *
 *     loss = 1/B * sum_i w[y_i] * -log softmax(x_i * d_i · K + b)[y_i]  +  l2 * sum(K^2)
 *     dK   = (X * D)^T · G + 2 * l2 * K,   db = sum_i G_i,   G_i = w[y_i] / B * (softmax_i - onehot(y_i))
 *
 * The bias is not regularised. A last batch that is smaller is filled up with rows of weight 0.
 *
 * Adam is Keras': `a = lr * sqrt(1 - b2^t) / (1 - b1^t)`, `K -= a * m / (sqrt(v) + eps)` (Kingma and Ba 2015, the variant with
 * "epsilon hat"). The moments are carried scaled, M = m / (1 - b1) * q and V = v / (1 - b2) * q^2 with q = b2^(-t/2), t counted
 * from the start of the block. Then V += g^2 and M = b1 / sqrt(b2) * M + g for the gradient g of the loss times q, a scale that rides
 * on the row weights for nothing: nine passes over the parameters instead of twelve. q is divided out at the end of the block.
 *
 * Inputs (R rows in the block; S steps of B rows):
 *   features uint16 [R, D]       float16 bits
 *   rows int64 [S, B]            indices into the features
 *   labels int64 [S, B, 1]
 *   rowWeights float32 [S, B, 1] w[y] * q / (rows in the batch); 0 fills up
 *   rate, epsilon float32 [S]    (training-schedule.ts)
 *   minusOne float32 [B, 1]      all -1
 *   endScale float32 []          1 / q after the last step
 *   maskPool float32 [P, D], maskRows int64 [S, B]     with dropout (dropout-masks.ts)
 *   l2Scale float32 [S]          2 * l2 * q            with L2
 *   and the state: kernel, kernelM, kernelV [D, C]; bias, biasM, biasV [C], all float32
 *
 * Outputs: the state under `next_<name>`; `logLikelihood` float32 [S, B, 1] of each row's label and `best` int64 [S, B], the class
 * with the largest logit, both before the update; with L2 `squaredNorm` float32 [S], sum(K^2) before the update.
 */
export function buildTrainingGraph(shape: TrainingGraphShape): Uint8Array {
  const { dimensions: D, classCount: C, hasDropout, hasL2 } = shape;
  const graph = new GraphBuilder('train');
  graph.addInput('features', 'uint16', ['R', D]);
  graph.addInput('minusOne', 'float32', ['B', 1]);
  graph.addInput('endScale', 'float32', []);
  if (hasDropout) graph.addInput('maskPool', 'float32', ['P', D]);
  for (const name of STATE_NAMES) graph.addInput(name, 'float32', dimsOf(name, D, C));
  const stepInputs = stepInputsOf(shape);
  for (const { name, type, dims } of stepInputs) graph.addInput(name, type, ['S', ...dims]);

  const perStep = ['logLikelihood', 'best', ...(hasL2 ? ['squaredNorm'] : [])];
  graph.addMany(
    'Scan',
    [...STATE_NAMES, ...stepInputs.map(({ name }) => name)],
    [...STATE_NAMES.map((name) => `end_${name}`), ...perStep],
    { body: buildStep(shape, stepInputs), num_scan_inputs: BigInt(stepInputs.length) },
  );
  addRescaledState(graph, D, C);
  graph.addOutput('logLikelihood', 'float32', ['S', 'B', 1]);
  graph.addOutput('best', 'int64', ['S', 'B']);
  if (hasL2) graph.addOutput('squaredNorm', 'float32', ['S']);
  return graph.toModel({}, TRAINING_OPSET);
}

function stepInputsOf({ hasDropout, hasL2 }: TrainingGraphShape): StepInput[] {
  return [
    { name: 'rows', type: 'int64', dims: ['B'] },
    { name: 'labels', type: 'int64', dims: ['B', 1] },
    { name: 'rowWeights', type: 'float32', dims: ['B', 1] },
    { name: 'rate', type: 'float32', dims: [] },
    { name: 'epsilon', type: 'float32', dims: [] },
    ...(hasDropout ? [{ name: 'maskRows', type: 'int64', dims: ['B'] } as const] : []),
    ...(hasL2 ? [{ name: 'l2Scale', type: 'float32', dims: [] } as const] : []),
  ];
}

function dimsOf(name: StateName, dimensions: number, classCount: number): number[] {
  return name.startsWith('kernel') ? [dimensions, classCount] : [classCount];
}

/** Divides the scale out of the moments, so that a block can follow another. */
function addRescaledState(graph: GraphBuilder, D: number, C: number): void {
  const squared = graph.add('Mul', ['endScale', 'endScale']);
  for (const name of STATE_NAMES) {
    const scale = name.endsWith('M') ? 'endScale' : name.endsWith('V') ? squared : null;
    const end = scale === null ? `end_${name}` : graph.add('Mul', [`end_${name}`, scale]);
    graph.addOutput(end, 'float32', dimsOf(name, D, C), `next_${name}`);
  }
}

function buildStep(shape: TrainingGraphShape, stepInputs: readonly StepInput[]): GraphBuilder {
  const { dimensions: D, classCount: C, hasL2 } = shape;
  const step = new GraphBuilder('step');
  for (const name of STATE_NAMES) step.addInput(`old_${name}`, 'float32', dimsOf(name, D, C));
  for (const { name, type, dims } of stepInputs) step.addInput(`step_${name}`, type, dims);

  const x = addInputs(step, shape); // [B, D] float32
  const logits = step.add('Gemm', [x, 'old_kernel', 'old_bias']); // [B, C]
  const logProbabilities = step.add('LogSoftmax', [logits], { axis: -1n }); // [B, C]
  const error = addError(step, logProbabilities); // [B, C]
  const kernel = addAdam(step, 'kernel', addKernelGradient(step, shape, x, error));
  const bias = addAdam(step, 'bias', step.add('ReduceSum', [error, step.addInts(0)], { keepdims: 0n }));

  const next = [kernel.parameter, bias.parameter, kernel.m, kernel.v, bias.m, bias.v];
  STATE_NAMES.forEach((name, index) => {
    step.addOutput(next[index] ?? '', 'float32', dimsOf(name, D, C));
  });
  step.addOutput(step.add('GatherElements', [logProbabilities, 'step_labels'], { axis: 1n }), 'float32', ['B', 1]);
  step.addOutput(step.add('ArgMax', [logits], { axis: -1n, keepdims: 0n }), 'int64', ['B']);
  if (hasL2) step.addOutput(step.add('ReduceSumSquare', ['old_kernel'], { keepdims: 0n }), 'float32', []);
  return step;
}

/** The batch's rows as float32, masked. */
function addInputs(step: GraphBuilder, { hasDropout }: TrainingGraphShape): ValueName {
  const halves = step.add('BitCast', [step.add('Gather', ['features', 'step_rows'])], { to: { type: 'float16' } });
  const x = step.add('Cast', [halves], { to: { type: 'float32' } });
  return hasDropout ? step.add('Mul', [x, step.add('Gather', ['maskPool', 'step_maskRows'])]) : x;
}

/** `rowWeights * (softmax - onehot(y))`, `[B, C]`. */
function addError(step: GraphBuilder, logProbabilities: ValueName): ValueName {
  const probabilities = step.add('Exp', [logProbabilities]);
  const difference = step.add('ScatterElements', [probabilities, 'step_labels', 'minusOne'], {
    axis: 1n,
    reduction: 'add',
  });
  return step.add('Mul', [difference, 'step_rowWeights']);
}

/** `[D, C]`, times q. */
function addKernelGradient(
  step: GraphBuilder,
  { hasL2 }: TrainingGraphShape,
  x: ValueName,
  error: ValueName,
): ValueName {
  const gradient = step.add('Gemm', [x, error], { transA: 1n });
  return hasL2 ? step.add('Add', [gradient, step.add('Mul', ['old_kernel', 'step_l2Scale'])]) : gradient;
}

function addAdam(step: GraphBuilder, name: 'kernel' | 'bias', gradient: ValueName) {
  const decay = step.addScalar(ADAM.beta1 / Math.sqrt(ADAM.beta2));
  const m = step.add('Add', [step.add('Mul', [`old_${name}M`, decay]), gradient]);
  const v = step.add('Add', [step.add('Mul', [gradient, gradient]), `old_${name}V`]);
  const root = step.add('Add', [step.add('Sqrt', [v]), 'step_epsilon']);
  const update = step.add('Mul', [step.add('Div', [m, root]), 'step_rate']);
  return { parameter: step.add('Sub', [`old_${name}`, update]), m, v };
}
