import type * as TfjsModule from '@tensorflow/tfjs';
import { createRequire } from 'node:module';
import { InvalidInputError } from '../errors.ts';
import type { BatchFeeds } from './batch-feeds.ts';
import type { DropoutMasks } from './dropout-masks.ts';
import type { HeadEngine, TrainHeadRequest } from './head.ts';
import { ADAM } from './hyperparameters.ts';
import type { RowBlock } from './row-blocks.ts';
import { trainInBlocks, type BlockTrainer } from './training-loop.ts';
import { initialWeights } from './training-state.ts';

type Tfjs = typeof TfjsModule;

/** For a machine with Node 22 or older, where it is the fastest form of TensorFlow.js. */
const NATIVE = '@tensorflow/tfjs-node';
const PORTABLE = '@tensorflow/tfjs';
const WASM = '@tensorflow/tfjs-backend-wasm';

let loaded: Promise<HeadEngine> | null = null;

/**
 * TensorFlow.js as engine: `@tensorflow/tfjs-node` where it is installed and loads, else `@tensorflow/tfjs` on WebAssembly.
 *
 * @throws InvalidInputError with the line that installs it
 */
export function loadTfjsEngine(): Promise<HeadEngine> {
  loaded ??= load().catch((error: unknown) => {
    loaded = null;
    throw error;
  });
  return loaded;
}

async function load(): Promise<HeadEngine> {
  const tf = (await loadNative()) ?? (await loadPortable());
  return {
    name: 'tfjs',
    runtime: `tensorflow.js ${tf.version.tfjs} on ${tf.getBackend()}`,
    train: (request) => trainInBlocks(request, (checked) => Promise.resolve(new TfjsTrainer(tf, checked))),
  };
}

async function loadNative(): Promise<Tfjs | null> {
  try {
    // Its last release calls functions that Node 23 removed from util; they are put back before it loads.
    const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>;
    util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
    util.isArray ??= Array.isArray;
    const tf = (await import(NATIVE)) as Tfjs;
    await tf.ready();
    return tf;
  } catch {
    return null; // Not installed, or built for another Node: the portable one follows.
  }
}

async function loadPortable(): Promise<Tfjs> {
  try {
    const module = (await import(PORTABLE)) as Tfjs & { readonly default?: Tfjs };
    const tf = module.default ?? module;
    await import(WASM);
    if (!(await tf.setBackend('wasm'))) throw new Error('the WebAssembly backend did not start');
    await tf.ready();
    return tf;
  } catch (cause) {
    throw new InvalidInputError(
      `expected TensorFlow.js for --engine tfjs, found none that loads; run: npm install ${PORTABLE}@4.22.0 ${WASM}@4.22.0`,
      { cause, code: 'engine_not_installed' },
    );
  }
}

type Tensor = TfjsModule.Tensor;
type Variables = Readonly<Record<'kernel' | 'bias' | 'kernelM' | 'kernelV' | 'biasM' | 'biasV', TfjsModule.Variable>>;

/** The update of training-graph.ts, step by step in TensorFlow.js and with Adam as Keras writes it down. */
class TfjsTrainer implements BlockTrainer {
  readonly #tf: Tfjs;
  readonly #request: TrainHeadRequest;
  readonly #variables: Variables;

  constructor(tf: Tfjs, request: TrainHeadRequest) {
    const { dimensions, classCount, kernel, bias } = initialWeights(request);
    const variable = (values: Float32Array, ...shape: number[]) => tf.variable(tf.tensor(values, shape));
    const zero = () => new Float32Array(kernel.length);
    this.#tf = tf;
    this.#request = request;
    this.#variables = {
      kernel: variable(kernel, dimensions, classCount),
      kernelM: variable(zero(), dimensions, classCount),
      kernelV: variable(zero(), dimensions, classCount),
      bias: variable(bias, classCount),
      biasM: variable(new Float32Array(classCount), classCount),
      biasV: variable(new Float32Array(classCount), classCount),
    };
  }

  async trainBlock(block: RowBlock, batches: BatchFeeds, masks: DropoutMasks | null, stepsBefore: number) {
    const { steps, batchSize } = batches;
    const scores = {
      logLikelihood: new Float32Array(steps * batchSize),
      best: new BigInt64Array(steps * batchSize),
      squaredNorm: this.#request.hyperparameters.l2 > 0 ? new Float32Array(steps) : null,
    };
    for (let step = 0; step < steps; step += 1) {
      const slice = { from: step * batchSize, to: (step + 1) * batchSize };
      const x = this.#inputs(block, batches, masks, slice);
      const labels = Int32Array.from(batches.labels.subarray(slice.from, slice.to), Number);
      const weights = Float32Array.from(batches.rowWeights.subarray(slice.from, slice.to));
      if (scores.squaredNorm !== null) scores.squaredNorm[step] = this.#squaredNorm();
      const seen = this.#tf.tidy(() => this.#update(x, labels, weights, stepsBefore + step + 1));
      scores.logLikelihood.set(await seen.logLikelihood.data(), slice.from);
      scores.best.set(BigInt64Array.from(await seen.best.data<'int32'>(), BigInt), slice.from);
      this.#tf.dispose([seen.logLikelihood, seen.best]);
    }
    return scores;
  }

  weights() {
    const { kernel, bias } = this.#variables;
    const [dimensions = 0, classCount = 0] = kernel.shape;
    return {
      dimensions,
      classCount,
      kernel: Float32Array.from(kernel.dataSync()),
      bias: Float32Array.from(bias.dataSync()),
    };
  }

  close(): Promise<void> {
    this.#tf.dispose(Object.values(this.#variables));
    return Promise.resolve();
  }

  /** The batch's rows as float32 `[B, D]`, masked. */
  #inputs(
    { features }: RowBlock,
    { rows }: BatchFeeds,
    masks: DropoutMasks | null,
    { from, to }: { readonly from: number; readonly to: number },
  ): Float32Array {
    const { dimensions } = this.#request.train.features;
    const halves = new Float16Array(features.buffer, features.byteOffset, features.length);
    const x = new Float32Array((to - from) * dimensions);
    for (let index = from; index < to; index += 1) {
      const row = Number(rows[index] ?? 0n) * dimensions;
      const target = x.subarray((index - from) * dimensions, (index - from + 1) * dimensions);
      target.set(halves.subarray(row, row + dimensions));
      if (masks === null) continue;
      const mask = Number(masks.rows[index] ?? 0n) * dimensions;
      for (let d = 0; d < dimensions; d += 1) target[d] = (target[d] ?? 0) * (masks.pool[mask + d] ?? 0);
    }
    return x;
  }

  #update(rows: Float32Array, labels: Int32Array, weights: Float32Array, t: number) {
    const tf = this.#tf;
    const { kernel, bias } = this.#variables;
    const [dimensions = 0, classCount = 0] = kernel.shape;
    const x = tf.tensor2d(rows, [labels.length, dimensions]);
    const logits = tf.add<TfjsModule.Tensor2D>(tf.matMul(x, kernel), bias);
    const logProbabilities = tf.logSoftmax(logits);
    const oneHot = tf.oneHot(tf.tensor1d(labels, 'int32'), classCount);
    const error = tf.mul(tf.sub(tf.exp(logProbabilities), oneHot), tf.tensor2d(weights, [labels.length, 1]));
    const penalty = tf.mul(kernel, 2 * this.#request.hyperparameters.l2);
    const kernelGradient = tf.add(tf.matMul(x, error, true), penalty);
    const biasGradient = tf.sum(error, 0);
    this.#adam('kernel', kernelGradient, t);
    this.#adam('bias', biasGradient, t);
    return { logLikelihood: tf.sum(tf.mul(logProbabilities, oneHot), 1), best: tf.argMax(logits, 1) };
  }

  #adam(name: 'kernel' | 'bias', gradient: Tensor, t: number): void {
    const tf = this.#tf;
    const { beta1, beta2, epsilon } = ADAM;
    const { learningRate } = this.#request.hyperparameters;
    const m = this.#variables[`${name}M`];
    const v = this.#variables[`${name}V`];
    m.assign(tf.add(tf.mul(m, beta1), tf.mul(gradient, 1 - beta1)));
    v.assign(tf.add(tf.mul(v, beta2), tf.mul(tf.square(gradient), 1 - beta2)));
    const rate = (learningRate * Math.sqrt(1 - beta2 ** t)) / (1 - beta1 ** t);
    const variable = this.#variables[name];
    variable.assign(tf.sub(variable, tf.mul(tf.div(m, tf.add(tf.sqrt(v), epsilon)), rate)));
  }

  #squaredNorm(): number {
    return this.#tf.tidy(() => this.#tf.sum(this.#tf.square(this.#variables.kernel)).dataSync()[0] ?? 0);
  }
}
