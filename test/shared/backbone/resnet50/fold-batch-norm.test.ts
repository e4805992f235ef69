import { describe, expect, it } from 'vitest';
import { foldBatchNorm } from '../../../../shared/backbone/resnet50/fold-batch-norm.ts';
import { GraphBuilder } from '../../../../shared/onnx/graph-builder.ts';
import { openSession } from '../../../../shared/onnx/session.ts';
import { maxAbsDifference } from '../../../support/arrays.ts';

/** The same numbers on every run. */
function numbers(count: number, from: number, to: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => from + (((i * 7919) % 1009) / 1009) * (to - from));
}

const CHANNELS = 4;
const EPSILON = 1.001e-5;
const parts = () => ({
  kernel: numbers(CHANNELS * 3 * 9, -1, 1),
  bias: numbers(CHANNELS, -0.5, 0.5),
  gamma: numbers(CHANNELS, 0.5, 1.5),
  beta: numbers(CHANNELS, -1, 1),
  mean: numbers(CHANNELS, -1, 2),
  variance: numbers(CHANNELS, 0.001, 2),
});

async function run(isFolded: boolean, hasBias: boolean): Promise<Float32Array> {
  const { kernel, bias, gamma, beta, mean, variance } = parts();
  const folded = foldBatchNorm({ kernel, bias: hasBias ? bias : null, gamma, beta, mean, variance }, EPSILON);
  const graph = new GraphBuilder('fold');
  const constant = (values: Float32Array, dims = [CHANNELS]) => graph.addConstant('float32', dims, values);
  const x = graph.addInput('x', 'float32', [1, 3, 6, 6]);
  const weight = constant(isFolded ? folded.kernel : parts().kernel, [CHANNELS, 3, 3, 3]);
  const shift = isFolded ? [constant(folded.bias)] : hasBias ? [constant(bias)] : [];
  let y = graph.add('Conv', [x, weight, ...shift], { pads: [1n, 1n, 1n, 1n] });
  const norm = [gamma, beta, mean, variance].map((values) => constant(values));
  if (!isFolded) y = graph.add('BatchNormalization', [y, ...norm], { epsilon: EPSILON });
  graph.addOutput(y, 'float32', [1, CHANNELS, 6, 6], 'y');
  const session = await openSession(graph.toModel(), { threads: 1 });
  const result = await session.run({ x: { data: numbers(108, -3, 3), dims: [1, 3, 6, 6] } });
  await session.release();
  return Float32Array.from(result.y?.data as Float32Array);
}

describe('foldBatchNorm', () => {
  it.each([true, false])('gives the same values as both operators, borders included (bias: %s)', async (hasBias) => {
    expect(maxAbsDifference(await run(true, hasBias), await run(false, hasBias))).toBeLessThan(2e-5);
  });

  it('computes in float64 and rounds once', () => {
    const one = (value: number) => Float32Array.of(value);
    const weights = { bias: one(1e8), gamma: one(3), beta: one(0.25), mean: one(1e8), variance: one(8) };

    const { kernel, bias } = foldBatchNorm({ kernel: one(0.1), ...weights }, 1);

    expect(bias[0]).toBe(0.25);
    expect(kernel[0]).toBe(Math.fround(Math.fround(0.1)));
  });
});
