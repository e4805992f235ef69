/**
 * Rows a second of head training, 13,500 x 2,048 -> 100 classes with dropout 0.5 and Adam, on two threads: our engine beside the two
 * matrix products of each step alone (the limit) and TensorFlow.js on WebAssembly. Runs in any clone; the vectors are synthetic.
 */
import type { LabelledRows } from '../shared/head/head.ts';
import { DEFAULT_HYPERPARAMETERS } from '../shared/head/hyperparameters.ts';
import { loadHeadEngine } from '../shared/head/load-head-engine.ts';
import { GraphBuilder } from '../shared/onnx/graph-builder.ts';
import { openSession, type OnnxSession } from '../shared/onnx/session.ts';
import { measureInterleaved, median, type Variant } from './support/measure.ts';
import { formatRatioTable } from './support/ratio-table.ts';
import { syntheticRows } from './support/synthetic-rows.ts';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const [ROWS, DIMENSIONS, CLASSES, THREADS, EPOCHS] = [13_500, 2048, 100, 2, 3];
/** TensorFlow.js takes half a minute for what the others do in one second: it trains fewer rows, and its rate is what counts. */
const PEER_ROWS = 1600;

const rows = syntheticRows(ROWS, DIMENSIONS, CLASSES);
const fewRows = syntheticRows(PEER_ROWS, DIMENSIONS, CLASSES);
const products = await openSession(productsOfAStep(), { threads: THREADS });

for (const batchSize of [32, 256, 1024]) {
  const ours = `headstart, dropout 0.5, batch ${batchSize}`;
  const measurements = await measureInterleaved(
    [
      { name: `two products a step alone, batch ${batchSize}`, run: () => runProducts(products, batchSize) },
      training(ours, 'onnx', rows, batchSize, 0.5),
      training(`headstart, no dropout, batch ${batchSize}`, 'onnx', rows, batchSize, 0),
      training(`TensorFlow.js wasm, batch ${batchSize}`, 'tfjs', fewRows, batchSize, 0.5, 1),
    ],
    ROUNDS,
  );
  const title = `head training, ${ROWS} x ${DIMENSIONS} -> ${CLASSES}, batch ${batchSize}, ${THREADS} threads`;
  const table = { title, unit: 'rows/s', measurements, reference: ours };
  const perEpoch = ROWS / median(measurements.find(({ name }) => name === ours)?.rates ?? []);
  console.log(`${formatRatioTable(table)}\n${ours}: ${perEpoch.toFixed(3)} s an epoch (median of ${ROUNDS} rounds)\n`);
}
await products.release();

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
