import { openSession, type SessionOptions } from '../onnx/session.ts';
import { buildHeadGraph } from './head-graph.ts';
import type { HeadWeights, LabelledRows } from './head.ts';
import { inSequence, RowBlocks, rowsPerBlock } from './row-blocks.ts';
import { floatsOf } from './session-outputs.ts';

export interface HeadScore {
  /** Mean cross-entropy, natural logarithm, without class weights and penalty. */
  readonly loss: number;
  /** Share of the rows whose largest logit is the label's. */
  readonly accuracy: number;
}

/** Scores changing weights on the same rows, as validation does after each epoch. */
export interface HeadEvaluator {
  evaluate(weights: HeadWeights): Promise<HeadScore>;
  close(): Promise<void>;
}

/** Rows that go through the graph at once: its output stays small, and a large kernel is read a few times only. */
const ROWS_PER_RUN = 4096;

export async function openHeadEvaluator(
  shape: { readonly dimensions: number; readonly classCount: number },
  rows: LabelledRows,
  options: Pick<SessionOptions, 'threads'>,
): Promise<HeadEvaluator> {
  const { dimensions, classCount } = shape;
  const session = await openSession(buildHeadGraph(shape), options);
  const blocks = new RowBlocks(rows, rowsPerBlock(dimensions, 1, Number.MAX_SAFE_INTEGER), 'valid');
  const everyRow = inSequence(rows.features.rowCount);

  async function logitsOf(features: Uint16Array, weights: HeadWeights): Promise<Float32Array> {
    const outputs = await session.run(
      {
        features: { data: features, dims: [features.length / dimensions, dimensions] },
        kernel: { data: weights.kernel, dims: [dimensions, classCount] },
        bias: { data: weights.bias, dims: [classCount] },
        temperature: { data: Float32Array.of(1), dims: [] },
      },
      ['logits'],
    );
    return floatsOf(outputs, 'logits');
  }

  return {
    async evaluate(weights) {
      const total = { loss: 0, correct: 0 };
      for await (const { features, labels } of blocks.inOrder(everyRow)) {
        for (let start = 0; start < labels.length; start += ROWS_PER_RUN) {
          const end = Math.min(labels.length, start + ROWS_PER_RUN);
          const logits = await logitsOf(features.subarray(start * dimensions, end * dimensions), weights);
          addScores(total, logits, labels.subarray(start, end), classCount);
        }
      }
      return { loss: total.loss / everyRow.length, accuracy: total.correct / everyRow.length };
    },
    close: () => session.release(),
  };
}

function addScores(
  total: { loss: number; correct: number },
  logits: Float32Array,
  labels: Uint32Array,
  classCount: number,
): void {
  labels.forEach((label, row) => {
    const start = row * classCount;
    let best = start;
    for (let index = start + 1; index < start + classCount; index += 1) {
      if ((logits[index] ?? 0) > (logits[best] ?? 0)) best = index;
    }
    const max = logits[best] ?? 0;
    let sum = 0;
    for (let index = start; index < start + classCount; index += 1) sum += Math.exp((logits[index] ?? 0) - max);
    total.loss += Math.log(sum) + max - (logits[start + label] ?? Number.NaN);
    total.correct += best === start + label ? 1 : 0;
  });
}
