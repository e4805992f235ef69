/**
 * Milliseconds of one step of the flatten head, 100,352 inputs -> 100 classes (10 million weights) at batch 32 with dropout and Adam: ours
 * beside Keras' `train_on_batch`, and beside copying as many bytes as a step has to move (the limit), and the two matrix products of
 * a step alone (another). Runs in any clone.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BenchOptions, BenchResult, BenchRow, Target } from './support/bench.ts';
import { trainingVariant } from './support/head-variants.ts';
import {
  bestOf,
  formatSpread,
  measureInterleaved,
  ratiosOf,
  type Measurement,
  type Variant,
} from './support/measure.ts';
import { openMemoryCopy, type MemoryCopy } from './support/memory-copy.ts';
import { writePeerRows } from './support/peer-rows.ts';
import { openPeerSet } from './support/peer-set.ts';
import { peerVariants, runnableVariants } from './support/peer-variants.ts';
import { openStepProducts } from './support/step-products.ts';
import { syntheticRows } from './support/synthetic-rows.ts';

const [ROWS, DIMENSIONS, CLASSES, BATCH, THREADS, DROPOUT, EPOCHS] = [1280, 100_352, 100, 32, 2, 0.5, 3];
/**
 * Ours has one full block, as any larger dataset: a block copies weights and moments in and out, which 40 steps share. Keras has no such
 * blocks, its steps cost the same on a few rows.
 */
const KERAS_ROWS = 320;
const KERAS_STEPS = 20;
const COPIES = 20;
const PRODUCT_STEPS = 20;
const KERNEL_BYTES = DIMENSIONS * CLASSES * 4;
/** Read the kernel and the float16 rows for the product; read and write kernel and both moments in Adam. The gradient need not leave the cache. */
const STEP_BYTES = 7 * KERNEL_BYTES + BATCH * DIMENSIONS * 2;

export async function benchFlatten({ rounds }: BenchOptions): Promise<BenchResult> {
  const folder = await mkdtemp(path.join(tmpdir(), 'headstart-bench-'));
  const train = syntheticRows(ROWS, DIMENSIONS, CLASSES);
  const peers = await openPeerSet(['keras_head.py']);
  const products = await openStepProducts({ dimensions: DIMENSIONS, classes: CLASSES, threads: THREADS });
  const copy = openMemoryCopy(STEP_BYTES / 2, THREADS);
  try {
    const request = { classes: CLASSES, batch: BATCH, dropout: DROPOUT, epochs: 1, steps: KERAS_STEPS };
    const files = await writePeerRows(folder, 'flatten', syntheticRows(KERAS_ROWS, DIMENSIONS, CLASSES));
    const keras = await runnableVariants(peerVariants(peers, { ...files, ...request }));
    const hyperparameters = { epochs: EPOCHS, batchSize: BATCH, dropout: DROPOUT };
    const [ours, limit, bareProducts, ...measured] = await measureInterleaved(
      [
        trainingVariant('headstart', { engine: 'onnx', train, classes: CLASSES, hyperparameters, threads: THREADS }),
        copyVariant(copy),
        products.variant(BATCH, PRODUCT_STEPS),
        ...keras.runnable,
      ],
      rounds,
    );
    if (ours === undefined || limit === undefined || bareProducts === undefined)
      throw new Error('expected a measurement');
    const table = [rowOf(ours, limit, 'time', { on: 'ratio', atMost: 1.3 }), rowOf(ours, bareProducts, 'time')];
    if (measured.length > 0) {
      const best = bestOf('Keras train_on_batch, best of 1 and 2 threads', measured);
      table.push(rowOf(ours, best, 'speed', { on: 'ratio', atLeast: 1 }));
    }
    const note = `flatten head: the limit copies ${Math.round(STEP_BYTES / 2e6)} MB, which reads and writes the ${Math.round(STEP_BYTES / 1e6)} MB of a step; a dataset of fewer rows than ${ROWS} shares a block's copies over fewer steps`;
    return { rows: table, notes: [note, ...peers.missing, ...keras.missing] };
  } finally {
    await Promise.all([peers.stop(), copy.stop(), products.close()]);
    await rm(folder, { recursive: true });
  }
}

/** As much work as one step each time. */
function copyVariant(copy: MemoryCopy): Variant {
  return {
    name: `copying its bytes, ${THREADS} threads`,
    run: async () => {
      await copy.run(COPIES);
      return COPIES * BATCH;
    },
  };
}

function rowOf(ours: Measurement, other: Measurement, ratioOf: 'time' | 'speed', target?: Target): BenchRow {
  const milliseconds = (rates: readonly number[]) => rates.map((rate) => (1000 * BATCH) / rate);
  return {
    what: `flatten head, step of ${DIMENSIONS} -> ${CLASSES}, dropout, Adam, batch ${BATCH}, ${THREADS} threads`,
    ours: milliseconds(ours.rates),
    unit: 'ms a step',
    beside: `${other.name}: ${formatSpread(milliseconds(other.rates), 1)}`,
    ratios: ratioOf === 'speed' ? ratiosOf(ours, other) : ratiosOf(other, ours),
    ratioOf,
    ...(target && { target }),
  };
}
