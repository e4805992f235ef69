import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { InstalledBackbone } from '../../../shared/backbone/backbone.ts';
import { DEFAULT_SPLIT_FRACTIONS } from '../../../shared/dataset/split-plan.ts';
import { FeatureStore } from '../../../shared/features/feature-store.ts';
import { DEFAULT_HYPERPARAMETERS } from '../../../shared/head/hyperparameters.ts';
import { NORMALISATIONS } from '../../../shared/image/normalisation.ts';
import { ServedHeads, type ServedHeadsOptions } from '../../../shared/service/served-heads.ts';
import { MemoryObjectStore } from '../../../shared/storage/memory-object-store.ts';
import { bucketWorkspace } from '../../../shared/workflow/bucket-workspace.ts';
import { trainFromFeatures } from '../../../shared/workflow/train-from-features.ts';

const DIMENSIONS = 8;
const DATASETS = ['birds', 'cars', 'dogs'];
/** Of one of the heads: two labels. */
const HEAD_BYTES = DIMENSIONS * 2 * 4;

const installed: InstalledBackbone = {
  id: 'synthetic',
  name: 'synthetic',
  precision: 'float32',
  licence: 'none',
  parameterCount: 0,
  input: { name: 'image', width: 8, height: 8, layout: 'NCHW', normalisation: NORMALISATIONS.unit },
  outputs: { features: null, embedding: { name: 'embedding', dimensions: DIMENSIONS } },
  sha256: '0'.repeat(64),
  sizeBytes: 0,
  modelPath: '',
  importedFrom: 'test',
};
const backbone = { installed, pooling: 'avg', dimensions: DIMENSIONS } as const;

/** Remembers what was read. */
class WatchedStore extends MemoryObjectStore {
  reads: string[] = [];

  override get(...[key, range]: Parameters<MemoryObjectStore['get']>): ReturnType<MemoryObjectStore['get']> {
    this.reads.push(key);
    return super.get(key, range);
  }
}

let store: WatchedStore;
let version: string;

async function train(dataset: string): Promise<string> {
  const workspace = bucketWorkspace(store, dataset);
  const outcome = await trainFromFeatures(workspace, backbone, {
    hyperparameters: { ...DEFAULT_HYPERPARAMETERS, epochs: 2 },
    engine: 'onnx',
    fractions: DEFAULT_SPLIT_FRACTIONS,
    promotion: 'always',
    command: 'test',
  });
  return outcome.manifest.version;
}

beforeAll(async () => {
  store = new WatchedStore();
  for (const dataset of DATASETS) {
    const features = new FeatureStore(store, { dataset, featureSpaceId: 'synthetic', dimensions: DIMENSIONS });
    const rows = Array.from({ length: 40 }, (_, i) => {
      const key = `datasets/${dataset}/${i % 2 === 0 ? 'even' : 'odd'}/${i}.jpg`;
      const sha256 = new Uint8Array(32).fill(i + 1);
      const embedding = Float16Array.from({ length: DIMENSIONS }, (_, d) => (d % 2 === i % 2 ? 1 : 0) + i / 100);
      return { key, eTag: key, sequencer: '01', sha256, width: 8, height: 8, embedding };
    });
    await features.append(rows);
    version = await train(dataset);
  }
});

function open(options: ServedHeadsOptions = {}): { heads: ServedHeads; reads: string[] } {
  const heads = new ServedHeads(store, backbone, options);
  onTestFinished(() => heads.close());
  return { heads, reads: (store.reads = []) };
}

const weightsRead = (reads: readonly string[]) => reads.filter((key) => key.endsWith('.safetensors')).length;

describe('ServedHeads', () => {
  it('keeps the heads of all datasets, each read once', async () => {
    const { heads, reads } = open();

    for (const dataset of [...DATASETS, ...DATASETS, ...DATASETS]) {
      const head = await heads.get(dataset, 'current');
      const [even, odd] = await head.probabilities(new Float32Array(DIMENSIONS), 1);
      expect((even ?? 0) + (odd ?? 0)).toBeCloseTo(1, 5);
    }

    expect(weightsRead(reads)).toBe(DATASETS.length);
  });

  it('closes the head that was used longest ago when the weights take more than their share of memory', async () => {
    const { heads, reads } = open({ maxBytes: 2 * HEAD_BYTES });
    for (const dataset of ['birds', 'cars', 'birds', 'dogs']) await heads.get(dataset, 'current');
    expect(weightsRead(reads)).toBe(3);

    await heads.get('birds', 'current');
    expect(weightsRead(reads)).toBe(3);
    await heads.get('cars', 'current');
    expect(weightsRead(reads)).toBe(4);
  });

  it('serves a head that alone is larger than that', async () => {
    const { heads } = open({ maxBytes: 1 });

    const head = await heads.get('birds', 'current');

    expect(head.labels).toEqual(['even', 'odd']);
    expect(await head.probabilities(new Float32Array(DIMENSIONS), 1)).toHaveLength(2);
  });

  it('reads again after a while what is current, and not before', async () => {
    let now = 0;
    const { heads, reads } = open({ currentMs: 5000, now: () => now });
    const pointers = () => reads.filter((key) => key.endsWith('current.json')).length;
    await heads.get('dogs', 'current');
    now = 4999;
    await heads.get('dogs', 'current');
    expect(pointers()).toBe(1);

    const newer = await train('dogs');
    expect((await heads.get('dogs', 'current')).version).toBe(version);
    now = 5000;

    expect((await heads.get('dogs', 'current')).version).toBe(newer);
    expect((await heads.get('dogs', version)).version).toBe(version);
  });

  it('refuses a model of another backbone', async () => {
    const other = { ...backbone, installed: { ...installed, id: 'another' } };
    const heads = new ServedHeads(store, other);

    await expect(heads.get('birds', 'current')).rejects.toMatchObject({ code: 'backbone_mismatch' });
    await heads.close();
  });
});
