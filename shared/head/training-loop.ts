import { CancelledError, InvalidInputError } from '../errors.ts';
import { assertTrainRequest } from './assert-train-request.ts';
import { batchFeeds, type BatchFeeds } from './batch-feeds.ts';
import { classWeightsOf } from './class-weights.ts';
import { dropoutMasks, type DropoutMasks } from './dropout-masks.ts';
import { BestWeights } from './early-stopping.ts';
import { addBatchScores, type BatchScores, type EpochTotals } from './epoch-totals.ts';
import { openHeadEvaluator, type HeadEvaluator, type HeadScore } from './head-evaluator.ts';
import type { EpochReport, HeadWeights, TrainHeadRequest, TrainHeadResult } from './head.ts';
import { epochOrder } from './epoch-order.ts';
import { Random, RANDOM_STREAMS } from './random.ts';
import { BLOCK_BYTES, inSequence, RowBlocks, rowsPerBlock, type RowBlock } from './row-blocks.ts';
import { TrainingPausedError, type TrainingCheckpoint } from './training-checkpoint.ts';
import { MAX_STEPS_PER_BLOCK } from './training-schedule.ts';

/** What one engine does differently: the updates of a block of rows. It keeps the parameters and Adam's moments between the blocks. */
export interface BlockTrainer {
  /**
   * Trains the batches of a block, one step each.
   *
   * @param masks null without dropout
   * @param stepsBefore updates made before the block
   */
  trainBlock(
    block: RowBlock,
    batches: BatchFeeds,
    masks: DropoutMasks | null,
    stepsBefore: number,
  ): Promise<BatchScores>;
  /** A copy that later blocks do not change. */
  weights(): HeadWeights;
  /** Parameters and moments by name, as `resumeFrom.state` takes them; absent in an engine that cannot pause. */
  snapshot?(): Readonly<Record<string, Float32Array>>;
  close(): Promise<void>;
}

/**
 * The training around the updates, the same for every engine: order of the rows, dropout masks, class weights, early stopping, reports.
 *
 * @param blockBytes of features in memory at once; another number gives other dropout masks and last bits
 * @throws InvalidInputError for a request that cannot be trained, or when the loss is no longer finite (`training_diverged`)
 * @throws CancelledError at the end of a block; TrainingPausedError at the end of an epoch
 */
export async function trainInBlocks(
  request: TrainHeadRequest,
  openTrainer: (request: TrainHeadRequest) => Promise<BlockTrainer>,
  blockBytes: number = BLOCK_BYTES,
): Promise<TrainHeadResult> {
  assertTrainRequest(request);
  const { train, valid, classCount, threads } = request;
  const shape = { dimensions: train.features.dimensions, classCount };
  const trainer = await openTrainer(request);
  assertCanPause(request, trainer);
  const evaluator =
    valid === null ? null : await openHeadEvaluator(shape, valid, threads === undefined ? {} : { threads });
  try {
    return await new TrainingLoop(request, trainer, evaluator, blockBytes).run();
  } finally {
    await Promise.all([trainer.close(), evaluator?.close()]);
  }
}

class TrainingLoop {
  readonly #request: TrainHeadRequest;
  readonly #trainer: BlockTrainer;
  readonly #evaluator: HeadEvaluator | null;
  readonly #blocks: RowBlocks;
  readonly #blockRows: number;
  readonly #classWeights: Float32Array;
  readonly #orderRandom: Random;
  readonly #maskRandom: Random;
  #masks: DropoutMasks | null = null;
  #stepsDone: number;

  constructor(request: TrainHeadRequest, trainer: BlockTrainer, evaluator: HeadEvaluator | null, blockBytes: number) {
    const { train, classCount, hyperparameters } = request;
    const { batchSize, classWeights, seed } = hyperparameters;
    const blockRows = rowsPerBlock(train.features.dimensions, batchSize, MAX_STEPS_PER_BLOCK, blockBytes);
    this.#request = request;
    this.#trainer = trainer;
    this.#evaluator = evaluator;
    this.#blocks = new RowBlocks(train, blockRows, 'train');
    this.#blockRows = blockRows;
    this.#classWeights = classWeightsOf(classWeights, train.labels, classCount);
    this.#orderRandom = new Random(seed, RANDOM_STREAMS.order);
    this.#maskRandom = new Random(seed, RANDOM_STREAMS.masks);
    this.#stepsDone = request.resumeFrom?.stepsDone ?? 0;
    if (request.resumeFrom !== undefined) {
      this.#orderRandom.restore(request.resumeFrom.orderRandom);
      this.#maskRandom.restore(request.resumeFrom.maskRandom);
    }
  }

  async run(): Promise<TrainHeadResult> {
    const { hyperparameters, onEpoch, resumeFrom, pause } = this.#request;
    const history: EpochReport[] = [...(resumeFrom?.history ?? [])];
    const best = new BestWeights(hyperparameters.patience, resumeFrom);
    for (let epoch = history.length + 1; epoch <= hyperparameters.epochs && !best.isExhausted; epoch += 1) {
      const startMs = performance.now();
      const train = await this.#runEpoch(epoch);
      const weights = this.#trainer.weights();
      const valid = (await this.#evaluator?.evaluate(weights)) ?? null;
      const report: EpochReport = {
        epoch,
        trainLoss: train.loss,
        trainAccuracy: train.accuracy,
        validLoss: valid?.loss ?? null,
        validAccuracy: valid?.accuracy ?? null,
        durationMs: performance.now() - startMs,
      };
      history.push(report);
      best.add(report, weights);
      onEpoch?.(report);
      const isLast = epoch === hyperparameters.epochs || best.isExhausted;
      if (pause?.aborted === true && !isLast) throw new TrainingPausedError(this.#checkpoint(history, best));
    }
    return { weights: best.weights, history, bestEpoch: best.epoch, hasStoppedEarly: best.isExhausted };
  }

  #checkpoint(history: readonly EpochReport[], best: BestWeights): TrainingCheckpoint {
    return {
      fingerprint: '',
      stepsDone: this.#stepsDone,
      history,
      orderRandom: this.#orderRandom.snapshot(),
      maskRandom: this.#maskRandom.snapshot(),
      ...best.snapshot(),
      state: this.#trainer.snapshot?.() ?? {},
    };
  }

  async #runEpoch(epoch: number): Promise<HeadScore> {
    const { train, shuffle = true, hyperparameters, signal } = this.#request;
    const { rowCount } = train.features;
    const order = shuffle ? epochOrder(train.features, this.#blockRows, this.#orderRandom) : inSequence(rowCount);
    const totals: EpochTotals = { loss: 0, correct: 0 };
    for await (const block of this.#blocks.inOrder(order)) {
      if (signal?.aborted === true) throw new CancelledError();
      const batches = batchFeeds(block, hyperparameters.batchSize, this.#classWeights);
      const scores = await this.#trainer.trainBlock(block, batches, this.#masksFor(batches), this.#stepsDone);
      addBatchScores(totals, scores, batches, block.labels.length, hyperparameters.l2);
      this.#stepsDone += batches.steps;
    }
    if (!Number.isFinite(totals.loss)) throw diverged(epoch, hyperparameters.learningRate);
    return { loss: totals.loss / rowCount, accuracy: totals.correct / rowCount };
  }

  #masksFor({ steps, batchSize }: BatchFeeds): DropoutMasks | null {
    const { train, hyperparameters } = this.#request;
    const { dropout } = hyperparameters;
    if (dropout === 0) return null;
    const request = { dropout, dimensions: train.features.dimensions, batchSize, steps };
    return (this.#masks = dropoutMasks(request, this.#maskRandom, this.#masks));
  }
}

function assertCanPause({ pause, resumeFrom }: TrainHeadRequest, trainer: BlockTrainer): void {
  if (trainer.snapshot !== undefined || (pause === undefined && resumeFrom === undefined)) return;
  throw new InvalidInputError(
    'expected engine "onnx" for a training that pauses or goes on, received one that cannot; choose "onnx"',
  );
}

function diverged(epoch: number, learningRate: number): InvalidInputError {
  return new InvalidInputError(
    `expected a finite training loss, received none in epoch ${epoch}; use a smaller learning rate than ${learningRate}, ` +
      'or other initial weights',
    { code: 'training_diverged' },
  );
}
