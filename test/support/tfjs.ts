import * as tf from '@tensorflow/tfjs';

/** Real TensorFlow.js, on the backend that is slow but exact to float32. */
export async function startTfjs(): Promise<typeof tf> {
  await tf.setBackend('cpu');
  await tf.ready();
  return tf;
}

/** What TensorFlow.js writes of a layers model, in memory. */
export async function saveLayersModel(model: tf.LayersModel): Promise<{ description: unknown; shards: Uint8Array }> {
  const saved: tf.io.ModelArtifacts[] = [];
  await model.save(
    tf.io.withSaveHandler((artifacts) => {
      saved.push(artifacts);
      return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' as const } });
    }),
  );
  const [{ modelTopology, weightSpecs, weightData } = {}] = saved;
  const shards = new Uint8Array(weightData as ArrayBuffer);
  return {
    description: {
      format: 'layers-model',
      modelTopology,
      weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }],
    },
    shards,
  };
}
