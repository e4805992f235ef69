import { describe, expect, it } from 'vitest';
import { CancelledError, InvalidInputError } from '../../../shared/errors.ts';
import type { HeadHyperparameters } from '../../../shared/head/head.ts';
import { DEFAULT_HYPERPARAMETERS } from '../../../shared/head/hyperparameters.ts';
import { loadHeadEngine } from '../../../shared/head/load-head-engine.ts';
import { onnxEngine } from '../../../shared/head/onnx-engine.ts';
import { rungEpochs, sweepHeads, type SweepProgress } from '../../../shared/head/sweep-heads.ts';
import { clusteredRows } from '../../support/features.ts';

const base: HeadHyperparameters = { ...DEFAULT_HYPERPARAMETERS, epochs: 40, batchSize: 16, patience: 0 };
const rows = { train: clusteredRows(90, 12, 3), valid: clusteredRows(45, 12, 3), classCount: 3 };
const withRates = (...rates: number[]) => rates.map((learningRate) => ({ ...base, learningRate }));

describe('sweepHeads', () => {
  it('gives the bytes of a training with the chosen settings alone', async () => {
    const candidates = [...withRates(1e-6, 1e-5, 0.003, 1e-4), { ...base, learningRate: 0.001, l2: 0.01 }];

    const { training, hyperparameters } = await sweepHeads(onnxEngine, { ...rows, candidates });

    const alone = await onnxEngine.train({ ...rows, hyperparameters });
    expect(training.weights).toEqual(alone.weights);
    expect(training.bestEpoch).toBe(alone.bestEpoch);
    expect(training.history.map(({ validLoss }) => validLoss)).toEqual(alone.history.map(({ validLoss }) => validLoss));
  });

  it('chooses the settings that trainings to the end choose', async () => {
    const candidates = withRates(1e-6, 0.003, 1e-5, 1e-4);
    const losses = [];
    for (const hyperparameters of candidates) {
      const { history } = await onnxEngine.train({ ...rows, hyperparameters });
      losses.push(Math.min(...history.map(({ validLoss }) => validLoss ?? Infinity)));
    }

    const { hyperparameters, trials } = await sweepHeads(onnxEngine, { ...rows, candidates });

    expect(hyperparameters).toBe(candidates[losses.indexOf(Math.min(...losses))]);
    const chosen = trials.find(({ outcome }) => outcome === 'chosen');
    expect(chosen).toMatchObject({ hyperparameters, epochsRun: 40, validLoss: Math.min(...losses) });
  });

  it('reports every setting, the dropped ones with the epochs they had', async () => {
    const progress: SweepProgress[] = [];
    const candidates = withRates(1e-6, 0.003, 1e-5, 1e-4);

    const { trials } = await sweepHeads(onnxEngine, { ...rows, candidates, onProgress: (one) => progress.push(one) });

    expect(rungEpochs(4, 40)).toEqual([6, 13]);
    expect(trials.map(({ hyperparameters }) => hyperparameters)).toEqual(candidates);
    expect(trials.map(({ outcome, epochsRun }) => [outcome, epochsRun])).toEqual([
      ['dropped', 6],
      ['chosen', 40],
      ['dropped', 6],
      ['dropped', 13],
    ]);
    // 4 x 6, then 2 x 7 more, then 1 x 27 more.
    expect(progress.at(-1)).toMatchObject({ epochs: 65, total: 65, candidatesLeft: 1 });
    expect(progress).toHaveLength(65);
  });

  it('leaves out settings whose loss is no longer finite, and fails when none is left', async () => {
    // The square of this kernel, which the penalty needs, is beyond float32.
    const kernel = new Float32Array(12 * 3).fill(1e20);
    const initialWeights = { dimensions: 12, classCount: 3, kernel, bias: new Float32Array(3) };
    const penalised = { ...base, l2: 0.01 };
    const request = { ...rows, initialWeights };

    const { trials, hyperparameters } = await sweepHeads(onnxEngine, { ...request, candidates: [penalised, base] });

    expect(trials.map(({ outcome }) => outcome)).toEqual(['diverged', 'chosen']);
    expect(trials[0]).toMatchObject({ validLoss: null, bestEpoch: 0 });
    expect(hyperparameters).toBe(base);
    const failing = sweepHeads(onnxEngine, { ...request, candidates: [penalised, { ...penalised, l2: 0.02 }] });
    await expect(failing).rejects.toThrow(InvalidInputError);
    await expect(failing).rejects.toMatchObject({ code: 'training_diverged' });
  });

  it('keeps the first of equal settings, and works with fewer epochs than rungs', async () => {
    const candidates = Array.from({ length: 9 }, () => ({ ...base, epochs: 1 }));

    const { trials } = await sweepHeads(onnxEngine, { ...rows, candidates });

    expect(trials.map(({ outcome }) => outcome)).toEqual(['chosen', ...Array.from({ length: 8 }, () => 'dropped')]);
  });

  it('stops when it is cancelled', async () => {
    const controller = new AbortController();
    const sweep = sweepHeads(onnxEngine, {
      ...rows,
      candidates: withRates(0.001, 0.003),
      signal: controller.signal,
      onProgress: () => {
        controller.abort();
      },
    });

    await expect(sweep).rejects.toThrow(CancelledError);
  });

  it('refuses an engine that cannot go on with a training', async () => {
    const sweep = sweepHeads(await loadHeadEngine('tfjs'), { ...rows, candidates: withRates(0.001, 0.003) });

    await expect(sweep).rejects.toThrow('choose "onnx"');
  });
});

describe('rungEpochs', () => {
  it.each([
    [16, 200, [8, 16, 31, 63]],
    [16, 20, [1, 2, 3, 6]],
    [2, 10, [3]],
    [5, 100, [8, 16, 31]],
    [16, 1, []],
  ])('of %i settings and %i epochs', (count, epochs, expected) => {
    expect(rungEpochs(count, epochs)).toEqual(expected);
  });
});
