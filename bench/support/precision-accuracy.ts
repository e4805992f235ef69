import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { quantiseBackbone } from '../../shared/backbone/quantise/quantise-backbone.ts';
import { permutation, Random } from '../../shared/head/random.ts';
import type { LabelledRows } from '../../shared/head/head.ts';
import { DEFAULT_HYPERPARAMETERS } from '../../shared/head/hyperparameters.ts';
import { loadHeadEngine } from '../../shared/head/load-head-engine.ts';
import { openHead } from '../../shared/head/predict-head.ts';
import { NORMALISATIONS } from '../../shared/image/normalisation.ts';
import { preparePicture } from '../../shared/image/prepare-picture.ts';
import { openSession } from '../../shared/onnx/session.ts';
import type { BenchResult, BenchRow } from './bench.ts';

const SHARED = path.resolve(import.meta.dirname, '../../../shared');
const MODEL = path.join(SHARED, 'models/mobilenet_v2_1.0_224/model.onnx');
const DATASETS = ['flowers', 'trees', 'utensils'];
const INPUT = { width: 224, height: 224, layout: 'NCHW', normalisation: NORMALISATIONS.tf } as const;
const [DIMENSIONS, FOLDS, DIVISIONS, EPOCHS, CALIBRATION_PICTURES] = [1280, 5, 20, 60, 64];

interface Dataset {
  readonly name: string;
  readonly pictures: readonly Float32Array[];
  readonly labels: Uint32Array;
  readonly classCount: number;
}

/**
 * Accuracy of heads on the vectors of MobileNetV2 in int8 and in float32: 5 folds, 20 divisions, the same folds and seeds for both, so only
 * the vectors differ. Calibrated on pictures of all sets, without their labels.
 */
export async function comparePrecisions(): Promise<BenchResult> {
  if (!existsSync(MODEL))
    return { rows: [], notes: ['missing row: accuracy of int8, needs ../shared beside the checkout'] };
  const datasets = await Promise.all(DATASETS.map(readDataset));
  const float32 = new Uint8Array(await readFile(MODEL));
  const pictures = datasets.flatMap((dataset) => dataset.pictures);
  const every = pictures.length / CALIBRATION_PICTURES;
  const calibration = Array.from(
    { length: CALIBRATION_PICTURES },
    (_, i) => pictures[Math.floor(i * every)] ?? new Float32Array(),
  );
  const int8 = (
    await quantiseBackbone(float32, calibration, { pictureDims: [3, INPUT.height, INPUT.width], threads: 2 })
  ).model;
  const rows: BenchRow[] = [];
  const notes: string[] = [];
  for (const dataset of datasets) {
    const before = await rightShares(await embedAll(float32, dataset), dataset);
    const after = await rightShares(await embedAll(int8, dataset), dataset);
    const count = before.length;
    const lost = before.map((share, picture) => (share - (after[picture] ?? Number.NaN)) * 100);
    const error = Math.sqrt(mean(lost.map((points) => (points - mean(lost)) ** 2)) / (count - 1));
    rows.push({
      what: `MobileNetV2 in int8, ${dataset.name} (${count} pictures): points of accuracy lost, mean of ${DIVISIONS} x ${FOLDS} folds`,
      ours: [mean(lost)],
      unit: 'points',
      beside: 'float32',
      ratios: [],
      ratioOf: 'time',
      target: { on: 'ours', atMost: 0.5 },
    });
    notes.push(
      `${dataset.name}: accuracy ${mean(before).toFixed(4)} in float32, ${mean(after).toFixed(4)} in int8; lost ${mean(lost).toFixed(2)} points, ` +
        `standard error over the ${count} pictures ${error.toFixed(2)}`,
    );
  }
  return { rows, notes };
}

async function readDataset(name: string): Promise<Dataset> {
  const folder = path.join(SHARED, 'data', name);
  const classes = (await readdir(folder)).sort();
  const pictures: Float32Array[] = [];
  const labels: number[] = [];
  for (const [label, folderName] of classes.entries()) {
    for (const file of (await readdir(path.join(folder, folderName))).sort()) {
      pictures.push((await preparePicture(await readFile(path.join(folder, folderName, file)), INPUT)).values);
      labels.push(label);
    }
  }
  return { name, pictures, labels: Uint32Array.from(labels), classCount: classes.length };
}

async function embedAll(model: Uint8Array, { pictures }: Dataset): Promise<Float16Array> {
  const session = await openSession(model, { threads: 2 });
  const vectors = new Float16Array(pictures.length * DIMENSIONS);
  for (const [i, data] of pictures.entries()) {
    const image = { data, dims: [1, 3, INPUT.height, INPUT.width] };
    const { embedding } = await session.run({ image }, ['embedding']);
    if (embedding?.data.length !== DIMENSIONS) throw new TypeError(`expected ${DIMENSIONS} values of "embedding"`);
    vectors.set(embedding.data as Float32Array, i * DIMENSIONS);
  }
  await session.release();
  return vectors;
}

/** Of each picture: in how many of the divisions the head of the other folds names it rightly, [0, 1]. */
async function rightShares(vectors: Float16Array, dataset: Dataset): Promise<number[]> {
  const { labels } = dataset;
  const right = new Uint32Array(labels.length);
  for (let seed = 0; seed < DIVISIONS; seed++) {
    const folds = dealFolds(labels, seed);
    for (let fold = 0; fold < FOLDS; fold++) {
      const learned = Uint32Array.from(labels.keys()).filter((row) => folds[row] !== fold);
      const answers = await answersOf(vectors, dataset, learned, seed);
      for (const row of labels.keys())
        if (folds[row] === fold && answers[row] === labels[row]) right[row] = (right[row] ?? 0) + 1;
    }
  }
  return Array.from(right, (count) => count / DIVISIONS);
}

/** Trains on some rows and answers all. */
async function answersOf(
  vectors: Float16Array,
  { labels, classCount }: Dataset,
  learned: Uint32Array,
  seed: number,
): Promise<number[]> {
  const engine = await loadHeadEngine('onnx');
  const hyperparameters = { ...DEFAULT_HYPERPARAMETERS, epochs: EPOCHS, patience: 0, seed };
  const train = chosenRows(vectors, labels, learned);
  const { weights } = await engine.train({ train, valid: null, classCount, hyperparameters, threads: 1 });
  const head = await openHead(weights, { threads: 1 });
  const { logits } = await head.predict(vectors, labels.length);
  await head.close();
  return Array.from(labels, (_, row) => {
    const own = logits.subarray(row * classCount, (row + 1) * classCount);
    return own.indexOf(Math.max(...own));
  });
}

/** Each label's pictures, in an order of the seed, are dealt to the folds in turn. */
function dealFolds(labels: Uint32Array, seed: number): Uint32Array {
  const seen = new Map<number, number>();
  const folds = new Uint32Array(labels.length);
  for (const row of permutation(labels.length, new Random(seed, 7))) {
    const label = labels[row] ?? 0;
    const count = seen.get(label) ?? 0;
    folds[row] = count % FOLDS;
    seen.set(label, count + 1);
  }
  return folds;
}

function chosenRows(vectors: Float16Array, labels: Uint32Array, chosen: Uint32Array): LabelledRows {
  const read = (wanted: Uint32Array, out: Float16Array) => {
    wanted.forEach((row, i) => {
      const from = (chosen[row] ?? 0) * DIMENSIONS;
      out.set(vectors.subarray(from, from + DIMENSIONS), i * DIMENSIONS);
    });
    return Promise.resolve();
  };
  return {
    features: { rowCount: chosen.length, dimensions: DIMENSIONS, read },
    labels: chosen.map((row) => labels[row] ?? 0),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
