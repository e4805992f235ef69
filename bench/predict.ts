/**
 * The prediction function from its bundled asset, under a Runtime API server, one request at a time: beside decoding and a bare `session.run` of
 * the same picture on the same number of threads, from its cold start, and with a hundred datasets.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { InstalledBackbone } from '../shared/backbone/backbone.ts';
import { chooseBackbone } from '../shared/backbone/choose-backbone.ts';
import { openBackbone } from '../shared/backbone/open-backbone.ts';
import { preparePicture } from '../shared/image/prepare-picture.ts';
import { threadsForMemory } from '../shared/onnx/session.ts';
import type { LambdaRuntime } from '../test/support/aws/lambda-runtime.ts';
import type { BenchOptions, BenchResult, BenchRow } from './support/bench.ts';
import { findBenchPictures } from './support/bench-pictures.ts';
import {
  askForNothing,
  askForPrediction,
  FIRST_DATASET,
  startBenchService,
  type BenchService,
} from './support/bench-service.ts';
import { installRandomResNet50 } from './support/install-random-resnet50.ts';
import { residentBytes } from './support/resident-bytes.ts';

const DATASETS = 100;
/** Of a round: enough for a 99th percentile over all rounds. */
const REQUESTS = 100;
/** Until then caches, the collector and the allocator find their size. */
const WARM_UP_REQUESTS = 4000;
const GROWTH_REQUESTS = 1000;
const MEGABYTE = 1e6;

export async function benchPredict({ rounds }: BenchOptions): Promise<BenchResult> {
  const folder = await mkdtemp(path.join(tmpdir(), 'headstart-bench-'));
  try {
    const pictures = await readPictures(folder);
    const rows: BenchRow[] = [];
    const notes: string[] = [];
    for (const [title, backbone] of [
      ['ResNet50 int8-weights (random)', await installRandomResNet50(folder, 'int8-weights')],
      ['MobileNetV2', await chooseBackbone({ name: 'mobilenet-v2' })],
    ] as const) {
      const service = await startBenchService(backbone, DATASETS);
      try {
        rows.push(...(await benchColdStart(title, service, pictures, rounds)));
        const predict = await service.startPredict();
        rows.push(...(await benchWarm(title, backbone, service, predict, pictures, rounds)));
        // The heads and their bookkeeping are the same for every backbone; the quicker one is asked thousands of times.
        if (title === 'MobileNetV2') notes.push(`prediction ${title}: ${await describeGrowth(predict, pictures)}`);
        await predict.stop();
      } finally {
        await service.stop();
      }
    }
    return { rows, notes };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function readPictures(folder: string): Promise<Uint8Array[]> {
  const { folder: source } = await findBenchPictures(folder);
  const names = (await readdir(source, { recursive: true })).filter((name) => name.endsWith('.jpg'));
  return Promise.all(names.slice(0, 50).map((name) => readFile(path.join(source, name))));
}

/** From the start of the process to the first answer. */
async function benchColdStart(
  title: string,
  service: BenchService,
  pictures: readonly Uint8Array[],
  rounds: number,
): Promise<BenchRow[]> {
  const seconds: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const predict = await service.startPredict();
    const startMs = performance.now();
    await askForPrediction(predict, FIRST_DATASET, pictures[round % pictures.length] ?? new Uint8Array());
    seconds.push((performance.now() - startMs) / 1000);
    await predict.stop();
  }
  const what = `prediction ${title}: cold start to first answer`;
  const target = { on: 'ours', atMost: 1 } as const;
  return [{ what, ours: seconds, unit: 's', beside: '', ratios: [], ratioOf: 'time', target }];
}

/** Each request next to the bare work on the same picture, in turns. */
async function benchWarm(
  title: string,
  backbone: InstalledBackbone,
  { memoryMb }: BenchService,
  predict: LambdaRuntime,
  pictures: readonly Uint8Array[],
  rounds: number,
): Promise<BenchRow[]> {
  const threads = threadsForMemory(memoryMb);
  const bare = await openBackbone(backbone, { threads });
  const measured = Array.from({ length: rounds }, () => ({
    ours: [] as number[],
    way: [] as number[],
    bare: [] as number[],
  }));
  for (const round of measured) {
    for (let i = 0; i < REQUESTS; i++) {
      const picture = pictures[i % pictures.length] ?? new Uint8Array();
      round.ours.push(await milliseconds(() => askForPrediction(predict, FIRST_DATASET, picture)));
      round.way.push(await milliseconds(() => askForNothing(predict, FIRST_DATASET, picture)));
      round.bare.push(
        await milliseconds(async () => bare.embed((await preparePicture(picture, backbone.input)).values, 1)),
      );
    }
  }
  await bare.close();
  const p50 = measured.map(({ ours }) => percentile(ours, 0.5));
  const inside = measured.map(({ way }, i) => (p50[i] ?? 0) - percentile(way, 0.5));
  const p99 = measured.map(({ ours }) => percentile(ours, 0.99));
  const what = `prediction ${title}, warm, ${threads} thread`;
  return [
    {
      what: `${what}: p50 of a request`,
      ours: p50,
      unit: 'ms',
      beside: 'decoding and session.run alone',
      ratios: measured.map((round, i) => (p50[i] ?? 0) / percentile(round.bare, 0.5)),
      ratioOf: 'time',
      target: { on: 'ratio', atMost: 1.1 },
    },
    {
      what: `${what}: p50 less the way of the same bytes there and back`,
      ours: inside,
      unit: 'ms',
      beside: 'decoding and session.run alone',
      ratios: measured.map((round, i) => (inside[i] ?? 0) / percentile(round.bare, 0.5)),
      ratioOf: 'time',
    },
    {
      what: `${what}: p99 of a request`,
      ours: p99,
      unit: 'ms',
      beside: 'its p50',
      ratios: p99.map((value, i) => value / (p50[i] ?? 0)),
      ratioOf: 'time',
      target: { on: 'ratio', atMost: 1.5 },
    },
    {
      what: `${what}: p99 of the bare work`,
      ours: measured.map((round) => percentile(round.bare, 0.99)),
      unit: 'ms',
      beside: 'its p50: what the machine itself does',
      ratios: measured.map((round) => percentile(round.bare, 0.99) / percentile(round.bare, 0.5)),
      ratioOf: 'time',
    },
  ];
}

/** Memory of the process while it serves every dataset in turn: after the warm-up it should stand still. */
async function describeGrowth(predict: LambdaRuntime, pictures: readonly Uint8Array[]): Promise<string> {
  const megabytes: number[] = [];
  let asked = 0;
  const ask = async (count: number): Promise<void> => {
    for (const end = asked + count; asked < end; asked++) {
      const picture = pictures[asked % pictures.length] ?? new Uint8Array();
      await askForPrediction(predict, `dataset-${asked % DATASETS}`, picture);
    }
  };
  await ask(WARM_UP_REQUESTS);
  for (let part = 0; part < 5; part++) {
    megabytes.push((await residentBytes(predict.processId)) / MEGABYTE);
    if (part < 4) await ask(GROWTH_REQUESTS);
  }
  const [first = 0] = megabytes;
  const last = megabytes.at(-1) ?? 0;
  const perRequest = ((last - first) * 1e3) / (4 * GROWTH_REQUESTS);
  const sizes = megabytes.map((value) => value.toFixed(0)).join(', ');
  return `${DATASETS} datasets in one process, resident MB after ${WARM_UP_REQUESTS} requests and each ${GROWTH_REQUESTS} more: ${sizes} (${perRequest.toFixed(1)} KB a request)`;
}

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

/** The smallest value that the given share of the values does not exceed. */
function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
