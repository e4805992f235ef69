import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { TrainHeadRequest } from '../../../shared/head/head.ts';
import { DEFAULT_HYPERPARAMETERS } from '../../../shared/head/hyperparameters.ts';
import { onnxEngine } from '../../../shared/head/onnx-engine.ts';
import { openHead } from '../../../shared/head/predict-head.ts';
import { maxAbsDifference } from '../../support/arrays.ts';
import { featureRows } from '../../support/features.ts';
import { trainReference } from '../../support/reference-head.ts';
import { hasShared, NEEDS_SHARED, sharedPath } from '../../support/shared-folder.ts';

interface KerasHead {
  readonly config: {
    readonly inputs: number;
    readonly classes: number;
    readonly batchSize: number;
    readonly epochs: number;
  };
  readonly features: number[][];
  readonly labels: number[];
  readonly initialKernel: number[][];
  readonly initialBias: number[];
  readonly epochLoss: number[];
  readonly epochAccuracy: number[];
  readonly stepLoss: number[];
  readonly finalKernel: number[][];
  readonly finalBias: number[];
  readonly finalProbabilities: number[][];
}

/**
 * Keras was given float32 features, the cache holds float16: so the chain has two links. The float64 reference reproduces Keras on the
 * original features, and the engine reproduces the reference on the rounded ones.
 */
describe.skipIf(!hasShared)(`Keras' own training of the same head (${NEEDS_SHARED})`, () => {
  const keras = JSON.parse(
    hasShared ? readFileSync(sharedPath('parity/keras-head.json'), 'utf8') : '{"features":[]}',
  ) as KerasHead;
  const original = keras.features.flat();
  const rounded = Float16Array.from(original);

  function request(): TrainHeadRequest {
    const { config, labels, initialKernel, initialBias } = keras;
    const train = { features: featureRows(rounded, config.inputs), labels: Uint32Array.from(labels) };
    return {
      train,
      valid: null,
      classCount: config.classes,
      shuffle: false,
      initialWeights: {
        dimensions: config.inputs,
        classCount: config.classes,
        kernel: Float32Array.from(initialKernel.flat()),
        bias: Float32Array.from(initialBias),
      },
      hyperparameters: { ...DEFAULT_HYPERPARAMETERS, dropout: 0, epochs: config.epochs, batchSize: config.batchSize },
    };
  }

  it('is what the float64 reference computes from the same features', () => {
    const reference = trainReference(request(), original);

    expect(maxAbsDifference(reference.kernel, keras.finalKernel.flat())).toBeLessThan(1e-6);
    expect(maxAbsDifference(reference.bias, keras.finalBias)).toBeLessThan(1e-6);
    expect(maxAbsDifference(reference.stepLoss, keras.stepLoss)).toBeLessThan(1e-5);
    expect(maxAbsDifference(reference.epochLoss, keras.epochLoss)).toBeLessThan(1e-5);
    expect(maxAbsDifference(reference.epochAccuracy, keras.epochAccuracy)).toBeLessThan(1e-6);
  });

  it('is what the engine computes, but for the rounding of the features to float16', async () => {
    const reference = trainReference(request(), rounded);

    const { weights, history } = await onnxEngine.train(request());

    expect(maxAbsDifference(weights.kernel, reference.kernel)).toBeLessThan(1e-6);
    expect(maxAbsDifference(weights.bias, reference.bias)).toBeLessThan(1e-6);
    expect(
      maxAbsDifference(
        history.map((epoch) => epoch.trainLoss),
        reference.epochLoss,
      ),
    ).toBeLessThan(1e-5);
  });

  it('has the losses and accuracies of the engine within 1e-4', async () => {
    const { weights, history } = await onnxEngine.train(request());

    const head = await openHead(weights);
    const { probabilities } = await head.predict(rounded.slice(0, 8 * keras.config.inputs), 8);
    await head.close();
    expect(
      maxAbsDifference(
        history.map((epoch) => epoch.trainLoss),
        keras.epochLoss,
      ),
    ).toBeLessThan(1e-4);
    expect(
      maxAbsDifference(
        history.map((epoch) => epoch.trainAccuracy),
        keras.epochAccuracy,
      ),
    ).toBeLessThan(1e-6);
    // Largest effect of the rounding alone: 1.25e-4.
    expect(maxAbsDifference(probabilities, keras.finalProbabilities.flat())).toBeLessThan(2e-4);
  });
});
