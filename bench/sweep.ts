/** Sixteen settings tried by `sweepHeads` beside one training with the same epochs, threads and rows. Runs in any clone; the vectors are synthetic. */
import { DEFAULT_HYPERPARAMETERS } from '../shared/head/hyperparameters.ts';
import { onnxEngine } from '../shared/head/onnx-engine.ts';
import { DEFAULT_SWEEP_COUNT, sweepCandidates } from '../shared/head/sweep-candidates.ts';
import { sweepHeads } from '../shared/head/sweep-heads.ts';
import type { BenchOptions, BenchResult, BenchRow } from './support/bench.ts';
import { measureInterleaved, ratiosOf } from './support/measure.ts';
import { syntheticRows } from './support/synthetic-rows.ts';

const [ROWS, VALID_ROWS, DIMENSIONS, CLASSES, EPOCHS] = [13_500, 1500, 2048, 100, 40];

export async function benchSweep({ rounds }: BenchOptions): Promise<BenchResult> {
  const train = syntheticRows(ROWS, DIMENSIONS, CLASSES);
  const valid = syntheticRows(VALID_ROWS, DIMENSIONS, CLASSES);
  const rows: BenchRow[] = [];
  for (const batchSize of [32, 256]) {
    const base = { ...DEFAULT_HYPERPARAMETERS, epochs: EPOCHS, batchSize, patience: 0 };
    const candidates = sweepCandidates(base, DEFAULT_SWEEP_COUNT, train.labels);
    const request = { train, valid, classCount: CLASSES };
    const one = async () => {
      await onnxEngine.train({ ...request, hyperparameters: base });
      return 1;
    };
    const sweep = async () => {
      await sweepHeads(onnxEngine, { ...request, candidates });
      return 1;
    };
    const [ours, other] = await measureInterleaved(
      [
        { name: 'sweep', run: sweep },
        { name: 'one training', run: one },
      ],
      rounds,
    );
    if (ours === undefined || other === undefined) throw new Error('expected two measurements');
    rows.push({
      what: `sweep of ${DEFAULT_SWEEP_COUNT} settings, ${ROWS} x ${DIMENSIONS} -> ${CLASSES}, batch ${batchSize}, ${EPOCHS} epochs`,
      ours: ours.rates.map((rate) => 1 / rate),
      unit: 's',
      beside: 'one training',
      ratios: ratiosOf(other, ours),
      ratioOf: 'time',
      target: { on: 'ratio', atMost: 3 },
    });
  }
  return { rows, notes: [] };
}
