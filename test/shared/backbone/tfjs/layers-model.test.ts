import type * as tfTypes from '@tensorflow/tfjs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { importTfjsFolder } from '../../../../shared/backbone/tfjs/import-tfjs-folder.ts';
import { DamagedFileError, InvalidInputError, NotFoundError } from '../../../../shared/errors.ts';
import { openSession } from '../../../../shared/onnx/session.ts';
import { maxAbsDifference } from '../../../support/arrays.ts';
import { saveLayersModel, startTfjs } from '../../../support/tfjs.ts';

const tf = await startTfjs();

/** As Teachable Machine builds its models: a truncated MobileNetV2 and its pooling in one Sequential, the dense head in another. */
function teachableMachine(): { whole: tfTypes.LayersModel; features: tfTypes.LayersModel } {
  const { layers } = tf;
  const initial = (seed: number) => ({ kernelInitializer: tf.initializers.randomNormal({ seed, stddev: 0.4 }) });
  const statistics = (seed: number) => ({
    movingMeanInitializer: tf.initializers.randomNormal({ seed, stddev: 0.3 }),
    movingVarianceInitializer: tf.initializers.randomUniform({ seed, minval: 0.5, maxval: 2 }),
    betaInitializer: tf.initializers.randomNormal({ seed: seed + 1, stddev: 0.3 }),
    gammaInitializer: tf.initializers.randomUniform({ seed: seed + 2, minval: 0.5, maxval: 1.5 }),
  });
  const image = tf.input({ shape: [33, 29, 3] });
  let x = layers
    .zeroPadding2d({
      padding: [
        [0, 1],
        [0, 1],
      ],
    })
    .apply(image);
  x = layers.conv2d({ filters: 8, kernelSize: 3, strides: 2, useBias: false, ...initial(1) }).apply(x);
  x = layers.batchNormalization(statistics(2)).apply(x);
  const relu = layers.reLU({ maxValue: 6 }).apply(x) as tfTypes.SymbolicTensor;
  x = layers
    .depthwiseConv2d({
      kernelSize: 3,
      padding: 'same',
      depthMultiplier: 1,
      depthwiseInitializer: tf.initializers.randomNormal({ seed: 3, stddev: 0.4 }),
    })
    .apply(relu);
  x = layers.conv2d({ filters: 8, kernelSize: 1, activation: 'relu', ...initial(4) }).apply(x);
  x = layers.add().apply([x as tfTypes.SymbolicTensor, relu]);
  x = layers
    .depthwiseConv2d({
      kernelSize: 5,
      strides: 2,
      padding: 'same',
      depthMultiplier: 2,
      depthwiseInitializer: tf.initializers.randomNormal({ seed: 5, stddev: 0.3 }),
    })
    .apply(x);
  x = layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }).apply(x);
  const features = tf.model({ inputs: image, outputs: x as tfTypes.SymbolicTensor });
  const body = tf.sequential({ layers: [features, layers.globalAveragePooling2d({})] });
  const head = tf.sequential({
    layers: [
      layers.dense({ units: 4, activation: 'relu', inputShape: [16] }),
      layers.dense({ units: 2, activation: 'softmax' }),
    ],
  });
  return { whole: tf.sequential({ layers: [body, head] }), features };
}

async function exportToFolder(model: tfTypes.LayersModel): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'headstart-tm-'));
  const { description, shards } = await saveLayersModel(model);
  await writeFile(path.join(folder, 'model.json'), JSON.stringify(description));
  await writeFile(path.join(folder, 'weights.bin'), shards);
  return path.join(folder, 'model.json');
}

describe('importTfjsFolder', () => {
  it('gives the feature map and its mean that TensorFlow.js computes in a Teachable Machine export', async () => {
    const { whole, features } = teachableMachine();
    const file = await exportToFolder(whole);
    const nhwc = tf.randomUniform([2, 33, 29, 3], -1, 1, 'float32', 7);

    const imported = await importTfjsFolder(file);

    const session = await openSession(imported.model, { threads: 1 });
    const nchw = (await tf.transpose(nhwc, [0, 3, 1, 2]).data()) as Float32Array;
    const outputs = await session.run({ image: { data: nchw, dims: [2, 3, 33, 29] } });
    const expected = features.predict(nhwc) as tfTypes.Tensor;
    const expectedNchw = (await tf.transpose(expected, [0, 3, 1, 2]).data()) as Float32Array;
    expect(imported).toMatchObject({ height: 33, width: 29, channels: 16 });
    expect(maxAbsDifference(outputs.features?.data as Float32Array, expectedNchw)).toBeLessThan(1e-5);
    const pooled = (await tf.mean(expected, [1, 2]).data()) as Float32Array;
    expect(maxAbsDifference(outputs.embedding?.data as Float32Array, pooled)).toBeLessThan(1e-5);
    await session.release();
  });

  it('throws an InvalidInputError that names a layer which it does not know', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({ filters: 4, kernelSize: 3, inputShape: [16, 16, 3] }),
        tf.layers.upSampling2d({ name: 'wider' }),
      ],
    });

    await expect(importTfjsFolder(await exportToFolder(model))).rejects.toThrow(/received UpSampling2D \("wider"\)/);
  });

  it('throws a NotFoundError that names the missing weights, or the missing model.json', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'headstart-tm-'));
    const { description } = await saveLayersModel(teachableMachine().whole);
    await writeFile(path.join(folder, 'model.json'), JSON.stringify(description));

    await expect(importTfjsFolder(path.join(folder, 'model.json'))).rejects.toThrow(/"weights.bin" beside model.json/);
    await expect(importTfjsFolder(path.join(folder, 'other.json'))).rejects.toThrow(NotFoundError);
  });

  it('throws a DamagedFileError for shards that are too short and too long', async () => {
    const file = await exportToFolder(teachableMachine().whole);
    const weights = path.join(path.dirname(file), 'weights.bin');

    await writeFile(weights, new Uint8Array(10));
    await expect(importTfjsFolder(file)).rejects.toThrow(/received 10; copy all shards again/);
    await writeFile(weights, new Uint8Array(1_000_000));
    await expect(importTfjsFolder(file)).rejects.toThrow(DamagedFileError);
  });

  it('throws for a model.json that is none', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'headstart-tm-'));
    const file = path.join(folder, 'model.json');

    await writeFile(file, '{"modelTopology": 3}');
    await expect(importTfjsFolder(file)).rejects.toThrow(InvalidInputError);
    await writeFile(file, '<html>');
    await expect(importTfjsFolder(file)).rejects.toThrow(DamagedFileError);
  });
});
