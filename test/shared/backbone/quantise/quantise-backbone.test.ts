import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { quantiseBackbone } from '../../../../shared/backbone/quantise/quantise-backbone.ts';
import { quantiseWeights } from '../../../../shared/backbone/quantise/quantise-weights.ts';
import { CancelledError, DamagedFileError, InvalidInputError } from '../../../../shared/errors.ts';
import { GraphBuilder } from '../../../../shared/onnx/graph-builder.ts';
import { openSession } from '../../../../shared/onnx/session.ts';
import { cosine } from '../../../parity/parity-fixture.ts';
import { hasShared, NEEDS_SHARED, sharedPath } from '../../../support/shared-folder.ts';

const SIDE = 12;
const DIMS = [3, SIDE, SIDE];

function numbers(count: number, seed: number, from = -1, to = 1): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return from + (state / 2 ** 32) * (to - from);
  });
}

/** Conv + BatchNormalization + Clip, a depthwise Conv, MaxPool, a 1x1 with ReLU, Concat, Add, pooling, Gemm. */
function smallNet(opset?: number): Uint8Array {
  const graph = new GraphBuilder('small');
  const c = (dims: readonly number[], seed: number, from?: number, to?: number) =>
    graph.addConstant(
      'float32',
      dims,
      numbers(
        dims.reduce((a, b) => a * b, 1),
        seed,
        from,
        to,
      ),
    );
  let x = graph.addInput('image', 'float32', ['N', ...DIMS]);
  x = graph.add('Conv', [x, c([16, 3, 3, 3], 1)], { pads: [1n, 1n, 1n, 1n] });
  x = graph.add('BatchNormalization', [x, c([16], 2, 0.5, 1.5), c([16], 3), c([16], 4), c([16], 5, 0.5, 2)]);
  x = graph.add('Clip', [x, graph.addScalar(0), graph.addScalar(6)]);
  x = graph.add('Conv', [x, c([16, 1, 3, 3], 6), c([16], 7)], { pads: [1n, 1n, 1n, 1n], group: 16n });
  x = graph.add('MaxPool', [graph.add('Relu', [x])], { kernel_shape: [2n, 2n], strides: [2n, 2n] });
  const y = graph.add('Relu', [graph.add('Conv', [x, c([16, 16, 1, 1], 8), c([16], 9)])]);
  const features = graph.add('Concat', [graph.add('Add', [x, y]), x], { axis: 1n }, 'features');
  graph.addOutput(features, 'float32', ['N', 32, 6, 6]);
  const embedding = graph.add('Flatten', [graph.add('GlobalAveragePool', [features])], {}, 'embedding');
  graph.addOutput(embedding, 'float32', ['N', 32]);
  graph.addOutput(graph.add('Gemm', [embedding, c([32, 5], 10), c([5], 11)]), 'float32', ['N', 5], 'logits');
  return graph.toModel({}, opset);
}

const pictures = (count: number, seed = 50) => numbers(count * 3 * SIDE * SIDE, seed, -2, 2);

async function run(model: Uint8Array, output: string, data = pictures(2, 99), dims = DIMS): Promise<Float32Array> {
  const session = await openSession(model, { threads: 2 });
  const count = data.length / dims.reduce((a, b) => a * b, 1);
  const results = await session.run({ image: { data, dims: [count, ...dims] } }, [output]);
  await session.release();
  return Float32Array.from(results[output]?.data as Float32Array);
}

describe('quantiseBackbone', () => {
  it('computes nearly the same with int8 convolutions', async () => {
    const model = smallNet();

    const seen: number[] = [];
    const options = { threads: 1, onProgress: (count: number) => seen.push(count) };
    const quantised = await quantiseBackbone(model, [pictures(8), pictures(4, 51)], options);

    for (const output of ['features', 'embedding', 'logits']) {
      expect(cosine(await run(quantised.model, output), await run(model, output))).toBeGreaterThan(0.995);
    }
    // Three convolutions, Add and Concat; the Gemm works on one position and stays.
    expect(quantised.report).toMatchObject({ pictures: 12, int8Nodes: 5, floatProducts: 1 });
    expect(seen).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
  });

  it('keeps a bias that would not fit into int32 beside tiny weights', async () => {
    const graph = new GraphBuilder('tiny');
    const weight = graph.addConstant('float32', [2, 3, 1, 1], Float32Array.of(1e-12, 1e-12, 1e-12, 1, -1, 0.5));
    const bias = graph.addConstant('float32', [2], Float32Array.of(3, -0.5));
    const x = graph.addInput('image', 'float32', ['N', ...DIMS]);
    graph.addOutput(graph.add('Conv', [x, weight, bias]), 'float32', ['N', 2, SIDE, SIDE], 'features');

    const { model } = await quantiseBackbone(graph.toModel(), [pictures(4)], { threads: 1 });

    const features = await run(model, 'features', pictures(1));
    expect(features.subarray(0, SIDE * SIDE).every((value) => Math.abs(value - 3) < 0.05)).toBe(true);
  });

  it('gives the same bytes for the same pictures, in batches of any size', async () => {
    const all = pictures(6);
    const half = all.length / 2;

    const [whole, halves] = await Promise.all(
      [[all], [all.subarray(0, half), all.subarray(half)]].map((batches) =>
        quantiseBackbone(smallNet(), batches, { threads: 1 }),
      ),
    );

    expect(whole && halves && Buffer.from(whole.model).equals(Buffer.from(halves.model))).toBe(true);
  });

  it('lets the caller choose method and weight range', async () => {
    const [mse, minmax, full] = await Promise.all(
      ([{}, { method: 'minmax' }, { weightRange: 'full' }] as const).map(async (options) =>
        Buffer.from((await quantiseBackbone(smallNet(), [pictures(8)], { threads: 1, ...options })).model),
      ),
    );

    expect(mse && minmax && full && [mse.equals(minmax), mse.equals(full)]).toEqual([false, false]);
  });

  it('refuses no pictures, a batch of another size, NaN, an old operator set, and what is no ONNX', async () => {
    const model = smallNet();

    await expect(quantiseBackbone(model, [])).rejects.toThrow('expected at least one picture to calibrate int8');
    await expect(quantiseBackbone(model, [new Float32Array(100)])).rejects.toThrow('[n, 3, 12, 12], received 100');
    await expect(quantiseBackbone(model, [pictures(1).fill(NaN)])).rejects.toThrow(InvalidInputError);
    await expect(quantiseBackbone(smallNet(12), [pictures(1)])).rejects.toThrow('operator set 13 or newer');
    await expect(quantiseBackbone(new Uint8Array(50).fill(255), [pictures(1)])).rejects.toThrow(DamagedFileError);
  });

  it('stops when asked to', async () => {
    const signal = AbortSignal.abort();

    await expect(quantiseBackbone(smallNet(), [pictures(1)], { signal })).rejects.toThrow(CancelledError);
  });
});

describe('quantiseWeights', () => {
  it('stores a quarter of the bytes and computes nearly the same', async () => {
    const graph = new GraphBuilder('wide');
    const x = graph.addInput('image', 'float32', ['N', ...DIMS]);
    const weight = graph.addConstant('float32', [64, 3, 5, 5], numbers(4800, 3));
    const conv = graph.add('Conv', [x, weight]);
    const flat = graph.add('Flatten', [graph.add('GlobalAveragePool', [graph.add('Relu', [conv])])]);
    const kernel = graph.addConstant('float32', [64, 500], numbers(32_000, 4));
    graph.addOutput(graph.add('MatMul', [flat, kernel]), 'float32', ['N', 500], 'embedding');
    const model = graph.toModel();

    const small = quantiseWeights(model);

    expect(small.length).toBeLessThan(model.length * 0.3);
    expect(cosine(await run(small, 'embedding'), await run(model, 'embedding'))).toBeGreaterThan(0.9995);
  });
});

describe.skipIf(!hasShared)(`int8 of a published MobileNetV2 (${NEEDS_SHARED})`, () => {
  it('computes all its convolutions in int8 and leaves stored integers as they are', async () => {
    const model = new Uint8Array(readFileSync(sharedPath('models', 'mobilenet_v2_1.0_224', 'model.onnx')));
    const dims = [3, 224, 224];
    const picture = (seed: number) =>
      Float32Array.from(
        { length: 3 * 224 * 224 },
        (_, i) => Math.sin(i / (40 + seed)) * Math.cos((i % 224) / (9 + seed)),
      );

    const { model: int8, report } = await quantiseBackbone(model, [picture(1), picture(2), picture(3)], { threads: 2 });

    expect(report).toMatchObject({ int8Nodes: 62, floatProducts: 1 });
    expect(int8.length).toBeLessThan(model.length * 1.1);
    const expected = await run(model, 'embedding', picture(4), dims);
    expect(cosine(await run(int8, 'embedding', picture(4), dims), expected)).toBeGreaterThan(0.9);
    expect(await run(quantiseWeights(model), 'embedding', picture(4), dims)).toEqual(expected);
  });
});
