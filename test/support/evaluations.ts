import { evaluateLogits, type EvaluateRequest } from '../../shared/evaluation/evaluate-logits.ts';
import { fitTemperature } from '../../shared/evaluation/fit-temperature.ts';
import type { ReportInput } from '../../shared/evaluation/report/report-input.ts';

/** Uniform numbers in (0, 1), the same for the same seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (((mixed ^ (mixed >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
}

export interface MadeAnswers {
  readonly truth: Uint32Array;
  /** `[N, C]` */
  readonly logits: Float32Array;
}

/** Logits of a model that is right in most cases; `sharpness` stretches them, so that 1 / sharpness sets them right again. */
export function makeAnswers(count: number, classCount: number, seed: number, sharpness = 1): MadeAnswers {
  const random = randomNumbers(seed);
  const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
  const truth = new Uint32Array(count);
  const logits = new Float32Array(count * classCount);
  for (let row = 0; row < count; row++) {
    const values = Array.from({ length: classCount }, () => 3 * normal());
    const weights = values.map((value) => Math.exp(value));
    let rest = random() * weights.reduce((a, b) => a + b);
    const label = weights.findIndex((weight) => (rest -= weight) <= 0);
    truth[row] = Math.max(0, label);
    logits.set(
      values.map((value) => value * sharpness),
      row * classCount,
    );
  }
  return { truth, logits };
}

/** An evaluation of made answers, with names that are easy to follow. */
export function makeRequest(
  count: number,
  labels: readonly string[],
  options: { readonly seed?: number; readonly sharpness?: number; readonly temperature?: number } = {},
): EvaluateRequest {
  const { seed = 1, sharpness = 1, temperature = 1 } = options;
  const { truth, logits } = makeAnswers(count, labels.length, seed, sharpness);
  const keys = Array.from(truth, (label, row) => `pictures/${labels[label] ?? ''}/${String(row).padStart(4, '0')}.jpg`);
  return { labels, keys, truth, logits, temperature };
}

/** Everything a report can show, on made answers; `changes` replaces parts. */
export function makeReportInput(
  labels: readonly string[],
  count: number,
  changes: Partial<ReportInput> = {},
): ReportInput {
  const valid = makeAnswers(Math.max(60, count), labels.length, 7, 1.8);
  const temperature = fitTemperature(valid.logits, valid.truth, labels.length);
  const evaluation = evaluateLogits(
    makeRequest(count, labels, { seed: 3, sharpness: 1.8, temperature: temperature.temperature }),
  );
  return {
    dataset: 'flowers',
    modelVersion: '20261124T104512Z-3f9a1c',
    createdAt: '2026-11-24T10:45:12Z',
    evaluation,
    temperature,
    history: Array.from({ length: 26 }, (_, index) => ({
      epoch: index + 1,
      trainLoss: 1.5 * Math.exp(-index / 6) + 0.12,
      trainAccuracy: 0.97 - 0.6 * Math.exp(-index / 5),
      validLoss: 1.3 * Math.exp(-index / 5) + 0.28 + Math.max(0, index - 17) * 0.012,
      validAccuracy: 0.9 - 0.5 * Math.exp(-index / 4),
      durationMs: 12,
    })),
    bestEpoch: 18,
    split: {
      method: 'hash',
      seed: 0,
      fractions: { train: 0.7, valid: 0.15, test: 0.15 },
      counts: labels.map((label, index) => ({ label, train: 28 + index, valid: 6, test: 6 })),
    },
    skipped: [
      { key: 'rose/.DS_Store', reason: 'system-file', detail: 'a file of the operating system' },
      { key: 'rose/broken.jpg', reason: 'damaged-picture', detail: 'the file ends in the middle of the picture' },
      { key: '.trash/', reason: 'hidden', detail: 'hidden folders are skipped', fileCount: 41 },
    ],
    excluded: [
      {
        key: 'tulip/copy of 12.jpg',
        label: 'tulip',
        reason: 'duplicate',
        detail: 'the same bytes as "tulip/12.jpg"',
        otherKeys: ['tulip/12.jpg'],
      },
      {
        key: 'rose/7.jpg',
        label: 'rose',
        reason: 'label-conflict',
        detail: 'the same bytes lie under "tulip"',
        otherKeys: ['tulip/9.jpg'],
      },
    ],
    warnings: ['1 picture lies under two labels; none of them is used until the wrong ones are removed'],
    thumbnails: new Map(),
    promotion: null,
    reproduction: {
      command: 'headstart train ./flowers --backbone resnet50 --seed 0',
      backbone: {
        id: 'resnet50-float32-1a2b3c4d5e6f-p1',
        name: 'resnet50',
        licence: 'MIT (weights: Keras, ImageNet)',
        precision: 'float32',
        sha256: '1a2b3c4d5e6f7788990011223344556677889900aabbccddeeff001122334455',
      },
      pooling: 'avg',
      engine: 'onnxruntime-node 1.30.0',
      hyperparameters: {
        epochs: 60,
        batchSize: 32,
        learningRate: 0.001,
        dropout: 0.5,
        l2: 0,
        classWeights: 'none',
        seed: 0,
        patience: 8,
      },
      software: { headstart: '0.1.0', node: '24.21.0', onnxruntime: '1.30.0', sharp: '0.35.5', libvips: '8.18.3' },
    },
    ...changes,
  };
}
