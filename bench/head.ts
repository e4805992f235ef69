/**
 * Rows a second of head training, 13,500 x 2,048 -> 100 classes with dropout 0.5 and Adam, on two threads: our engine beside the two
 * matrix products of each step alone (the limit) and TensorFlow.js on WebAssembly. Runs in any clone; the vectors are synthetic.
 */
import type { LabelledRows } from '../shared/head/head.ts';
import { DEFAULT_HYPERPARAMETERS } from '../shared/head/hyperparameters.ts';
import { loadHeadEngine } from '../shared/head/load-head-engine.ts';
import { GraphBuilder } from '../shared/onnx/graph-builder.ts';
import { openSession, type OnnxSession } from '../shared/onnx/session.ts';
import type { BenchOptions, BenchResult, BenchRow } from './support/bench.ts';
import { measureInterleaved, ratiosOf, type Variant } from './support/measure.ts';
import { syntheticRows } from './support/synthetic-rows.ts';

const [ROWS, DIMENSIONS, CLASSES, THREADS, EPOCHS] = [13_500, 2048, 100, 2, 3];
/** TensorFlow.js takes half a minute for what the others do in one second: it trains fewer rows, and its rate is what counts. */
const PEER_ROWS = 1600;

export async function benchHead({ rounds }: BenchOptions): Promise<BenchResult> {
  const rows = syntheticRows(ROWS, DIMENSIONS, CLASSES);
  const fewRows = syntheticRows(PEER_ROWS, DIMENSIONS, CLASSES);
  const products = await openSession(productsOfAStep(), { threads: THREADS });
  const table: BenchRow[] = [];
  for (const batchSize of [32, 256, 1024]) {
    const [ours, ...others] = await measureInterleaved(
      [
        training('headstart', 'onnx', rows, batchSize, 0.5),
        { name: 'the two products of each step alone', run: () => runProducts(products, batchSize) },
        training('TensorFlow.js WebAssembly', 'tfjs', fewRows, batchSize, 0.5, 1),
      ],
      rounds,
    );
    if (ours === undefined) throw new Error('expected a measurement');
    const what = `head, ${ROWS} x ${DIMENSIONS} -> ${CLASSES}, dropout, Adam, batch ${batchSize}, ${THREADS} threads`;
    for (const other of others) {
      const ratios = ratiosOf(ours, other);
      const epochs = ours.rates.map((rate) => ROWS / rate);
      table.push({ what, ours: epochs, unit: 's an epoch', beside: other.name, ratios, ratioOf: 'speed' });
    }
  }
  await products.release();
  return { rows: table, notes: [] };
}

/** A whole call of `train`, loading of the graph included. */
function training(
  name: string,
  engine: 'onnx' | 'tfjs',
  train: LabelledRows,
  batchSize: number,
  dropout: number,
  epochs = EPOCHS,
): Variant {
  const hyperparameters = { ...DEFAULT_HYPERPARAMETERS, epochs, batchSize, dropout, patience: 0 };
  return {
    name,
    run: async () => {
      const loaded = await loadHeadEngine(engine);
      await loaded.train({ train, valid: null, classCount: CLASSES, hyperparameters, threads: THREADS });
      return train.features.rowCount * epochs;
    },
  };
}

/** `x · kernel` and `xᵀ · error`: what no implementation can leave out. */
function productsOfAStep(): Uint8Array {
  const graph = new GraphBuilder('products');
  const x = graph.addInput('x', 'float32', ['B', DIMENSIONS]);
  const kernel = graph.addInput('kernel', 'float32', [DIMENSIONS, CLASSES]);
  const error = graph.add('Gemm', [x, kernel]);
  const gradient = graph.add('Gemm', [x, error], { transA: 1n });
  graph.addOutput(gradient, 'float32', [DIMENSIONS, CLASSES], 'gradient');
  return graph.toModel();
}

async function runProducts(session: OnnxSession, batchSize: number): Promise<number> {
  const x = { data: new Float32Array(batchSize * DIMENSIONS).fill(0.1), dims: [batchSize, DIMENSIONS] };
  const kernel = { data: new Float32Array(DIMENSIONS * CLASSES).fill(0.01), dims: [DIMENSIONS, CLASSES] };
  const steps = Math.ceil(ROWS / batchSize);
  for (let step = 0; step < steps; step += 1) await session.run({ x, kernel });
  return steps * batchSize;
}
