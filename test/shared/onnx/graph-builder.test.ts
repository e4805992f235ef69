import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../shared/errors.ts';
import { GraphBuilder } from '../../../shared/onnx/graph-builder.ts';
import { openSession, threadsForMemory } from '../../../shared/onnx/session.ts';

/** sum over `steps` iterations of `x`, by a Loop. */
function loopGraph(): Uint8Array {
  const body = new GraphBuilder('body');
  body.addInput('i', 'int64', []);
  body.addInput('go', 'bool', []);
  body.addInput('sum', 'float32', ['N']);
  body.addOutput(body.add('Identity', ['go']), 'bool', [], 'goOn');
  body.addOutput(body.add('Add', ['sum', 'x']), 'float32', ['N'], 'nextSum');
  const graph = new GraphBuilder('loop');
  graph.addInput('x', 'float32', ['N']);
  graph.addInput('steps', 'int64', []);
  const zero = graph.add('Sub', ['x', 'x']);
  graph.addOutput(graph.add('Loop', ['steps', '', zero], { body }), 'float32', ['N'], 'y');
  return graph.toModel({ purpose: 'test' });
}

describe('GraphBuilder', () => {
  it('writes a Loop that ONNX Runtime runs', async () => {
    const session = await openSession(loopGraph(), { threads: 1 });

    const { y } = await session.run({
      x: { data: Float32Array.of(1, 2.5), dims: [2] },
      steps: { data: BigInt64Array.of(3n), dims: [] },
    });

    expect(y).toEqual({ data: Float32Array.of(3, 7.5), dims: [2] });
    await session.release();
  });

  it('tells names, types and dimensions of inputs and outputs', async () => {
    const session = await openSession(loopGraph());

    expect(session.inputs).toEqual([
      { name: 'x', type: 'float32', dims: ['N'] },
      { name: 'steps', type: 'int64', dims: [] },
    ]);
    expect(session.outputs).toEqual([{ name: 'y', type: 'float32', dims: ['N'] }]);
  });

  it('throws an InvalidInputError that names a file which is no ONNX graph', async () => {
    await expect(openSession(new TextEncoder().encode('<html>'))).rejects.toThrow(InvalidInputError);
    await expect(openSession('/no/such/model.onnx')).rejects.toThrow(/"\/no\/such\/model.onnx"/);
  });
});

describe('threadsForMemory', () => {
  it.each([
    [128, 1],
    [1769, 1],
    [3008, 2],
    [10_240, 6],
  ])('gives %i MB %i threads', (memoryMb, threads) => {
    expect(threadsForMemory(memoryMb)).toBe(threads);
  });
});
