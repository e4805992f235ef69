import { openSession, runtimeVersion, type DenseTensor } from '../onnx/session.ts';
import type { BatchFeeds } from './batch-feeds.ts';
import type { DropoutMasks } from './dropout-masks.ts';
import type { HeadEngine, TrainHeadRequest } from './head.ts';
import { buildTrainingGraph, type TrainingGraphShape } from './training-graph.ts';
import { trainInBlocks, type BlockTrainer } from './training-loop.ts';
import { trainingSchedule, type TrainingSchedule } from './training-schedule.ts';
import { floatsOf, initialState, intsOf, nextState, resumedState, weightsOf } from './training-state.ts';

/**
 * Threads that train, whatever the machine has. ONNX Runtime cuts its products by thread, which changes the last bits of a sum: with a
 * fixed number the same inputs and seed give the same bytes on 2 cores and on 64. More than two do not pay at batch 32.
 */
export const TRAINING_THREADS = 2;

/** Trains on ONNX Runtime: every batch of a block runs inside one graph of ours. */
export const onnxEngine: HeadEngine = {
  name: 'onnx',
  runtime: runtimeVersion(),
  train: (request) => trainInBlocks({ threads: TRAINING_THREADS, ...request }, openOnnxTrainer),
};

/** The updates alone, for `trainInBlocks`. */
export async function openOnnxTrainer(request: TrainHeadRequest): Promise<BlockTrainer> {
  const { train, classCount, hyperparameters, threads = TRAINING_THREADS } = request;
  const { dropout, l2, learningRate } = hyperparameters;
  const { dimensions } = train.features;
  const shape: TrainingGraphShape = { dimensions, classCount, hasDropout: dropout > 0, hasL2: l2 > 0 };
  const session = await openSession(buildTrainingGraph(shape), { threads });
  let state = request.resumeFrom === undefined ? initialState(request) : resumedState(request, request.resumeFrom);
  return {
    async trainBlock(block, batches, masks, stepsBefore) {
      const schedule = trainingSchedule({ steps: batches.steps, stepsBefore, learningRate, l2 });
      const outputs = await session.run({
        ...state,
        features: tensor(block.features, block.rowCount, dimensions),
        ...feedsOfSteps(batches, schedule),
        ...(masks && feedsOfMasks(masks, batches, dimensions)),
        ...(shape.hasL2 && { l2Scale: tensor(schedule.l2Scale, schedule.steps) }),
      });
      state = nextState(outputs);
      return {
        logLikelihood: floatsOf(outputs, 'logLikelihood').data,
        best: intsOf(outputs, 'best'),
        squaredNorm: shape.hasL2 ? floatsOf(outputs, 'squaredNorm').data : null,
      };
    },
    // Each block's outputs are new arrays, so these are never written again.
    weights: () => weightsOf(state),
    snapshot: () => Object.fromEntries(Object.entries(state).map(([name, { data }]) => [name, data] as const)),
    close: () => session.release(),
  };
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

function feedsOfMasks({ pool, poolRows, rows }: DropoutMasks, { steps, batchSize }: BatchFeeds, dimensions: number) {
  return { maskPool: tensor(pool, poolRows, dimensions), maskRows: tensor(rows, steps, batchSize) };
}

function tensor<T extends Float32Array | BigInt64Array | Uint16Array>(
  data: T,
  ...dims: readonly number[]
): DenseTensor<T> {
  return { data, dims };
}
