import type * as tfTypes from '@tensorflow/tfjs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertGraphModel } from '../../../../shared/backbone/tfjs/graph-model.ts';
import type { TfjsGraphNode } from '../../../../shared/backbone/tfjs/graph-node.ts';
import { loadPackagedModel } from '../../../../shared/backbone/tfjs/nsfwjs-model.ts';
import { InvalidInputError } from '../../../../shared/errors.ts';
import { openSession, type OnnxSession } from '../../../../shared/onnx/session.ts';
import { maxAbsDifference } from '../../../support/arrays.ts';
import { startTfjs } from '../../../support/tfjs.ts';

const FOLDER = 'nsfwjs/dist/models/mobilenet_v2_mid';
const FEATURES =
  'StatefulPartitionedCall/sequential/keras_layer/StatefulPartitionedCall/StatefulPartitionedCall/StatefulPartitionedCall/predict/MobilenetV2/Conv_1/Relu6';

describe('convertGraphModel', () => {
  const { model } = loadPackagedModel(FOLDER);
  const nodes = model.topology.node as TfjsGraphNode[];
  const network = convertGraphModel(nodes, model.weights);
  let session: OnnxSession;

  beforeAll(async () => {
    session = await openSession(network.model, { threads: 2 });
  });
  afterAll(() => session.release());

  it('cuts the packaged MobileNetV2 at its last feature map', () => {
    expect(network).toMatchObject({ width: 224, height: 224, channels: 1792, featureSize: { height: 7, width: 7 } });
    expect(session.outputs).toEqual([
      { name: 'features', type: 'float32', dims: ['N', 1792, 7, 7] },
      { name: 'embedding', type: 'float32', dims: ['N', 1792] },
    ]);
  });

  it('gives what TensorFlow.js computes with the same files', async () => {
    const nhwc = wavyPicture();

    const expected = await featuresOfTfjs(nhwc);
    const { features, embedding } = await session.run({ image: { data: toNchw(nhwc), dims: [1, 3, 224, 224] } });

    const received = toNhwc(features?.data as Float32Array, 1792, 49);
    const scale = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    expect(scale).toBeGreaterThan(1);
    // 53 convolutions in float32, summed in another order: measured 1e-4 to 2e-4 of the largest feature; a wrong padding gives 1.
    expect(maxAbsDifference(received, expected) / scale).toBeLessThan(1e-3);
    const mean = Float32Array.from({ length: 1792 }, (_, c) => {
      let sum = 0;
      for (let position = 0; position < 49; position += 1) sum += expected[position * 1792 + c] ?? 0;
      return sum / 49;
    });
    expect(maxAbsDifference(embedding?.data as Float32Array, mean) / scale).toBeLessThan(1e-4);
  });

  it('throws an InvalidInputError that names an operator which it does not know', () => {
    const altered = nodes.map((node) => (node.op === '_FusedConv2D' ? { ...node, op: 'SpaceToBatchND' } : node));

    expect(() => convertGraphModel(altered, model.weights)).toThrow(InvalidInputError);
    expect(() => convertGraphModel(altered, model.weights)).toThrow(/received SpaceToBatchND/);
  });

  it('throws an InvalidInputError for a layout that it would misread', () => {
    const nchw = { s: Buffer.from('NCHW').toString('base64') };
    const altered = nodes.map((node) =>
      node.op === '_FusedConv2D' ? { ...node, attr: { ...node.attr, data_format: nchw } } : node,
    );

    expect(() => convertGraphModel(altered, model.weights)).toThrow(/expected layout NHWC .* received NCHW/);
  });
});

async function featuresOfTfjs(nhwc: Float32Array): Promise<Float32Array> {
  const tf = await startTfjs();
  const load = createRequire(import.meta.url);
  const root = load.resolve('nsfwjs').replace(/nsfwjs\/.*$/, '');
  const description = load(`${root}${FOLDER}/model.min.js`) as {
    modelTopology: object;
    weightsManifest: { weights: tfTypes.io.WeightsManifestEntry[] }[];
  };
  const { shards } = loadPackagedModel(FOLDER).model;
  const model = await tf.loadGraphModel(
    tf.io.fromMemory({
      modelTopology: description.modelTopology,
      weightSpecs: description.weightsManifest.flatMap(({ weights }) => weights),
      weightData: Uint8Array.from(shards).buffer,
    }),
  );
  const features = model.execute(tf.tensor4d(nhwc, [1, 224, 224, 3]), FEATURES) as tfTypes.Tensor;
  return (await features.data()) as Float32Array;
}

/** Coloured waves in [0, 1]: noise would be unlike any picture, and drive the network's values far beyond their usual range. */
function wavyPicture(): Float32Array {
  return Float32Array.from({ length: 224 * 224 * 3 }, (_, i) => {
    const [x, y, channel] = [Math.floor(i / 3) % 224, Math.floor(i / 672), i % 3];
    return 0.5 + 0.5 * Math.sin(x / (9 + 4 * channel) + channel) * Math.cos(y / (23 - 5 * channel));
  });
}

function toNchw(nhwc: Float32Array): Float32Array {
  const area = 224 * 224;
  return Float32Array.from({ length: nhwc.length }, (_, i) => nhwc[(i % area) * 3 + Math.floor(i / area)] ?? 0);
}

function toNhwc(nchw: Float32Array, channels: number, area: number): Float32Array {
  return Float32Array.from(
    { length: nchw.length },
    (_, i) => nchw[(i % channels) * area + Math.floor(i / channels)] ?? 0,
  );
}
