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

/** Peaks of fresh processes. */
async function describeMemory(backbone: InstalledBackbone, pictureFolder: string): Promise<string> {
  const peak = async (job: MemoryJob['job'], workers: number): Promise<string> => {
    const script = path.join(import.meta.dirname, 'support/memory-of.ts');
    const task: MemoryJob = { job, backbone, pictureFolder, workers };
    const { stdout } = await promisify(execFile)(process.execPath, [script, JSON.stringify(task)]);
    return `${Math.round((JSON.parse(stdout) as MemoryFigures).peakBytes / MEGABYTE)} MB`;
  };
  const embed = `embedding ${await peak('embed', 0)} in one thread, ${await peak('embed', 2)} with 2 workers, ${await peak('embed', 4)} with 4`;
  return `peak memory of ${backbone.name} ${backbone.precision}: ${embed}; predicting ${await peak('predict', 0)}`;
}
