import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { HeadWeights, LabelledRows } from '../../shared/head/head.ts';
import { Random } from '../../shared/head/random.ts';
import type { BenchResult, BenchRow } from './bench.ts';
import { trainOnce } from './head-variants.ts';
import type { PeerRows } from './peer-rows.ts';
import type { PeerSet } from './peer-set.ts';

interface LossComparison {
  readonly rows: LabelledRows;
  readonly files: PeerRows;
  readonly classes: number;
  readonly threads: number;
  readonly peers: PeerSet;
  /** For the file of the initial kernel. */
  readonly folder: string;
}

const [BATCH, EPOCHS, DROPOUT] = [32, 5, 0.5];
/** float32 sums in another order, over 2,110 steps; the parity test of one small head allows 1e-5 over 15. */
const LARGEST_DIFFERENCE = 1e-4;

/**
 * The same loss curve as Keras: epoch by epoch from the same kernel without dropout and shuffling, and with both, where only the masks
 * and the order of the rows differ.
 */
export async function compareLosses(comparison: LossComparison): Promise<BenchResult> {
  const [keras] = comparison.peers.keras;
  if (keras === undefined) return { rows: [], notes: [] };
  const { classes, threads, folder } = comparison;
  const rows = { ...comparison.rows, labels: someWrong(comparison.rows.labels, classes) };
  const files = { ...comparison.files, labels: path.join(folder, 'some-wrong.labels') };
  await writeFile(files.labels, rows.labels);
  const initialWeights = glorotWeights(files.dimensions, classes);
  const kernel = path.join(folder, 'kernel');
  await writeFile(kernel, initialWeights.kernel);
  const table: BenchRow[] = [];
  const notes: string[] = [];
  for (const { dropout, shuffle } of [
    { dropout: 0, shuffle: false },
    { dropout: DROPOUT, shuffle: true },
  ]) {
    const hyperparameters = { epochs: EPOCHS, batchSize: BATCH, dropout };
    const own = { engine: 'onnx', train: rows, classes, hyperparameters, threads, shuffle, initialWeights } as const;
    const ours = (await trainOnce(own)).history.map(({ trainLoss }) => trainLoss);
    const request = { ...files, classes, batch: BATCH, dropout, epochs: EPOCHS, kernel, shuffle };
    const { loss } = await keras.measure(request);
    const differences = ours.map((value, epoch) => Math.abs(value / (loss[epoch] ?? Number.NaN) - 1));
    const conditions = `batch ${BATCH}, ${shuffle ? `dropout ${dropout}, own masks and order` : 'no dropout, same order'}`;
    table.push({
      what: `head, loss of ${EPOCHS} epochs, ${conditions}, same initial kernel: largest difference`,
      ours: [Math.max(...differences)],
      unit: 'relative',
      beside: keras.title,
      ratios: [],
      ratioOf: 'time',
      ...(!shuffle && { target: { on: 'ours', atMost: LARGEST_DIFFERENCE } as const }),
    });
    notes.push(`loss by epoch, ${conditions}: ours ${formatLosses(ours)}; Keras ${formatLosses(loss)}`);
  }
  return { rows: table, notes };
}

/** A quarter gets any label: the synthetic clusters alone are learned within an epoch, and their loss would say little. */
function someWrong(labels: Uint32Array, classes: number): Uint32Array {
  const random = new Random(5, 0);
  return labels.map((label) => (random.uniform() < 0.25 ? Math.floor(random.uniform() * classes) : label));
}

/** Keras' default: uniform within ±sqrt(6 / (inputs + outputs)), zero bias. */
function glorotWeights(dimensions: number, classCount: number): HeadWeights {
  const random = new Random(3, 0);
  const limit = Math.sqrt(6 / (dimensions + classCount));
  const kernel = Float32Array.from({ length: dimensions * classCount }, () => (random.uniform() * 2 - 1) * limit);
  return { dimensions, classCount, kernel, bias: new Float32Array(classCount) };
}

function formatLosses(losses: readonly number[]): string {
  return losses.map((loss) => loss.toPrecision(5)).join(', ');
}
