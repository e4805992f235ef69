/**
 * `node scale-training.ts <JSON>`: trains on a ScaleDataset by the product's own path, as the function does, and tells what it took. In a process of its
 * own, so that its peak memory is its own and it can be held to two processors.
 */
import type { InstalledBackbone } from '../../shared/backbone/backbone.ts';
import { DEFAULT_SPLIT_FRACTIONS } from '../../shared/dataset/split-plan.ts';
import { DEFAULT_HYPERPARAMETERS } from '../../shared/head/hyperparameters.ts';
import { NORMALISATIONS } from '../../shared/image/normalisation.ts';
import { FileObjectStore } from '../../shared/storage/file-object-store.ts';
import { trainFromFeatures } from '../../shared/workflow/train-from-features.ts';
import { residentBytes } from './resident-bytes.ts';
import type { ScaleDataset } from './scale-dataset.ts';

export interface ScaleTraining {
  readonly batchSize: number;
  readonly epochs: number;
}

export interface ScaleResult {
  readonly totalSeconds: number;
  /** Opening of the index, loading of the vectors, measuring, report. */
  readonly secondsOutsideEpochs: number;
  /** With the validation rows. */
  readonly epochSeconds: readonly number[];
  readonly accuracy: number;
  readonly peakBytes: number;
}

const { dataset, training } = JSON.parse(process.argv[2] ?? '{}') as {
  readonly dataset: ScaleDataset;
  readonly training: ScaleTraining;
};
const state = new FileObjectStore(dataset.folder);
const input = { name: 'image', width: 224, height: 224, layout: 'NCHW', normalisation: NORMALISATIONS.caffe } as const;
const installed: InstalledBackbone = {
  id: dataset.featureSpaceId,
  name: dataset.featureSpaceId,
  precision: 'float32',
  licence: 'none',
  parameterCount: 0,
  input,
  outputs: { features: null, embedding: { name: 'embedding', dimensions: dataset.dimensions } },
  sha256: '0'.repeat(64),
  sizeBytes: 0,
  modelPath: '',
  importedFrom: 'bench',
};
const workspace = {
  location: dataset.folder,
  dataset: dataset.name,
  pictures: state,
  picturesPrefix: '',
  state,
  isStateOwn: false,
};
const epochSeconds: number[] = [];
const startMs = performance.now();
const outcome = await trainFromFeatures(
  workspace,
  { installed, pooling: 'avg', dimensions: dataset.dimensions },
  {
    hyperparameters: { ...DEFAULT_HYPERPARAMETERS, ...training },
    engine: 'onnx',
    fractions: DEFAULT_SPLIT_FRACTIONS,
    promotion: 'gate',
    command: 'bench',
    onEpoch: ({ durationMs }) => {
      epochSeconds.push(durationMs / 1000);
    },
  },
);
const totalSeconds = (performance.now() - startMs) / 1000;
const result: ScaleResult = {
  totalSeconds,
  secondsOutsideEpochs: totalSeconds - epochSeconds.reduce((sum, seconds) => sum + seconds, 0),
  epochSeconds,
  accuracy: outcome.manifest.metrics?.accuracy ?? Number.NaN,
  peakBytes: await residentBytes(process.pid, 'peak'),
};
process.stdout.write(JSON.stringify(result));
