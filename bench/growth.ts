/** Seconds an epoch of head training against the number of vectors N, of classes C and of values D, each around 10,000 x 2,048 -> 100. Writes growth.svg. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DEFAULT_HYPERPARAMETERS } from '../shared/head/hyperparameters.ts';
import { onnxEngine } from '../shared/head/onnx-engine.ts';
import type { BenchOptions, BenchResult } from './support/bench.ts';
import { formatSpread, median } from './support/measure.ts';
import { renderLogPlots, type LogPlot } from './support/log-plots.ts';
import { syntheticRows } from './support/synthetic-rows.ts';

interface Size {
  readonly rows: number;
  readonly classes: number;
  readonly dimensions: number;
}

const BASE: Size = { rows: 10_000, classes: 100, dimensions: 2048 };
const AXES = [
  { name: 'vectors N', field: 'rows', values: [1000, 3000, 10_000, 30_000, 100_000] },
  { name: 'classes C', field: 'classes', values: [2, 10, 30, 100, 300, 1000] },
  { name: 'values D', field: 'dimensions', values: [256, 512, 1280, 2048, 8192] },
] as const;

export async function benchGrowth({ rounds }: BenchOptions): Promise<BenchResult> {
  const plots: LogPlot[] = [];
  const notes: string[] = [];
  for (const { name, field, values } of AXES) {
    const seconds: number[][] = [];
    for (const value of values) seconds.push(await secondsAnEpoch({ ...BASE, [field]: value }, rounds));
    plots.push({ title: name, unit: 's an epoch', points: values.map((x, i) => ({ x, y: median(seconds[i] ?? []) })) });
    const figures = values.map((value, i) => `${value}: ${formatSpread(seconds[i] ?? [], 3)}`);
    notes.push(`seconds an epoch (batch 32, dropout, 2 threads) by number of ${name}: ${figures.join(', ')}`);
  }
  const file = path.join(import.meta.dirname, 'growth.svg');
  await writeFile(file, renderLogPlots(plots));
  return { rows: [], notes };
}

/** Of the epochs after the first, which has the loading in it. */
async function secondsAnEpoch({ rows, classes, dimensions }: Size, rounds: number): Promise<number[]> {
  const seconds: number[] = [];
  await onnxEngine.train({
    train: syntheticRows(rows, dimensions, classes),
    valid: null,
    classCount: classes,
    hyperparameters: { ...DEFAULT_HYPERPARAMETERS, epochs: rounds + 1 },
    onEpoch: ({ epoch, durationMs }) => {
      if (epoch > 1) seconds.push(durationMs / 1000);
    },
  });
  return seconds;
}
