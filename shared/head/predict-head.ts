import { InvalidInputError } from '../errors.ts';
import { openSession, type SessionOptions } from '../onnx/session.ts';
import { buildHeadGraph } from './head-graph.ts';
import type { HeadWeights } from './head.ts';
import { floatsOf } from './session-outputs.ts';

/** What the head answers for N vectors. */
export interface HeadOutput {
  /** `[N, C]` float32, before the temperature. */
  readonly logits: Float32Array;
  /** `[N, C]` float32: softmax of the logits divided by the temperature; each row sums to 1. */
  readonly probabilities: Float32Array;
}

/** A loaded head. */
export interface Head {
  readonly dimensions: number;
  readonly classCount: number;
  /** @param embeddings `[count, D]` float16 */
  predict(embeddings: Float16Array, count: number): Promise<HeadOutput>;
  close(): Promise<void>;
}

export interface OpenHeadOptions extends Pick<SessionOptions, 'threads'> {
  /** Divides the logits before the softmax, > 0; above 1 makes answers less certain. @default 1 */
  readonly temperature?: number;
}

/** Loads a head with its weights. */
export async function openHead(weights: HeadWeights, options: OpenHeadOptions = {}): Promise<Head> {
  const { temperature = 1, ...sessionOptions } = options;
  const { dimensions, classCount } = weights;
  const session = await openSession(buildHeadGraph(weights, weights), sessionOptions);
  return {
    dimensions,
    classCount,
    async predict(embeddings, count) {
      assertLength(embeddings, count, dimensions);
      const bits = new Uint16Array(embeddings.buffer, embeddings.byteOffset, embeddings.length);
      const outputs = await session.run({
        features: { data: bits, dims: [count, dimensions] },
        temperature: { data: Float32Array.of(temperature), dims: [] },
      });
      return { logits: floatsOf(outputs, 'logits'), probabilities: floatsOf(outputs, 'probabilities') };
    },
    close: () => session.release(),
  };
}

function assertLength(embeddings: Float16Array, count: number, dimensions: number): void {
  if (embeddings.length === count * dimensions) return;
  throw new InvalidInputError(
    `expected ${count} vectors of ${dimensions} values, received ${embeddings.length} values; the head belongs to another backbone`,
  );
}
