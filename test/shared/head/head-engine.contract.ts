import { describe, expect, it } from 'vitest';
import { CancelledError, InvalidInputError } from '../../../shared/errors.ts';
import type { HeadEngine, HeadHyperparameters, LabelledRows, TrainHeadRequest } from '../../../shared/head/head.ts';
import { DEFAULT_HYPERPARAMETERS } from '../../../shared/head/hyperparameters.ts';
import { openHead } from '../../../shared/head/predict-head.ts';
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

    it('trains the same on the inputs side by side, halved, with half the penalty', async () => {
      // Each half of the kernel gets half the gradient. Adam does not see the factor, so both halves move as the kernel did.
      const train = clusteredRows(40, D, C);
      const values = await valuesOf(train.features);
      const halved = Float16Array.from(
        { length: 2 * values.length },
        (_, i) => (values[Math.floor(i / (2 * D)) * D + (i % D)] ?? 0) / 2,
      );
      const kernel = Float32Array.from({ length: D * C }, (_, i) => Math.sin(i));
      const start = { dimensions: D, classCount: C, kernel, bias: new Float32Array(C) };
      const twofold = { ...start, dimensions: 2 * D, kernel: Float32Array.of(...kernel, ...kernel) };
      const settings = { dropout: 0, learningRate: 0.01 };

      const single = await (await load()).train(request({ ...settings, l2: 0.02 }, { train, initialWeights: start }));
      const double = await (
        await load()
      ).train(
        request(
          { ...settings, l2: 0.01 },
          { train: { features: featureRows(halved, 2 * D), labels: train.labels }, initialWeights: twofold },
        ),
      );

      const expected = Float32Array.of(...single.weights.kernel, ...single.weights.kernel);
      expect(maxAbsDifference(expected, twofold.kernel)).toBeGreaterThan(0.05);
      // What epsilon, which is not halved, makes of the smallest gradients.
      expect(maxAbsDifference(double.weights.kernel, expected)).toBeLessThan(2e-4);
      expect(
        maxAbsDifference(
          double.history.map((epoch) => epoch.trainLoss),
          single.history.map((epoch) => epoch.trainLoss),
        ),
      ).toBeLessThan(1e-5);
    });

    it.each(['none', 'auto'] as const)(
      'learns never to answer a class without rows (class weights %s)',
      async (classWeights) => {
        const asked = request({ classWeights, epochs: 60, learningRate: 0.05, dropout: 0 }, { classCount: C + 1 });
        const values = await valuesOf(asked.train.features);

        const { weights, history } = await (await load()).train(asked);

        const expected = trainReference(asked, values);
        const head = await openHead(weights);
        const { probabilities } = await head.predict(values, 50);
        await head.close();
        const ofAbsent = probabilities.filter((_, index) => index % (C + 1) === C);
        expect(ofAbsent).toHaveLength(50);
        expect(Math.max(...ofAbsent)).toBeLessThan(0.05);
        expect(weights.bias[C]).toBeCloseTo(expected.bias[C] ?? Number.NaN, 3);
        expect(history.at(-1)?.trainAccuracy).toBe(expected.epochAccuracy.at(-1));
      },
    );

    it('throws an InvalidInputError when the loss is not finite', async () => {
      const kernel = new Float32Array(D * C).fill(3e38);
      const initialWeights = { dimensions: D, classCount: C, kernel, bias: new Float32Array(C) };

      await expect((await load()).train(request({}, { initialWeights }))).rejects.toMatchObject({
        code: 'training_diverged',
        message: expect.stringContaining('expected a finite training loss, received none in epoch 1') as string,
      });
    });

    it.each([Number.NaN, Infinity, -Infinity])(
      'throws an InvalidInputError for a value of %d, naming its row',
      async (wrong) => {
        const { features, labels } = clusteredRows(50, D, C);
        const values = await valuesOf(features);
        values[31 * D + 5] = wrong;
        const rows = { features: featureRows(values, D), labels };

        for (const name of ['train', 'valid'] as const) {
          await expect((await load()).train(request({}, { [name]: rows }))).rejects.toMatchObject({
            code: 'features_not_finite',
            message: expect.stringContaining(
              `${name}.features: expected finite vectors, received ${wrong} as value 5 of row 31`,
            ) as string,
          });
        }
      },
    );

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
        'initial weights of another shape',
        {
          initialWeights: { dimensions: D, classCount: 2, kernel: new Float32Array(D * 2), bias: new Float32Array(2) },
        },
        /expected kernel \[12, 3\] and bias \[3\], received 24 and 2 values/,
      ],
      [
        'initial weights that are not finite',
        {
          initialWeights: {
            dimensions: D,
            classCount: C,
            kernel: new Float32Array(D * C).fill(Number.NaN),
            bias: new Float32Array(C),
          },
        },
        /initialWeights: expected finite numbers/,
      ],
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
