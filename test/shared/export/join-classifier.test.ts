import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../shared/errors.ts';
import { joinClassifier, type ClassifierHead } from '../../../shared/export/join-classifier.ts';
import { GraphBuilder } from '../../../shared/onnx/graph-builder.ts';
import { openSession } from '../../../shared/onnx/session.ts';

const OUTPUTS = { features: null, embedding: { name: 'embedding', dimensions: 2 } };

function head(kernel: readonly number[], bias: readonly number[], temperature = 1): ClassifierHead {
  const weights = {
    dimensions: kernel.length / bias.length,
    classCount: bias.length,
    kernel: Float32Array.from(kernel),
    bias: Float32Array.from(bias),
  };
  return { weights, pooling: 'avg', temperature };
}

/** Gives what it is given. */
function passing(opset?: number): Uint8Array {
  const graph = new GraphBuilder('passing');
  const x = graph.addInput('image', 'float32', ['N', 2]);
  graph.addOutput(graph.add('Identity', [x]), 'float32', ['N', 2], 'embedding');
  return graph.toModel({}, opset);
}

async function run(model: Uint8Array, data: Float32Array, dims: readonly number[]) {
  const session = await openSession(model, { threads: 1 });
  const { logits, probabilities } = await session.run({ image: { data, dims } });
  await session.release();
  return { logits: [...(logits?.data ?? [])].map(Number), probabilities: [...(probabilities?.data ?? [])].map(Number) };
}

describe('joinClassifier', () => {
  it('computes softmax((x · kernel + bias) / temperature)', async () => {
    const model = joinClassifier(passing(), OUTPUTS, head([1, 2, 3, 4], [0.5, -0.5], 2), {});

    const { logits, probabilities } = await run(model, Float32Array.of(1, 2), [1, 2]);

    expect(logits).toEqual([7.5, 9.5]);
    const share = 1 / (1 + Math.exp(-1));
    expect(probabilities[1]).toBeCloseTo(share, 6);
    expect(probabilities[0]).toBeCloseTo(1 - share, 6);
  });

  it('rounds the vector to float16 on the way, as the cache does', async () => {
    const model = joinClassifier(passing(), OUTPUTS, head([1024, 0, 0, 1024], [0, 0]), {});
    const data = Float32Array.of(1.0004, 1.0006, 2.0009, -3.0011);

    const { logits } = await run(model, data, [2, 2]);

    expect(logits).toEqual([...Float16Array.from(data)].map((value) => value * 1024));
    expect(logits).not.toEqual([...data].map((value) => value * 1024));
  });

  it.each([9, 11, 12, 13, 17, 18, 21, 26])('joins a backbone of operator set %i', async (opset) => {
    const model = joinClassifier(passing(opset), OUTPUTS, head([1, 2, 3, 4], [0, 0]), {});

    const { logits, probabilities } = await run(model, Float32Array.of(1, 1, 0, 1), [2, 2]);

    expect(logits).toEqual([4, 6, 3, 4]);
    expect((probabilities[0] ?? 0) + (probabilities[1] ?? 0)).toBeCloseTo(1, 6);
    expect((probabilities[2] ?? 0) + (probabilities[3] ?? 0)).toBeCloseTo(1, 6);
  });

  it('flattens a feature map [C, H, W] to [H, W, C]', async () => {
    const graph = new GraphBuilder('map');
    const x = graph.addInput('image', 'float32', ['N', 2, 1, 3]);
    graph.addOutput(graph.add('Identity', [x]), 'float32', ['N', 2, 1, 3], 'features');
    const outputs = {
      features: { name: 'features', channels: 2, height: 1, width: 3 },
      embedding: { name: 'embedding', dimensions: 2 },
    };
    const kernel = [1, 0, 10, 0, 100, 0, 1000, 0, 10_000, 0, 100_000, 0];

    const model = joinClassifier(graph.toModel(), outputs, { ...head(kernel, [0, 0]), pooling: 'flatten' }, {});

    // Channel 0 at the three positions is 1, 2, 3; channel 1 is 4, 5, 6.
    expect((await run(model, Float32Array.of(1, 2, 3, 4, 5, 6), [1, 2, 1, 3])).logits[0]).toBe(635_241);
  });

  it('keeps apart values of the backbone that have names of the head', async () => {
    const graph = new GraphBuilder('clash');
    const x = graph.addInput('image', 'float32', ['N', 2]);
    const logits = graph.add('Neg', [x], {}, 'logits');
    const kernel = graph.add('Neg', [logits], {}, 'kernel');
    const one = graph.addConstant('float32', [], Float32Array.of(1), 'temperature');
    graph.addOutput(graph.add('Mul', [kernel, one], {}, 'probabilities'), 'float32', ['N', 2], 'embedding');

    const model = joinClassifier(graph.toModel(), OUTPUTS, head([1, 2, 3, 4], [0, 0], 5), {});

    expect((await run(model, Float32Array.of(1, 1), [1, 2])).logits).toEqual([4, 6]);
  });

  it('refuses flatten without a feature map, and a graph of the first operator sets', () => {
    const flatten = { ...head([1, 2, 3, 4], [0, 0]), pooling: 'flatten' } as const;

    expect(() => joinClassifier(passing(), OUTPUTS, flatten, {})).toThrow(InvalidInputError);
    expect(() => joinClassifier(passing(6), OUTPUTS, head([1, 2, 3, 4], [0, 0]), {})).toThrow(
      /operator set 7 or newer/,
    );
  });
});
