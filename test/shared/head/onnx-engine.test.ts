import { describe, expect, it } from 'vitest';
import { DEFAULT_HYPERPARAMETERS } from '../../../shared/head/hyperparameters.ts';
import { onnxEngine, TRAINING_THREADS } from '../../../shared/head/onnx-engine.ts';
import { openHead } from '../../../shared/head/predict-head.ts';
import { trainReference } from '../../support/reference-head.ts';
import { maxAbsDifference } from '../../support/arrays.ts';
import { clusteredRows, valuesOf } from '../../support/features.ts';
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

  it('descends: a finite difference of its own loss agrees with its first update', async () => {
    // One step of Adam from zero moments moves each parameter by the learning rate against the sign of its gradient.
    const train = clusteredRows(32, 6, 3);
    const start = {
      dimensions: 6,
      classCount: 3,
      kernel: Float32Array.from({ length: 18 }, (_, i) => Math.sin(i)),
      bias: Float32Array.of(0.3, -0.2, 0.1),
    };
    const values = Float16Array.from(await valuesOf(train.features));
    const lossAt = async (index: number, change: number) => {
      const kernel = start.kernel.slice();
      kernel[index] = (kernel[index] ?? 0) + change;
      const head = await openHead({ ...start, kernel });
      const { probabilities } = await head.predict(values, 32);
      await head.close();
      return train.labels.reduce((sum, label, row) => sum - Math.log(probabilities[row * 3 + label] ?? 0), 0) / 32;
    };

    const learningRate = 1e-3;
    const hyperparameters = { ...DEFAULT_HYPERPARAMETERS, epochs: 1, batchSize: 32, dropout: 0, learningRate };
    const { weights } = await onnxEngine.train({
      train,
      valid: null,
      classCount: 3,
      hyperparameters,
      initialWeights: start,
    });

    for (let index = 0; index < 18; index += 1) {
      const slope = ((await lossAt(index, 1e-2)) - (await lossAt(index, -1e-2))) / 2e-2;
      const moved = (weights.kernel[index] ?? 0) - (start.kernel[index] ?? 0);
      if (Math.abs(slope) > 1e-4) expect(moved / -Math.sign(slope)).toBeCloseTo(learningRate, 5);
    }
  });
});
