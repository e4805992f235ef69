/**
 * Training by the product's own path on shards of many vectors, on two processors: minutes, peak memory and where the time goes. With --full a million
 * vectors of 2,048 float16 (4 GB on the disk), else 50,000.
 */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { BenchOptions, BenchResult, BenchRow } from './support/bench.ts';
import { median } from './support/measure.ts';
import { writeScaleDataset, type ScaleDataset } from './support/scale-dataset.ts';
import type { ScaleResult, ScaleTraining } from './support/scale-training.ts';

const [DIMENSIONS, CLASSES, EPOCHS] = [2048, 100, 10];
const [FULL_ROWS, QUICK_ROWS] = [1_000_000, 50_000];
const BATCH_SIZES = [32, 256];

export async function benchScale({ isFull }: BenchOptions): Promise<BenchResult> {
  const folder = await mkdtemp(path.join(tmpdir(), 'headstart-bench-'));
  try {
    const rowCount = isFull ? FULL_ROWS : QUICK_ROWS;
    const { bavail, bsize } = await statfs(folder);
    const neededBytes = rowCount * DIMENSIONS * 2 * 1.1;
    if (bavail * bsize < neededBytes) {
      return { rows: [], notes: [`scale: left out, as ${tmpdir()} has less than ${gigabytes(neededBytes)} GB free`] };
    }
    const dataset = { folder, name: 'scale', featureSpaceId: 'synthetic', rowCount, dimensions: DIMENSIONS };
    await writeScaleDataset({ ...dataset, classCount: CLASSES });
    const rows: BenchRow[] = [];
    const notes: string[] = [];
    for (const batchSize of BATCH_SIZES) {
      const result = await train({ ...dataset, classCount: CLASSES }, { batchSize, epochs: EPOCHS });
      rows.push(...rowsOf(rowCount, batchSize, result, isFull));
      notes.push(describe(rowCount, batchSize, result));
    }
    return { rows, notes };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** In a process of its own, held to two processors where the system can. */
async function train(dataset: ScaleDataset, training: ScaleTraining): Promise<ScaleResult> {
  const script = path.join(import.meta.dirname, 'support/scale-training.ts');
  const command = [process.execPath, script, JSON.stringify({ dataset, training })];
  const hasTaskset = spawnSync('taskset', ['--version']).status === 0;
  const [file = '', ...args] = hasTaskset ? ['taskset', '-c', '0,1', ...command] : command;
  const { stdout } = await promisify(execFile)(file, args, { maxBuffer: 1e7 });
  return JSON.parse(stdout) as ScaleResult;
}

function rowsOf(rowCount: number, batchSize: number, result: ScaleResult, isFull: boolean): BenchRow[] {
  const what = `scale, ${rowCount.toLocaleString('en')} x ${DIMENSIONS} -> ${CLASSES}, batch ${batchSize}, ${EPOCHS} epochs`;
  const common = { beside: '', ratios: [], ratioOf: 'time' } as const;
  const limit = (atMost: number) => (isFull ? { target: { on: 'ours', atMost } as const } : {});
  return [
    { ...common, what: `${what}: shards to served model`, ours: [result.totalSeconds / 60], unit: 'min', ...limit(15) },
    { ...common, what: `${what}: peak memory`, ours: [result.peakBytes / 1e9], unit: 'GB', ...limit(10) },
  ];
}

function describe(rowCount: number, batchSize: number, result: ScaleResult): string {
  const { totalSeconds, secondsOutsideEpochs, epochSeconds, accuracy } = result;
  return (
    `scale, ${rowCount} rows, batch ${batchSize}: ${totalSeconds.toFixed(0)} s, of which ${secondsOutsideEpochs.toFixed(0)} s are opening, loading, ` +
    `measuring and the report; ${median(epochSeconds).toFixed(1)} s an epoch with validation; test accuracy ${accuracy.toFixed(3)}`
  );
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(1);
}
