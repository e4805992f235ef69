/** What it costs to begin: `headstart --help` beside Node itself, the functions' asset, and the memory that embedding and predicting take. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { bundleFunctions, folderBytes } from '../infra/bundling/bundle-functions.ts';
import type { InstalledBackbone } from '../shared/backbone/backbone.ts';
import { chooseBackbone } from '../shared/backbone/choose-backbone.ts';
import { installRandomResNet50 } from './support/install-random-resnet50.ts';
import type { BenchOptions, BenchResult, BenchRow } from './support/bench.ts';
import { findBenchPictures } from './support/bench-pictures.ts';
import { measureInterleaved, ratiosOf } from './support/measure.ts';
import type { MemoryFigures, MemoryJob } from './support/memory-of.ts';

const LAUNCHER = path.resolve(import.meta.dirname, '../bin/headstart.js');
const STARTS = 5;
const MEGABYTE = 1e6;
/** Both give every worker and the collector time to find their size; one shard holds 512. */
const [FEW_PICTURES, MANY_PICTURES] = [600, 3000];

export async function benchStart({ rounds }: BenchOptions): Promise<BenchResult> {
  const folder = await mkdtemp(path.join(tmpdir(), 'headstart-bench-'));
  try {
    const mobilenet = await chooseBackbone({ name: 'mobilenet-v2' });
    const resnet = await installRandomResNet50(folder, 'float32');
    const resnetSmall = await installRandomResNet50(folder, 'int8-weights');
    const pictures = await findBenchPictures(folder);
    const notes: string[] = [];
    for (const backbone of [mobilenet, resnetSmall, resnet])
      notes.push(await describeMemory(backbone, pictures.folder));
    return {
      rows: [
        ...(await benchHelp(rounds)),
        await benchAsset('MobileNetV2', mobilenet, folder, rounds),
        await benchAsset('ResNet50 int8-weights', resnetSmall, folder, rounds),
        await benchManyPictures(mobilenet, pictures.folder),
      ],
      notes,
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function benchHelp(rounds: number): Promise<BenchRow[]> {
  const start =
    (...args: string[]) =>
    async (): Promise<number> => {
      for (let i = 0; i < STARTS; i++) await promisify(execFile)(process.execPath, args);
      return STARTS;
    };
  const [ours, bare] = await measureInterleaved(
    [
      { name: 'headstart --help', run: start(LAUNCHER, '--help') },
      { name: 'node -e 0', run: start('-e', '0') },
    ],
    rounds,
  );
  if (ours === undefined || bare === undefined) throw new Error('expected two measurements');
  return [
    {
      what: 'headstart --help, its compile cache warm',
      ours: ours.rates.map((rate) => 1000 / rate),
      unit: 'ms',
      beside: 'node -e 0',
      ratios: ratiosOf(bare, ours),
      ratioOf: 'time',
      target: { on: 'ours', atMost: 150 },
    },
  ];
}

async function benchAsset(
  title: string,
  backbone: InstalledBackbone,
  folder: string,
  rounds: number,
): Promise<BenchRow> {
  const asset = path.join(folder, `asset-${backbone.id}`);
  await mkdir(asset);
  bundleFunctions(backbone, asset);
  const megabytes = folderBytes(asset) / MEGABYTE;
  return {
    what: `functions' asset with ${title}, unpacked`,
    ours: Array.from({ length: rounds }, () => megabytes),
    unit: 'MB',
    beside: 'what Lambda takes',
    ratios: [(megabytes * MEGABYTE) / (250 * 2 ** 20)],
    ratioOf: 'memory',
    target: { on: 'ours', atMost: 100 },
  };
}

/** Whether memory grows with the number of pictures. */
async function benchManyPictures(backbone: InstalledBackbone, pictureFolder: string): Promise<BenchRow> {
  const peak = (pictureCount: number) =>
    peakMegabytes({ job: 'embed', backbone, pictureFolder, workers: 2, pictureCount });
  const [few, many] = [await peak(FEW_PICTURES), await peak(MANY_PICTURES)];
  return {
    what: `peak memory of embedding ${MANY_PICTURES} pictures with 2 workers, MobileNetV2`,
    ours: [many],
    unit: 'MB',
    beside: `of ${FEW_PICTURES}: ${few.toFixed(0)}`,
    ratios: [many / few],
    ratioOf: 'memory',
  };
}

/** Peaks of fresh processes. */
async function describeMemory(backbone: InstalledBackbone, pictureFolder: string): Promise<string> {
  const peak = async (job: MemoryJob['job'], workers: number): Promise<string> =>
    `${Math.round(await peakMegabytes({ job, backbone, pictureFolder, workers }))} MB`;
  const embed = `embedding ${await peak('embed', 0)} in one thread, ${await peak('embed', 2)} with 2 workers, ${await peak('embed', 4)} with 4`;
  return `peak memory of ${backbone.name} ${backbone.precision}: ${embed}; predicting ${await peak('predict', 0)}`;
}

async function peakMegabytes(task: MemoryJob): Promise<number> {
  const script = path.join(import.meta.dirname, 'support/memory-of.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [script, JSON.stringify(task)]);
  return (JSON.parse(stdout) as MemoryFigures).peakBytes / MEGABYTE;
}
