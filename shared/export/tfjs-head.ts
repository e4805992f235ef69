import type { HeadWeights } from '../head/head.ts';
import { headstartVersion } from '../version.ts';

export const TFJS_MODEL_FILE_NAME = 'model.json';
const WEIGHTS_FILE_NAME = 'weights.bin';

/**
 * The head as a TF.js layers model, the files that `tf.loadLayersModel` reads: one Dense layer with softmax, input `[N, D]` float32 (the
 * backbone's vector), output `[N, C]` probabilities.
 *
 * The temperature is inside: kernel and bias are divided by it. Vectors are not rounded to float16 here, so that probabilities differ from
 * the served model's by some 1e-4.
 */
export function tfjsHeadFiles(weights: HeadWeights, temperature: number): ReadonlyMap<string, Uint8Array> {
  const { dimensions, classCount } = weights;
  const kernel = weights.kernel.map((value) => value / temperature);
  const bias = weights.bias.map((value) => value / temperature);
  const dense = {
    name: 'head',
    trainable: false,
    batch_input_shape: [null, dimensions],
    dtype: 'float32',
    units: classCount,
    activation: 'softmax',
    use_bias: true,
  };
  const model = {
    format: 'layers-model',
    generatedBy: `headstart ${headstartVersion()}`,
    convertedBy: null,
    modelTopology: {
      class_name: 'Sequential',
      config: { name: 'headstart_head', layers: [{ class_name: 'Dense', config: dense }] },
      keras_version: 'headstart',
      backend: 'tensor_flow.js',
    },
    weightsManifest: [
      {
        paths: [WEIGHTS_FILE_NAME],
        weights: [
          { name: 'head/kernel', shape: [dimensions, classCount], dtype: 'float32' },
          { name: 'head/bias', shape: [classCount], dtype: 'float32' },
        ],
      },
    ],
  };
  const bytes = new Uint8Array(kernel.byteLength + bias.byteLength);
  bytes.set(new Uint8Array(kernel.buffer));
  bytes.set(new Uint8Array(bias.buffer), kernel.byteLength);
  return new Map([
    [TFJS_MODEL_FILE_NAME, new TextEncoder().encode(`${JSON.stringify(model, null, 1)}\n`)],
    [WEIGHTS_FILE_NAME, bytes],
  ]);
}
