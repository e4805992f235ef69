import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { InstalledBackbone } from '../../../shared/backbone/backbone.ts';
import { installBackbone } from '../../../shared/backbone/installed-backbones.ts';
import { importOnnx } from '../../../shared/backbone/onnx/import-onnx.ts';
import { openBackbone } from '../../../shared/backbone/open-backbone.ts';
import { predictedClasses } from '../../../shared/evaluation/predictions.ts';
import { wilsonInterval } from '../../../shared/evaluation/wilson-interval.ts';
import { DEFAULT_HYPERPARAMETERS } from '../../../shared/head/hyperparameters.ts';
import { onnxEngine } from '../../../shared/head/onnx-engine.ts';
import { openHead } from '../../../shared/head/predict-head.ts';
import { permutation, Random } from '../../../shared/head/random.ts';
import { NORMALISATIONS, type Normalisation } from '../../../shared/image/normalisation.ts';
import { FileObjectStore } from '../../../shared/storage/file-object-store.ts';
import { MemoryObjectStore } from '../../../shared/storage/memory-object-store.ts';
import { embedDataset } from '../../../shared/workflow/embed-dataset.ts';
import type { Workspace } from '../../../shared/workflow/workspace.ts';
import { featureRows } from '../../support/features.ts';
import { hasShared, NEEDS_SHARED, sharedPath } from '../../support/shared-folder.ts';

const FOLDS = 5;

/** As scikit-learn's logistic regression has a penalty too. Without it, the seed's own setting gives 0.846 (five repeats), with it 0.854. */
const L2 = 0.003;

interface Vectors {
  readonly values: Float16Array;
  readonly dimensions: number;
  readonly labels: Uint32Array;
  readonly classCount: number;
}

/** One split into folds moves the accuracy of 200 pictures by 0.02; the mean over some of them is steadier. */
const REPEATS = 3;

async function crossValidate(vectors: Vectors): Promise<number> {
  let sum = 0;
  for (let repeat = 1; repeat <= REPEATS; repeat += 1) sum += await crossValidateOnce(vectors, repeat);
  return sum / REPEATS;
}

/** Accuracy of heads that never saw the fold they are judged on; every picture is judged once. */
async function crossValidateOnce({ values, dimensions, labels, classCount }: Vectors, repeat: number): Promise<number> {
  const foldOf = new Uint32Array(labels.length);
  for (let label = 0; label < classCount; label += 1) {
    const rows = Array.from(labels.keys()).filter((row) => labels[row] === label);
    permutation(rows.length, new Random(repeat, label)).forEach(
      (place, index) => (foldOf[rows[place] ?? 0] = index % FOLDS),
    );
  }
  const pick = (rows: readonly number[]) => {
    const picked = new Float16Array(rows.length * dimensions);
    rows.forEach((row, index) => {
      picked.set(values.subarray(row * dimensions, (row + 1) * dimensions), index * dimensions);
    });
    return { picked, labels: Uint32Array.from(rows, (row) => labels[row] ?? 0) };
  };
  let correct = 0;
  for (let fold = 0; fold < FOLDS; fold += 1) {
    const train = pick(Array.from(labels.keys()).filter((row) => foldOf[row] !== fold));
    const test = pick(Array.from(labels.keys()).filter((row) => foldOf[row] === fold));
    const { weights } = await onnxEngine.train({
      train: { features: featureRows(train.picked, dimensions), labels: train.labels },
      valid: null,
      classCount,
      hyperparameters: { ...DEFAULT_HYPERPARAMETERS, l2: L2, seed: fold },
    });
    const head = await openHead(weights);
    const { logits } = await head.predict(test.picked, test.labels.length);
    predictedClasses(logits, classCount).forEach((best, row) => (correct += best === test.labels[row] ? 1 : 0));
    await head.close();
  }
  return correct / labels.length;
}

describe.skipIf(!hasShared)(
  `accuracy on real photographs with a real ImageNet backbone (${NEEDS_SHARED})`,
  { timeout: 240_000 },
  () => {
    let installed: InstalledBackbone;

    beforeAll(async () => {
      const imported = await importOnnx(sharedPath('models', 'mobilenet_v2_1.0_224', 'model.onnx'), {
        normalisation: NORMALISATIONS.tf,
      });
      const home = await mkdtemp(path.join(tmpdir(), 'headstart-home-'));
      installed = await installBackbone(
        { ...imported, name: 'shared', precision: 'float32', licence: 'Apache-2.0', importedFrom: 'shared' },
        { home },
      );
    });

    /** Through the product's own path: list, decode, normalise, embed, store, load. */
    async function vectorsOf(dataset: string, normalisation: Normalisation = NORMALISATIONS.tf): Promise<Vectors> {
      const backbone = await openBackbone({ ...installed, input: { ...installed.input, normalisation } });
      const pictures = new FileObjectStore(sharedPath('data', dataset));
      const state = new MemoryObjectStore();
      const workspace: Workspace = {
        location: dataset,
        dataset,
        pictures,
        picturesPrefix: '',
        state,
        isStateOwn: true,
      };
      try {
        const { listing, index } = await embedDataset(workspace, backbone);
        const loaded = await index.loadRows(listing.pictures.map(({ key }) => key));
        return {
          values: loaded.values,
          dimensions: backbone.dimensions,
          labels: Uint32Array.from(listing.pictures, ({ label }) => listing.labels.indexOf(label)),
          classCount: listing.labels.length,
        };
      } finally {
        await backbone.close();
      }
    }

    it('reaches at least 0.84 on five kinds of flowers, 5-fold, three times (scikit-learn: 0.86)', async () => {
      const vectors = await vectorsOf('flowers');

      const accuracy = await crossValidate(vectors);

      const { low, high } = wilsonInterval(Math.round(accuracy * vectors.labels.length), vectors.labels.length);
      process.stdout.write(
        `flowers, 5-fold: ${accuracy.toFixed(3)} (95% interval ${low.toFixed(3)} to ${high.toFixed(3)})\n`,
      );
      expect(vectors.labels.length).toBe(200);
      expect(accuracy).toBeGreaterThanOrEqual(0.84);
    });

    it.each(['trees', 'utensils'])('makes no mistake on %s', async (dataset) => {
      expect(await crossValidate(await vectorsOf(dataset))).toBe(1);
    });

    it.each([
      ['swapped red and blue', { ...NORMALISATIONS.tf, channelOrder: 'BGR' }],
      ['pixels of 0 to 255', NORMALISATIONS.none],
      ['pixels of 0 to 1', NORMALISATIONS.unit],
    ] as const)(
      'falls below 0.84 with %s, so that the check above notices a wrong preprocessing',
      async (_, normalisation) => {
        const accuracy = await crossValidate(await vectorsOf('flowers', normalisation));

        process.stdout.write(`flowers, 5-fold, ${_}: ${accuracy.toFixed(3)}\n`);
        expect(accuracy).toBeLessThan(0.84);
      },
    );
  },
);
