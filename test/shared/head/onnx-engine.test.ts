import { describe, expect, it } from 'vitest';
import { DEFAULT_HYPERPARAMETERS } from '../../../shared/head/hyperparameters.ts';
import { classWeightsOf } from '../../../shared/head/class-weights.ts';
import { dropoutMasks } from '../../../shared/head/dropout-masks.ts';
import type { TrainHeadRequest } from '../../../shared/head/head.ts';
import { partsOf } from '../../../shared/head/kernel-layout.ts';
import { onnxEngine, openOnnxTrainer, TRAINING_THREADS } from '../../../shared/head/onnx-engine.ts';
import { Random, RANDOM_STREAMS } from '../../../shared/head/random.ts';
import { TrainingPausedError, type TrainingCheckpoint } from '../../../shared/head/training-checkpoint.ts';
import { trainInBlocks } from '../../../shared/head/training-loop.ts';
import { referenceGradient, trainReference, type ReferenceBatch } from '../../support/reference-head.ts';
import { maxAbsDifference } from '../../support/arrays.ts';
import { clusteredRows, featureRows, valuesOf } from '../../support/features.ts';
import { describeHeadEngine } from './head-engine.contract.ts';

describeHeadEngine('onnx', () => Promise.resolve(onnxEngine));

describe('onnxEngine', () => {
  it('stays with the float64 reference over hundreds of updates, through the scaled moments', async () => {
    const request = {
      train: clusteredRows(64, 20, 4),
      valid: null,
      classCount: 4,
      hyperparameters: { ...DEFAULT_HYPERPARAMETERS, epochs: 150, batchSize: 16, patience: 0, dropout: 0 },
    };

    const result = await onnxEngine.train(request);

    const expected = trainReference(request, await valuesOf(request.train.features));
    expect(maxAbsDifference(result.weights.kernel, expected.kernel)).toBeLessThan(1e-4);
  });

  it('does not depend on the processors of the machine: the number of threads is fixed', async () => {
    const request = {
      train: clusteredRows(300, 256, 10),
      valid: null,
      classCount: 10,
      hyperparameters: { ...DEFAULT_HYPERPARAMETERS, epochs: 2 },
    };

    const [byDefault, stated] = [
      await onnxEngine.train(request),
      await onnxEngine.train({ ...request, threads: TRAINING_THREADS }),
    ];

    expect(byDefault.weights).toEqual(stated.weights);
  });

  it('walks over a large kernel in parts and still trains what the formulas say', async () => {
    const [D, C] = [1024, 600];
    const train = clusteredRows(20, D, C);
    const hyperparameters = { ...DEFAULT_HYPERPARAMETERS, epochs: 2, batchSize: 8, l2: 0.001 };
    const request = { train, valid: null, classCount: C, hyperparameters };

    const { weights, history } = await onnxEngine.train(request);

    const expected = trainReference(request, await valuesOf(train.features));
    expect(partsOf(D, C)).toBe(4);
    expect(maxAbsDifference(weights.kernel, expected.kernel)).toBeLessThan(1e-5);
    expect(maxAbsDifference(weights.bias, expected.bias)).toBeLessThan(1e-5);
    const losses = history.map((epoch) => epoch.trainLoss);
    expect(maxAbsDifference(losses, expected.epochLoss)).toBeLessThan(1e-4);
  });

  it('has no subnormal moments, which are slow, where the head is sure of its answers', async () => {
    const [D, C] = [16, 3];
    const { features, labels } = clusteredRows(64, D, C);
    // exp(-95), the probability of the other classes, is subnormal.
    const initialWeights = {
      dimensions: D,
      classCount: C,
      kernel: new Float32Array(D * C),
      bias: Float32Array.of(0, -95, -95),
    };
    const hyperparameters = { ...DEFAULT_HYPERPARAMETERS, epochs: 2, batchSize: 16, dropout: 0 };
    const train = { features, labels: labels.map(() => 0) };

    const { state } = await pausedAfterOneEpoch({ train, valid: null, classCount: C, hyperparameters, initialWeights });

    expect(state.kernelM?.some((m) => m !== 0)).toBe(true);
    expect(subnormalsOf(state.kernelM)).toEqual([]);
  });

  it('lets the moment of an input that is not seen again become 0, not stay subnormal', async () => {
    const [rowCount, D, C] = [32, 4, 2];
    const train = {
      features: featureRows(new Float16Array(rowCount * D), D),
      labels: clusteredRows(rowCount, D, C).labels,
    };
    const hyperparameters = { ...DEFAULT_HYPERPARAMETERS, epochs: 3, batchSize: 16, dropout: 0 };
    const request = { train, valid: null, classCount: C, hyperparameters };
    const paused = await pausedAfterOneEpoch(request);
    const faded = { ...paused.state, kernelM: new Float32Array(D * C).fill(1e-40) };

    const { state } = await pausedAfterOneEpoch({ ...request, resumeFrom: { ...paused, state: faded } });

    expect(subnormalsOf(faded.kernelM)).toHaveLength(D * C);
    expect(state.kernelM).toEqual(new Float32Array(D * C));
  });

  it('takes the gradient that finite differences of a float64 loss give', async () => {
    const [rowCount, D, C] = [24, 6, 3];
    const { features, labels } = clusteredRows(rowCount, D, C);
    const kernel = Float32Array.from({ length: D * C }, (_, i) => Math.sin(i));
    const start = { dimensions: D, classCount: C, kernel, bias: Float32Array.of(0.3, -0.2, 0.1) };
    const train = { features, labels: labels.map((label, row) => (row % 5 === 0 ? 0 : label)) };
    const hyperparameters = {
      ...DEFAULT_HYPERPARAMETERS,
      ...{ epochs: 2, batchSize: rowCount, l2: 0.03, classWeights: 'auto' as const },
    };
    const request = { train, valid: null, classCount: C, hyperparameters, initialWeights: start, shuffle: false };

    // Adam's first moment after one update from zero is (1 - beta1) times the gradient; it is carried without that factor.
    const { state } = await pausedAfterOneEpoch(request);

    const batch = await maskedBatch(request);
    const weightOf = classWeightsOf('auto', train.labels, C);
    const slopeOf = (name: 'kernel' | 'bias', index: number) => {
      const lossAt = (change: number) => {
        const moved = { kernel: Float64Array.from(start.kernel), bias: Float64Array.from(start.bias) };
        moved[name][index] = (moved[name][index] ?? 0) + change;
        return referenceGradient(batch, moved.kernel, moved.bias, { l2: 0.03, weightOf }).loss;
      };
      return (lossAt(1e-5) - lossAt(-1e-5)) / 2e-5;
    };
    const kernelSlopes = Float64Array.from({ length: D * C }, (_, index) => slopeOf('kernel', index));
    const biasSlopes = Float64Array.from({ length: C }, (_, index) => slopeOf('bias', index));
    expect(Math.max(...kernelSlopes.map(Math.abs))).toBeGreaterThan(0.1);
    expect(maxAbsDifference(state.kernelM ?? [], kernelSlopes)).toBeLessThan(1e-6);
    expect(maxAbsDifference(state.biasM ?? [], biasSlopes)).toBeLessThan(1e-6);
  });

  it.each([
    ['shuffled', true],
    ['in order', false],
  ])(
    'trains more rows than one block holds as the formulas say, %s, and with the same bytes again',
    async (_, shuffle) => {
      const D = 20;
      const request = {
        train: clusteredRows(203, D, 4),
        valid: clusteredRows(50, D, 4, 2),
        classCount: 4,
        shuffle,
        hyperparameters: { ...DEFAULT_HYPERPARAMETERS, epochs: 3, batchSize: 8, l2: 0.001 },
      };
      const blockRows = 64;

      const [first, again] = [
        await trainInBlocks(request, openOnnxTrainer, blockRows * D * 2),
        await trainInBlocks(request, openOnnxTrainer, blockRows * D * 2),
      ];

      const expected = trainReference(request, await valuesOf(request.train.features), blockRows);
      expect(again.weights).toEqual(first.weights);
      expect(first.bestEpoch).toBe(3);
      expect(maxAbsDifference(first.weights.kernel, expected.kernel)).toBeLessThan(2e-6);
      expect(maxAbsDifference(first.weights.bias, expected.bias)).toBeLessThan(2e-6);
    },
  );
});

async function pausedAfterOneEpoch(request: TrainHeadRequest): Promise<TrainingCheckpoint> {
  const failure: unknown = await onnxEngine.train({ ...request, pause: AbortSignal.abort() }).catch((e: unknown) => e);
  if (failure instanceof TrainingPausedError) return failure.checkpoint;
  throw new Error('expected the training to pause', { cause: failure });
}

function subnormalsOf(values: Float32Array = new Float32Array()): number[] {
  return [...values].filter((value) => value !== 0 && Math.abs(value) < 2 ** -126);
}

/** All rows as one batch, with the masks that a training of one batch draws. */
async function maskedBatch({ train, hyperparameters }: TrainHeadRequest): Promise<ReferenceBatch> {
  const { features, labels } = train;
  const { rowCount, dimensions } = features;
  const { dropout, seed } = hyperparameters;
  const values = await valuesOf(features);
  const masks = dropoutMasks(
    { dropout, dimensions, batchSize: rowCount, steps: 1 },
    new Random(seed, RANDOM_STREAMS.masks),
  );
  const inputOf = (_: unknown, row: number) =>
    Float64Array.from(
      { length: dimensions },
      (__, d) => (values[row * dimensions + d] ?? 0) * (masks.pool[Number(masks.rows[row]) * dimensions + d] ?? 0),
    );
  return { inputs: Array.from({ length: rowCount }, inputOf), labels: [...labels] };
}
