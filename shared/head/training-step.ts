import { GraphBuilder, type ValueName } from '../onnx/graph-builder.ts';
import { ADAM } from './hyperparameters.ts';
import {
  inputsOfPart,
  STATE_NAMES,
  stateDims,
  type StepInput,
  type TrainingGraphShape,
} from './training-graph-shape.ts';

/**
 * ln 1e-14: what is less counts as so much in the gradient, where Adam's epsilon makes 1e-7 of a learning rate of it. Without a floor the gradients of a
 * head that is sure of its answers become subnormal numbers, with which Intel's processors take a hundred times as long: a step of the flattened
 * head 260 ms instead of 50 (docs/decisions.md).
 */
const LOG_PROBABILITY_FLOOR = Math.log(1e-14);

/** The body of the training graph's Scan: one batch, one update. Letters and formulas stand in training-graph.ts. */
export function buildTrainingStep(shape: TrainingGraphShape, stepInputs: readonly StepInput[]): GraphBuilder {
  const step = new GraphBuilder('step');
  for (const name of STATE_NAMES) step.addInput(`old_${name}`, 'float32', stateDims(name, shape));
  for (const { name, type, dims } of stepInputs) step.addInput(`step_${name}`, type, dims);

  const { columns, inputs } = addForward(step, shape);
  const logits = step.add('Transpose', [columns]); // [B, C]
  const logProbabilities = step.add('LogSoftmax', [logits], { axis: -1n }); // [B, C]
  const error = addError(step, logProbabilities); // [B, C]
  const kernel = addKernelUpdate(step, shape, inputs, error);
  const biasGradient = step.add('Gemm', [error, 'minusOne'], { transA: 1n, alpha: -1 }); // [C, 1]
  const bias = addAdam(step, { parameter: 'old_bias', m: 'old_biasM', v: 'old_biasV' }, biasGradient);

  const next = [kernel.parameter, bias.parameter, kernel.m, kernel.v, bias.m, bias.v];
  STATE_NAMES.forEach((name, index) => {
    step.addOutput(next[index] ?? '', 'float32', stateDims(name, shape));
  });
  const likelihood = step.add('GatherElements', [logProbabilities, 'step_labels'], { axis: 1n });
  step.addOutput(likelihood, 'float32', ['B', 1]);
  step.addOutput(step.add('ArgMax', [logits], { axis: -1n, keepdims: 0n }), 'int64', ['B']);
  if (kernel.squaredNorm !== null) step.addOutput(kernel.squaredNorm, 'float32', [shape.classCount]);
  return step;
}

/** Logits `[C, B]`, and the masked inputs, `[B, D]` or by part `[P, B, d]`. */
function addForward(step: GraphBuilder, shape: TrainingGraphShape): { columns: ValueName; inputs: ValueName } {
  if (shape.parts === 1) {
    const inputs = addInputs(step, shape, { rows: 'step_rows', maskRows: 'step_maskRows' });
    return { columns: step.add('Gemm', ['old_kernel', inputs, 'old_bias'], { transB: 1n }), inputs };
  }
  const body = new GraphBuilder('forward');
  body.addInput('logits_before', 'float32', [shape.classCount, 'B']);
  body.addInput('part', 'int64', []);
  body.addInput('part_kernel', 'float32', [shape.classCount, inputsOfPart(shape)]);
  const x = addInputs(body, shape, {
    rows: body.add('Add', ['step_rows', 'part']),
    maskRows: shape.hasDropout ? body.add('Add', ['step_maskRows', 'part']) : '',
  });
  const logits = body.add('Gemm', ['part_kernel', x, 'logits_before'], { transB: 1n });
  body.addOutput(logits, 'float32', [shape.classCount, 'B']);
  body.addOutput(x, 'float32', ['B', inputsOfPart(shape)]);

  const biases = step.add('Gemm', ['old_bias', 'minusOne'], { transB: 1n, alpha: -1 }); // [C, B]
  const everyPart = BigInt64Array.from({ length: shape.parts }, (_, index) => BigInt(index));
  const parts = step.addConstant('int64', [shape.parts], everyPart);
  step.addMany('Scan', [biases, parts, 'old_kernel'], ['columns', 'inputs'], { body, num_scan_inputs: 2n });
  return { columns: 'columns', inputs: 'inputs' };
}

/** The batch's rows, or a part of their values, as float32, masked: `[B, d]`. */
function addInputs(
  graph: GraphBuilder,
  { hasDropout }: TrainingGraphShape,
  { rows, maskRows }: { readonly rows: ValueName; readonly maskRows: ValueName },
): ValueName {
  const halves = graph.add('BitCast', [graph.add('Gather', ['features', rows])], { to: { type: 'float16' } });
  const x = graph.add('Cast', [halves], { to: { type: 'float32' } });
  return hasDropout ? graph.add('Mul', [x, graph.add('Gather', ['maskPool', maskRows])]) : x;
}

/** `rowWeights * (softmax - onehot(y))`, `[B, C]`. */
function addError(step: GraphBuilder, logProbabilities: ValueName): ValueName {
  const floored = step.add('Clip', [logProbabilities, step.addScalar(LOG_PROBABILITY_FLOOR)]);
  const probabilities = step.add('Exp', [floored]);
  const difference = step.add('ScatterElements', [probabilities, 'step_labels', 'minusOne'], {
    axis: 1n,
    reduction: 'add',
  });
  return step.add('Mul', [difference, 'step_rowWeights']);
}

interface AdamState {
  readonly parameter: ValueName;
  readonly m: ValueName;
  readonly v: ValueName;
}

interface KernelUpdate extends AdamState {
  /** Of each class before the update, `[C]`; null without L2. */
  readonly squaredNorm: ValueName | null;
}

/** Part by part, so that a part's nine passes find it in the cache. */
function addKernelUpdate(
  step: GraphBuilder,
  shape: TrainingGraphShape,
  inputs: ValueName,
  error: ValueName,
): KernelUpdate {
  const old = { parameter: 'old_kernel', m: 'old_kernelM', v: 'old_kernelV' };
  if (shape.parts === 1) return addPartUpdate(step, shape, { x: inputs, error }, old);
  const dims = [shape.classCount, inputsOfPart(shape)];
  const body = new GraphBuilder('update');
  body.addInput('part_inputs', 'float32', ['B', inputsOfPart(shape)]);
  const part = { parameter: 'part_kernel', m: 'part_kernelM', v: 'part_kernelV' };
  for (const name of Object.values(part)) body.addInput(name, 'float32', dims);
  const { parameter, m, v, squaredNorm } = addPartUpdate(body, shape, { x: 'part_inputs', error }, part);
  for (const value of [parameter, m, v]) body.addOutput(value, 'float32', dims);
  if (squaredNorm !== null) body.addOutput(squaredNorm, 'float32', [shape.classCount]);

  const next = { parameter: 'new_kernel', m: 'new_kernelM', v: 'new_kernelV' };
  const outputs = [...Object.values(next), ...(shape.hasL2 ? ['norms'] : [])];
  step.addMany('Scan', [inputs, ...Object.values(old)], outputs, { body, num_scan_inputs: 4n });
  const norm = shape.hasL2 ? step.add('ReduceSum', ['norms', step.addInts(0)], { keepdims: 0n }) : null;
  return { ...next, squaredNorm: norm };
}

/** Gradient of a part of the kernel, `[W, d]` times q, and its update. */
function addPartUpdate(
  graph: GraphBuilder,
  { hasL2 }: TrainingGraphShape,
  { x, error }: { readonly x: ValueName; readonly error: ValueName },
  old: AdamState,
): KernelUpdate {
  const product = graph.add('Gemm', [error, x], { transA: 1n });
  if (!hasL2) return { ...addAdam(graph, old, product), squaredNorm: null };
  const gradient = graph.add('Add', [product, graph.add('Mul', [old.parameter, 'step_l2Scale'])]);
  // Not ReduceSumSquare: ONNX Runtime has a fast path for sums only.
  const squares = graph.add('Mul', [old.parameter, old.parameter]);
  const squaredNorm = graph.add('ReduceSum', [squares, graph.addInts(1)], { keepdims: 0n });
  return { ...addAdam(graph, old, gradient), squaredNorm };
}

function addAdam(graph: GraphBuilder, old: AdamState, gradient: ValueName): AdamState {
  const decay = graph.addScalar(ADAM.beta1 / Math.sqrt(ADAM.beta2));
  const m = graph.add('Add', [graph.add('Mul', [old.m, decay]), gradient]);
  const v = graph.add('Add', [graph.add('Mul', [gradient, gradient]), old.v]);
  const root = graph.add('Add', [graph.add('Sqrt', [v]), 'step_epsilon']);
  const update = graph.add('Mul', [graph.add('Div', [m, root]), 'step_rate']);
  return { parameter: graph.add('Sub', [old.parameter, update]), m, v };
}
