import { createHash } from 'node:crypto';
import { splitFileBytes } from '../../../shared/dataset/split-file.ts';
import { assignSplits } from '../../../shared/dataset/assign-splits.ts';
import type { ModelManifestDraft } from '../../../shared/registry/model-manifest.ts';
import type { PublishRequest } from '../../../shared/registry/model-registry.ts';
import { NORMALISATIONS } from '../../../shared/image/normalisation.ts';

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

/** A small but complete model; another `seed` gives another one. */
export function sampleModel(seed = 0, changes: Partial<ModelManifestDraft> = {}): PublishRequest {
  const plan = assignSplits(
    Array.from({ length: 20 }, (_, index) => ({
      key: `${index % 2 === 0 ? 'rose' : 'tulip'}/${index}.jpg`,
      label: index % 2 === 0 ? 'rose' : 'tulip',
      split: null,
      sha256: sha256(`${index}`),
    })),
    { seed },
  );
  const split = splitFileBytes(plan);
  const { method, fractions, counts } = plan;
  const manifest: ModelManifestDraft = {
    backbone: {
      id: 'mobilenet-v2-float32-0123456789ab-p1',
      name: 'mobilenet-v2',
      precision: 'float32',
      sha256: sha256('weights'),
      licence: 'MIT',
      input: { name: 'input', width: 224, height: 224, layout: 'NHWC', normalisation: NORMALISATIONS.unit },
      dimensions: 4,
    },
    pooling: 'avg',
    labels: ['rose', 'tulip'],
    hyperparameters: {
      epochs: 10,
      batchSize: 32,
      learningRate: 0.001,
      dropout: 0.5,
      l2: 0,
      classWeights: 'none',
      seed,
      patience: 5,
    },
    training: { engine: 'onnx', runtime: 'onnxruntime-node 1.30.0', epochsRun: 10, bestEpoch: 7 },
    software: { headstart: '0.1.0', node: '24.21.0', onnxruntime: '1.30.0', sharp: '0.35.5', libvips: '8.18.7' },
    features: { featureSpaceId: 'mobilenet-v2-float32-0123456789ab-p1', shards: ['01J.arrow'] },
    split: { method, seed, fractions, counts, sha256: sha256(split) },
    temperature: 1.25,
    metrics: {
      split: 'test',
      pictureCount: 4,
      accuracy: 0.75,
      accuracyLow: 0.3,
      accuracyHigh: 0.95,
      macroF1: 0.73,
      logLoss: 0.6,
      calibrationErrorBefore: 0.2,
      calibrationErrorAfter: 0.1,
    },
    ...changes,
  };
  const head = Uint8Array.from({ length: 40 }, (_, index) => (index + seed) % 256);
  return {
    manifest,
    files: new Map([
      ['split.json', split],
      ['head.safetensors', head],
      ['report/index.html', new TextEncoder().encode('<h1>report</h1>')],
    ]),
  };
}
