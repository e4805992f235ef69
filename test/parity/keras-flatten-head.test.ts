import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFAULT_HYPERPARAMETERS } from '../../shared/head/hyperparameters.ts';
import { onnxEngine } from '../../shared/head/onnx-engine.ts';
import { openHead } from '../../shared/head/predict-head.ts';
import { maxAbsDifference } from '../support/arrays.ts';
import { featureRows } from '../support/features.ts';
import { decodeFloats } from './parity-fixture.ts';

interface FlattenHead {
  /** `[rows, 7, 7, channels]`. */
  readonly featuresDims: readonly [number, number, number, number];
  readonly features: string;
  readonly labels: readonly number[];
  readonly classes: number;
  readonly batchSize: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly initialKernel: string;
  readonly epochLoss: readonly number[];
  readonly epochAccuracy: readonly number[];
  readonly finalKernel: string;
  readonly finalBias: readonly number[];
  readonly finalProbabilities: readonly (readonly number[])[];
}

const keras = JSON.parse(readFileSync(join(import.meta.dirname, 'keras-flatten-head.json'), 'utf8')) as FlattenHead;

function train() {
  const [, height, width, channels] = keras.featuresDims;
  const dimensions = height * width * channels;
  // The fixture's values are float16 already, so the cache's rounding changes nothing.
  const features = featureRows(Float16Array.from(decodeFloats(keras.features)), dimensions);
  return onnxEngine.train({
    train: { features, labels: Uint32Array.from(keras.labels) },
    valid: null,
    classCount: keras.classes,
    shuffle: false,
    initialWeights: {
      dimensions,
      classCount: keras.classes,
      kernel: decodeFloats(keras.initialKernel),
      bias: new Float32Array(keras.classes),
    },
    hyperparameters: {
      ...DEFAULT_HYPERPARAMETERS,
      dropout: 0,
      epochs: keras.epochs,
      batchSize: keras.batchSize,
      learningRate: keras.learningRate,
    },
    threads: 1,
  });
}

describe("Keras' training of Flatten -> Dense on 7x7 feature maps", () => {
  it('gives the same losses, accuracies and weights', async () => {
    const { history, weights } = await train();

    const losses = history.map((epoch) => epoch.trainLoss);
    const accuracies = history.map((epoch) => epoch.trainAccuracy);
    expect(maxAbsDifference(losses, keras.epochLoss)).toBeLessThan(1e-4);
    expect(maxAbsDifference(accuracies, keras.epochAccuracy)).toBeLessThan(1e-4);
    expect(maxAbsDifference(weights.kernel, decodeFloats(keras.finalKernel))).toBeLessThan(1e-5);
    expect(maxAbsDifference(weights.bias, keras.finalBias)).toBeLessThan(1e-5);
  });

  it('predicts the same probabilities', async () => {
    const head = await openHead((await train()).weights);
    const rows = keras.finalProbabilities.length;
    const features = decodeFloats(keras.features);

    const { probabilities } = await head.predict(
      Float16Array.from(features.subarray(0, (features.length / keras.labels.length) * rows)),
      rows,
    );

    expect(maxAbsDifference(probabilities, keras.finalProbabilities.flat())).toBeLessThan(1e-5);
    await head.close();
  });
});
