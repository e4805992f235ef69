import { openSession, runtimeVersion, type DenseTensor } from '../onnx/session.ts';
import type { BatchFeeds } from './batch-feeds.ts';
import type { DropoutMasks } from './dropout-masks.ts';
import type { HeadEngine, TrainHeadRequest } from './head.ts';
import { packKernel, partsOf, unpackKernel, type KernelLayout } from './kernel-layout.ts';
import { floatsOf, intsOf } from './session-outputs.ts';
import { stateDims, type StateName, type TrainingGraphShape } from './training-graph-shape.ts';
import { buildTrainingGraph } from './training-graph.ts';
import { trainInBlocks, type BlockTrainer } from './training-loop.ts';
import { trainingSchedule, type TrainingSchedule } from './training-schedule.ts';
import { initialState, resumedState, stateOf } from './training-state.ts';

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
  const { train, classCount, hyperparameters, threads = TRAINING_THREADS, resumeFrom } = request;
  const { dropout, l2, learningRate } = hyperparameters;
  const { dimensions } = train.features;
  const parts = partsOf(dimensions, classCount);
  const layout: KernelLayout = { dimensions, classCount, parts };
  const shape: TrainingGraphShape = { ...layout, hasDropout: dropout > 0, hasL2: l2 > 0 };
  const session = await openSession(buildTrainingGraph(shape), { threads });
  const start = resumeFrom === undefined ? initialState(request) : resumedState(request, resumeFrom);
  /** Kernels by the layout. */
  let packed = stateOf((name) => (isKernel(name) ? packKernel(start[name], layout) : start[name]));
  const unpacked = (name: StateName) => (isKernel(name) ? unpackKernel(packed[name], layout) : packed[name]);
  return {
    async trainBlock(block, batches, masks, stepsBefore) {
      const schedule = trainingSchedule({ steps: batches.steps, stepsBefore, learningRate, l2 });
      const outputs = await session.run({
        ...stateOf((name) => tensor(packed[name], ...stateDims(name, shape))),
        features: tensor(block.features, block.rowCount * parts, dimensions / parts),
        ...feedsOfSteps(batches, schedule, parts),
        ...(masks && feedsOfMasks(masks, batches, layout)),
        ...(shape.hasL2 && { l2Scale: tensor(schedule.l2Scale, schedule.steps) }),
      });
      // New arrays for each block, so what `weights` gave is never written again.
      packed = stateOf((name) => floatsOf(outputs, `next_${name}`));
      return {
        logLikelihood: floatsOf(outputs, 'logLikelihood'),
        best: intsOf(outputs, 'best'),
        squaredNorm: shape.hasL2 ? sumsOfRows(floatsOf(outputs, 'squaredNorm'), classCount) : null,
      };
    },
    weights: () => ({ dimensions, classCount, kernel: unpacked('kernel'), bias: unpacked('bias') }),
    snapshot: () => stateOf(unpacked),
    close: () => session.release(),
  };
}

function isKernel(name: StateName): boolean {
  return name.startsWith('kernel');
}

/** `[count / width]`, in float64. */
function sumsOfRows(values: Float32Array, width: number): Float64Array {
  return Float64Array.from({ length: values.length / width }, (_, row) =>
    values.subarray(row * width, (row + 1) * width).reduce((sum, value) => sum + value, 0),
  );
}

function feedsOfSteps(batches: BatchFeeds, schedule: TrainingSchedule, parts: number): Record<string, DenseTensor> {
  const { steps, batchSize, rows, labels, rowWeights } = batches;
  const scaled = Float32Array.from(
    rowWeights,
    (weight, index) => weight * (schedule.scale[Math.floor(index / batchSize)] ?? 1),
  );
  return {
    rows: firstParts(rows, parts, steps, batchSize),
    labels: tensor(labels, steps, batchSize, 1),
    rowWeights: tensor(scaled, steps, batchSize, 1),
    rate: tensor(schedule.rate, steps),
    epsilon: tensor(schedule.epsilon, steps),
    minusOne: tensor(new Float32Array(batchSize).fill(-1), batchSize, 1),
    endScale: tensor(Float32Array.of(schedule.endScale)),
  };
}

function feedsOfMasks(
  { pool, poolRows, rows }: DropoutMasks,
  { steps, batchSize }: BatchFeeds,
  { dimensions, parts }: KernelLayout,
) {
  return {
    maskPool: tensor(pool, poolRows * parts, dimensions / parts),
    maskRows: firstParts(rows, parts, steps, batchSize),
  };
}

/** Numbers of rows as numbers of their first parts. */
function firstParts(rows: BigInt64Array, parts: number, ...dims: readonly number[]): DenseTensor {
  return tensor(parts === 1 ? rows : rows.map((row) => row * BigInt(parts)), ...dims);
}

function tensor<T extends Float32Array | BigInt64Array | Uint16Array>(
  data: T,
  ...dims: readonly number[]
): DenseTensor<T> {
  return { data, dims };
}
