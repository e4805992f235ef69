import { CancelledError, InvalidInputError } from '../errors.ts';
import { openSession, runtimeVersion, type DenseTensor, type OnnxSession } from '../onnx/session.ts';
import { assertTrainRequest } from './assert-train-request.ts';
import { batchFeeds, type BatchFeeds } from './batch-feeds.ts';
import { classWeightsOf } from './class-weights.ts';
import { dropoutMasks } from './dropout-masks.ts';
import { BestWeights } from './early-stopping.ts';
import { openHeadEvaluator, type HeadScore } from './head-evaluator.ts';
import type { EpochReport, HeadEngine, HeadWeights, TrainHeadRequest, TrainHeadResult } from './head.ts';
import { permutation, Random } from './random.ts';
import { inSequence, RowBlocks, rowsPerBlock, type RowBlock } from './row-blocks.ts';
import { addBatchScores, type EpochTotals } from './epoch-totals.ts';
import { buildTrainingGraph, type TrainingGraphShape } from './training-graph.ts';
import { MAX_STEPS_PER_BLOCK, trainingSchedule, type TrainingSchedule } from './training-schedule.ts';
import { initialState, nextState, RANDOM_STREAMS, weightsOf, type TrainingState } from './training-state.ts';

/**
 * Threads that train, whatever the machine has. ONNX Runtime cuts its products by thread, which changes the last bits of a sum: with a
 * fixed number the same inputs and seed give the same bytes on 2 cores and on 64. More than two do not pay at batch 32.
 */
export const TRAINING_THREADS = 2;

/** Trains on ONNX Runtime: every batch of an epoch runs inside one graph of ours. */
export const onnxEngine: HeadEngine = {
  name: 'onnx',
  runtime: runtimeVersion(),
  train: trainOnOnnx,
};

async function trainOnOnnx(request: TrainHeadRequest): Promise<TrainHeadResult> {
  assertTrainRequest(request);
  const { train, valid, classCount, hyperparameters, threads = TRAINING_THREADS } = request;
  const shape: TrainingGraphShape = {
    dimensions: train.features.dimensions,
    classCount,
    hasDropout: hyperparameters.dropout > 0,
    hasL2: hyperparameters.l2 > 0,
  };
  const session = await openSession(buildTrainingGraph(shape), { threads });
  const evaluator = valid === null ? null : await openHeadEvaluator(shape, valid, { threads });
  try {
    return await new Training(request, shape, session).run(
      async (weights) => (await evaluator?.evaluate(weights)) ?? null,
    );
  } finally {
    await Promise.all([session.release(), evaluator?.close()]);
  }
}

/** One training from start to end. */
class Training {
  readonly #request: TrainHeadRequest;
  readonly #shape: TrainingGraphShape;
  readonly #session: OnnxSession;
  readonly #blocks: RowBlocks;
  readonly #classWeights: Float32Array;
  readonly #orderRandom: Random;
  readonly #maskRandom: Random;
  #state: TrainingState;
  #stepsDone = 0;

  constructor(request: TrainHeadRequest, shape: TrainingGraphShape, session: OnnxSession) {
    const { train, classCount, hyperparameters } = request;
    this.#request = request;
    this.#shape = shape;
    this.#session = session;
    this.#blocks = new RowBlocks(train, rowsPerBlock(shape.dimensions, hyperparameters.batchSize, MAX_STEPS_PER_BLOCK));
    this.#classWeights = classWeightsOf(hyperparameters.classWeights, train.labels, classCount);
    this.#orderRandom = new Random(hyperparameters.seed, RANDOM_STREAMS.order);
    this.#maskRandom = new Random(hyperparameters.seed, RANDOM_STREAMS.masks);
    this.#state = initialState(request);
  }

  async run(validate: (weights: HeadWeights) => Promise<HeadScore | null>): Promise<TrainHeadResult> {
    const { hyperparameters, onEpoch } = this.#request;
    const history: EpochReport[] = [];
    const best = new BestWeights(hyperparameters.patience);
    for (let epoch = 1; epoch <= hyperparameters.epochs && !best.isExhausted; epoch += 1) {
      const startMs = performance.now();
      const train = await this.#runEpoch(epoch);
      const valid = await validate(weightsOf(this.#state));
      const report: EpochReport = {
        epoch,
        trainLoss: train.loss,
        trainAccuracy: train.accuracy,
        validLoss: valid?.loss ?? null,
        validAccuracy: valid?.accuracy ?? null,
        durationMs: performance.now() - startMs,
      };
      history.push(report);
      best.add(report, weightsOf(this.#state));
      onEpoch?.(report);
    }
    return { weights: best.weights, history, bestEpoch: best.epoch, hasStoppedEarly: best.isExhausted };
  }

  async #runEpoch(epoch: number): Promise<HeadScore> {
    const { train, shuffle = true, hyperparameters } = this.#request;
    const { rowCount } = train.features;
    const order = shuffle ? permutation(rowCount, this.#orderRandom) : inSequence(rowCount);
    const totals: EpochTotals = { loss: 0, correct: 0 };
    for await (const block of this.#blocks.inOrder(order)) {
      if (this.#request.signal?.aborted === true) throw new CancelledError();
      await this.#runBlock(block, totals);
    }
    if (!Number.isFinite(totals.loss)) throw diverged(epoch, hyperparameters.learningRate);
    return { loss: totals.loss / rowCount, accuracy: totals.correct / rowCount };
  }

  async #runBlock(block: RowBlock, totals: EpochTotals): Promise<void> {
    const { batchSize, learningRate, l2 } = this.#request.hyperparameters;
    const batches = batchFeeds(block, batchSize, this.#classWeights);
    const schedule = trainingSchedule({ steps: batches.steps, stepsBefore: this.#stepsDone, learningRate, l2 });
    const outputs = await this.#session.run({
      ...this.#state,
      features: tensor(block.features, block.rowCount, this.#shape.dimensions),
      ...feedsOfSteps(batches, schedule),
      ...this.#maskFeeds(batches),
      ...(this.#shape.hasL2 && { l2Scale: tensor(schedule.l2Scale, schedule.steps) }),
    });
    addBatchScores(totals, outputs, batches, block.labels.length, l2);
    this.#state = nextState(outputs);
    this.#stepsDone += batches.steps;
  }

  #maskFeeds({ steps, batchSize }: BatchFeeds): Record<string, DenseTensor> {
    if (!this.#shape.hasDropout) return {};
    const { dimensions } = this.#shape;
    const { dropout } = this.#request.hyperparameters;
    const { pool, poolRows, rows } = dropoutMasks({ dropout, dimensions, batchSize, steps }, this.#maskRandom);
    return { maskPool: tensor(pool, poolRows, dimensions), maskRows: tensor(rows, steps, batchSize) };
  }
}

function feedsOfSteps(batches: BatchFeeds, schedule: TrainingSchedule): Record<string, DenseTensor> {
  const { steps, batchSize, rows, labels, rowWeights } = batches;
  const scaled = Float32Array.from(
    rowWeights,
    (weight, index) => weight * (schedule.scale[Math.floor(index / batchSize)] ?? 1),
  );
  return {
    rows: tensor(rows, steps, batchSize),
    labels: tensor(labels, steps, batchSize, 1),
    rowWeights: tensor(scaled, steps, batchSize, 1),
    rate: tensor(schedule.rate, steps),
    epsilon: tensor(schedule.epsilon, steps),
    minusOne: tensor(new Float32Array(batchSize).fill(-1), batchSize, 1),
    endScale: tensor(Float32Array.of(schedule.endScale)),
  };
}

function tensor<T extends Float32Array | BigInt64Array | Uint16Array>(
  data: T,
  ...dims: readonly number[]
): DenseTensor<T> {
  return { data, dims };
}

function diverged(epoch: number, learningRate: number): InvalidInputError {
  return new InvalidInputError(
    `expected a finite training loss, received none in epoch ${epoch}; use a smaller learning rate than ${learningRate}, ` +
      'or look for vectors that are not finite',
    { code: 'training_diverged' },
  );
}
