/**
 * `npm run test:parity`: writes ResNet50 at its real width with Keras (and torchvision's layout), imports every file, holds all features
 * against the reference, and measures the three precisions. Sets up its own Python in .cache/. Fails when a tolerance is broken.
 *
 * node test/parity/full-width.ts
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { quantiseBackbone } from '../../shared/backbone/quantise/quantise-backbone.ts';
import { quantiseWeights } from '../../shared/backbone/quantise/quantise-weights.ts';
import { importResNet50 } from '../../shared/backbone/resnet50/import-resnet50.ts';
import { openSession, type OnnxSession } from '../../shared/onnx/session.ts';
import { compareFeatures, cosine, readFixture } from './parity-fixture.ts';
import { pictureOf, runBackbone } from './run-backbone.ts';

const SIDE = 224;
const DIMS = [3, SIDE, SIDE];
const TOLERANCE = 1e-4;
const LEAST_COSINE = 0.9995;
const CALIBRATION_PICTURES = 24;
const ROUNDS = 20;
const FIXTURES = [
  {
    name: 'resnet50-v1',
    script: 'keras_resnet50.py',
    files: ['resnet50_notop.h5', 'resnet50_keras2_notop.h5', 'resnet50.weights.h5'],
  },
  { name: 'resnet50-v1.5', script: 'torchvision_resnet50.py', files: ['resnet50-v1.5.safetensors'] },
] as const;

const print = (line: string) => process.stdout.write(`${line}\n`);
const here = import.meta.dirname;

function generate(): string {
  const folder = join(here, '../../.cache/parity/full-width');
  const python = execFileSync(join(here, 'set-up-python.sh'), {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for (const { name, script } of FIXTURES) {
    if (existsSync(join(folder, `${name}.json`))) continue;
    print(`writing ${name} with ${script}`);
    const size = ['--divisor', '1', '--size', String(SIDE), String(SIDE)];
    execFileSync(python.trim(), [join(here, script), folder, ...size], { stdio: 'ignore' });
  }
  return folder;
}

/** Waves of many lengths and directions: smooth parts, edges and all channels. Not photographs, but not noise either. */
function calibrationPictures(): Float32Array[] {
  return Array.from({ length: CALIBRATION_PICTURES }, (_, p) =>
    Float32Array.from({ length: 3 * SIDE * SIDE }, (__, i) => {
      const [x, y, channel] = [i % SIDE, Math.floor(i / SIDE) % SIDE, Math.floor(i / SIDE / SIDE)];
      const wave = Math.sin((x * (p + 1) + y * (7 - p)) / 60 + channel) + Math.sign(Math.cos((y * p - x) / 90));
      return 60 * wave + 10;
    }),
  );
}

async function checkFeatures(folder: string): Promise<Uint8Array> {
  let last = new Uint8Array();
  for (const { name, files } of FIXTURES) {
    const fixture = readFixture(name, folder);
    for (const file of files) {
      const start = performance.now();
      const imported = await importResNet50(join(folder, file));
      const milliseconds = performance.now() - start;
      const peakMb = process.resourceUsage().maxRSS / 1024;
      const { features } = await runBackbone(imported.model, pictureOf(fixture, imported.variant), DIMS);
      const { max, mean } = compareFeatures(features.data, fixture);
      print(
        `${file}: largest difference ${max.toExponential(2)}, mean ${mean.toExponential(2)} of the largest feature; ` +
          `imported in ${milliseconds.toFixed(0)} ms, peak so far ${peakMb.toFixed(0)} MB`,
      );
      if (!(max <= TOLERANCE)) fail(`expected at most ${TOLERANCE} for ${file}, received ${max}`);
      if (file === 'resnet50_notop.h5') last = new Uint8Array(imported.model);
    }
  }
  return last;
}

async function checkPrecisions(float32: Uint8Array): Promise<void> {
  const pictures = calibrationPictures();
  const seen = pictures.filter((_, i) => i % 2 === 0);
  const unseen = pictures.filter((_, i) => i % 2 === 1);
  const start = performance.now();
  const { model: int8 } = await quantiseBackbone(float32, seen, { threads: 2 });
  print(`int8 calibrated on ${seen.length} pictures in ${((performance.now() - start) / 1000).toFixed(1)} s`);
  const models = { float32, 'int8-weights': quantiseWeights(float32), int8 };
  const expected = await embed(float32, unseen);
  for (const [precision, model] of Object.entries(models)) {
    const loadStart = performance.now();
    const session = await openSession(model, { threads: 2 });
    const load = performance.now() - loadStart;
    await session.release();
    const cosines = (await embed(model, unseen)).map((vector, i) => cosine(vector, expected[i] ?? []));
    const least = Math.min(...cosines);
    print(
      `${precision}: ${(model.length / 1e6).toFixed(1)} MB, loads in ${load.toFixed(0)} ms, least cosine ${least.toFixed(6)}`,
    );
    if (precision === 'int8-weights' && !(least >= LEAST_COSINE)) fail(`expected ${LEAST_COSINE}, received ${least}`);
  }
  for (const threads of [1, 2]) await measure(models, unseen[0] ?? new Float32Array(), threads);
}

async function embed(model: Uint8Array, pictures: readonly Float32Array[]): Promise<Float32Array[]> {
  const vectors: Float32Array[] = [];
  for (const picture of pictures) vectors.push((await runBackbone(model, picture, DIMS)).embedding.data);
  return vectors;
}

/** In turns, so that a busy machine slows all alike; the fastest round of each counts. */
async function measure(
  models: Readonly<Record<string, Uint8Array>>,
  data: Float32Array,
  threads: number,
): Promise<void> {
  const sessions = new Map<string, OnnxSession>();
  for (const [name, model] of Object.entries(models)) sessions.set(name, await openSession(model, { threads }));
  const best = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, session] of sessions) {
      const start = performance.now();
      await session.run({ image: { data, dims: [1, ...DIMS] } }, ['embedding']);
      best.set(name, Math.min(best.get(name) ?? Infinity, performance.now() - start));
    }
  }
  const float32 = best.get('float32') ?? NaN;
  const parts = [...best].map(([name, ms]) => `${name} ${ms.toFixed(1)} ms (${(float32 / ms).toFixed(2)}x)`);
  print(`${threads} thread${threads === 1 ? '' : 's'}, a picture: ${parts.join(', ')}`);
  for (const session of sessions.values()) await session.release();
}

function fail(message: string): void {
  print(`FAILED: ${message}`);
  process.exitCode = 1;
}

await checkPrecisions(await checkFeatures(generate()));
