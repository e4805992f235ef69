import { describe, expect, it } from 'vitest';
import { CancelledError, InvalidInputError } from '../../../shared/errors.ts';
import type { HeadEngine, HeadHyperparameters, LabelledRows, TrainHeadRequest } from '../../../shared/head/head.ts';
import { DEFAULT_HYPERPARAMETERS } from '../../../shared/head/hyperparameters.ts';
import { maxAbsDifference } from '../../support/arrays.ts';
import { clusteredRows, featureRows, valuesOf } from '../../support/features.ts';
import { trainReference } from '../../support/reference-head.ts';

const D = 12;
const C = 3;

function request(changes: Partial<HeadHyperparameters> = {}, more: Partial<TrainHeadRequest> = {}): TrainHeadRequest {
  return {
    train: clusteredRows(50, D, C),
    valid: null,
    classCount: C,
    hyperparameters: { ...DEFAULT_HYPERPARAMETERS, epochs: 4, batchSize: 16, patience: 0, seed: 7, ...changes },
    ...more,
  };
}

/** What every engine does. Float32 engines agree with the float64 reference to a few units of float32 after some dozen updates. */
export function describeHeadEngine(name: string, load: () => Promise<HeadEngine>): void {
  describe(`head engine ${name}`, () => {
    it.each([
      ['the defaults', {}],
      ['no dropout', { dropout: 0 }],
      ['L2', { dropout: 0, l2: 0.05 }],
      ['balanced class weights', { classWeights: 'auto' }],
      ['batches of one row', { batchSize: 1, epochs: 1 }],
      ['a batch larger than the dataset', { batchSize: 1000 }],
      [
        'a large learning rate with everything on',
        { learningRate: 0.05, l2: 0.01, dropout: 0.25, classWeights: 'auto' },
      ],
    ] as const)('trains what the formulas say with %s', async (_, changes) => {
      const asked = request(changes);

      const result = await (await load()).train(asked);

      const expected = trainReference(asked, await valuesOf(asked.train.features));
      expect(maxAbsDifference(result.weights.kernel, expected.kernel)).toBeLessThan(2e-6);
      expect(maxAbsDifference(result.weights.bias, expected.bias)).toBeLessThan(2e-6);
      expect(
        maxAbsDifference(
          result.history.map((epoch) => epoch.trainLoss),
          expected.epochLoss,
        ),
      ).toBeLessThan(1e-5);
      expect(result.history.map((epoch) => epoch.trainAccuracy)).toEqual(expected.epochAccuracy);
    });

    it('gives the same bytes for the same request and other bytes for another seed', async () => {
      const engine = await load();

      const [first, again, other] = [
        await engine.train(request()),
        await engine.train(request()),
        await engine.train(request({ seed: 8 })),
      ];

      expect(again.weights).toEqual(first.weights);
      expect(other.weights.kernel).not.toEqual(first.weights.kernel);
    });

    it('leaves the initial weights of the request as they were', async () => {
      const initial = {
        dimensions: D,
        classCount: C,
        kernel: new Float32Array(D * C).fill(0.1),
        bias: new Float32Array(C),
      };

      await (await load()).train(request({}, { initialWeights: initial }));

      expect(initial.kernel.every((value) => value === Math.fround(0.1))).toBe(true);
    });

    it('keeps the epoch with the lowest validation loss and stops when it is exhausted', async () => {
      const valid = clusteredRows(30, D, C, 2);

      const result = await (
        await load()
      ).train(request({ epochs: 200, learningRate: 0.1, dropout: 0, patience: 5 }, { valid }));

      const losses = result.history.map((epoch) => epoch.validLoss ?? Number.NaN);
      expect(result.bestEpoch).toBe(losses.indexOf(Math.min(...losses)) + 1);
      expect(result.hasStoppedEarly).toBe(true);
      expect(result.history).toHaveLength(result.bestEpoch + 5);
      const short = await (await load()).train(request({ epochs: result.bestEpoch, learningRate: 0.1, dropout: 0 }));
      expect(result.weights).toEqual(short.weights);
    });

    it('permutes the columns of the kernel when the classes are permuted', async () => {
      const { train } = request();
      const swap = (label: number) => (label + 1) % C;
      const swapped: LabelledRows = { features: train.features, labels: train.labels.map(swap) };
      const zero = { dimensions: D, classCount: C, kernel: new Float32Array(D * C), bias: new Float32Array(C) };

      const plain = await (await load()).train(request({}, { initialWeights: zero }));
      const permuted = await (await load()).train(request({}, { initialWeights: zero, train: swapped }));

      const expected = plain.weights.kernel.map((_, i) => plain.weights.kernel[i - (i % C) + ((i + C - 1) % C)] ?? 0);
      expect(maxAbsDifference(permuted.weights.kernel, expected)).toBeLessThan(1e-6);
    });

    it('trains the same on every row twice in one batch as on every row once', async () => {
      const rows = clusteredRows(10, D, C);
      const values = await valuesOf(rows.features);
      const twice = {
        features: featureRows(Float16Array.from([...values, ...values]), D),
        labels: Uint32Array.from([...rows.labels, ...rows.labels]),
      };
      const settings = { dropout: 0, batchSize: 100 };

      const once = await (await load()).train(request(settings, { train: rows, shuffle: false }));
      const doubled = await (await load()).train(request(settings, { train: twice, shuffle: false }));

      expect(maxAbsDifference(doubled.weights.kernel, once.weights.kernel)).toBeLessThan(1e-6);
    });

    it('throws a CancelledError when the signal is aborted', async () => {
      const controller = new AbortController();
      const onEpoch = () => {
        controller.abort();
      };

      await expect((await load()).train(request({}, { signal: controller.signal, onEpoch }))).rejects.toThrow(
        CancelledError,
      );
    });

    it('throws an InvalidInputError when the loss is not finite', async () => {
      const values = new Float16Array(50 * D).fill(Number.NaN);
      const train = { features: featureRows(values, D), labels: clusteredRows(50, D, C).labels };

      await expect((await load()).train(request({}, { train }))).rejects.toThrow(/expected a finite training loss/);
    });

    it.each([
      [
        'a label outside the classes',
        { train: { ...clusteredRows(4, D, C), labels: Uint32Array.of(0, 1, 2, 3) } },
        /numbers in \[0, 3\), received 3/,
      ],
      [
        'fewer labels than rows',
        { train: { ...clusteredRows(4, D, C), labels: Uint32Array.of(0, 1) } },
        /expected 4, one for each row, received 2/,
      ],
      ['one class', { classCount: 1 }, /classCount/],
      [
        'validation rows of another length',
        { valid: clusteredRows(4, D + 1, C) },
        /vectors of 12 values as in train, received 13/,
      ],
      [
        'no rows',
        { train: { features: featureRows(new Float16Array(), D), labels: new Uint32Array() } },
        /expected at least one row/,
      ],
    ] as const)('throws an InvalidInputError for %s', async (_, changes, message) => {
      const failure = (await load()).train(request({}, changes));

      await expect(failure).rejects.toThrow(InvalidInputError);
      await expect(failure).rejects.toThrow(message);
    });
  });
}
