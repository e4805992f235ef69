import { describe, expect, it } from 'vitest';
import { DamagedFileError } from '../../../shared/errors.ts';
import { GraphBuilder } from '../../../shared/onnx/graph-builder.ts';
import { OnnxGraph } from '../../../shared/onnx/onnx-graph.ts';
import { intAttribute, intsAttribute, makeNode } from '../../../shared/onnx/onnx-node.ts';
import { openSession } from '../../../shared/onnx/session.ts';

/** y = (x + 1) three times, in a loop whose body reads `step` of the outer graph; and `other`, which nothing of it needs. */
function looping(): Uint8Array {
  const graph = new GraphBuilder('outer');
  const x = graph.addInput('x', 'float32', ['N']);
  graph.addInput('unused', 'float32', ['N']);
  const step = graph.add('Identity', [graph.addScalar(1)], {}, 'step');
  const body = new GraphBuilder('body');
  body.addInput('i', 'int64', []);
  const condition = body.addInput('condition', 'bool', []);
  const state = body.addInput('state', 'float32', ['N']);
  body.addOutput(body.add('Identity', [condition]), 'bool', []);
  body.addOutput(body.add('Add', [state, step]), 'float32', ['N']);
  const count = graph.addConstant('int64', [], BigInt64Array.of(3n));
  graph.addOutput(graph.add('Loop', [count, '', x], { body }, 'y'), 'float32', ['N']);
  graph.addOutput(graph.add('Mul', ['unused', graph.addScalar(2)]), 'float32', ['N'], 'other');
  return graph.toModel({ author: 'us' });
}

async function runOn(graph: OnnxGraph, ...values: readonly number[]): Promise<number[]> {
  const session = await openSession(graph.toBytes(), { threads: 1 });
  const { y } = await session.run({ x: { data: Float32Array.from(values), dims: [values.length] } }, ['y']);
  await session.release();
  return [...(y?.data ?? [])].map(Number);
}

describe('OnnxGraph', () => {
  it('drops nodes, inputs and constants that the outputs do not need, and keeps what a loop reads', async () => {
    const graph = new OnnxGraph(looping());
    graph.setOutputs([{ name: 'y', dims: ['N'] }]);

    graph.prune();

    expect(graph.inputNames).toEqual(['x']);
    expect(graph.nodes.map(({ opType }) => opType)).toEqual(['Identity', 'Loop']);
    expect(graph.constantNames).toHaveLength(2);
    expect(await runOn(graph, 1, 2)).toEqual([4, 5]);
  });

  it('renames a value also where a loop reads it', async () => {
    const graph = new OnnxGraph(looping());
    graph.setOutputs([{ name: 'y', dims: ['N'] }]);
    graph.prune();

    graph.renameValue('step', 'stride');

    expect(graph.hasValue('stride')).toBe(true);
    expect(await runOn(graph, 1)).toEqual([4]);
  });

  it('appends a graph whose names are the same, and joins the two by the name of its input', async () => {
    const graph = new OnnxGraph(looping());
    graph.renameValue('y', 'sum');
    const next = new GraphBuilder('outer');
    const sum = next.addInput('sum', 'float32', ['N']);
    const ten = next.add('Identity', [next.addScalar(10)], {}, 'step');
    next.addOutput(next.add('Mul', [sum, ten]), 'float32', ['N'], 'y');

    graph.append(next.toModel(), 'next/');
    graph.setOutputs([{ name: 'y', dims: ['N'] }]);
    graph.prune();

    expect(await runOn(graph, 1, 2)).toEqual([40, 50]);
  });

  it('keeps, shows and replaces metadata', () => {
    const graph = new OnnxGraph(looping());
    expect(graph.metadata).toEqual({ author: 'us' });

    graph.setMetadata({ labels: '["a"]' });

    expect(new OnnxGraph(graph.toBytes()).metadata).toEqual({ labels: '["a"]' });
  });

  it('tells constants of integers and floats, and attributes', () => {
    const builder = new GraphBuilder('constants');
    const x = builder.addInput('x', 'float32', ['N', 3, 4, 4]);
    const axes = builder.addInts(2, -1);
    const factor = builder.addScalar(0.5);
    builder.addOutput(
      builder.add('Mul', [builder.add('ReduceMean', [x, axes]), factor]),
      'float32',
      ['N', 3, 1, 1],
      'y',
    );
    const graph = new OnnxGraph(builder.toModel({}, 18));

    expect(graph.intConstant(axes)).toEqual([2, -1]);
    expect(graph.intConstant(factor)).toBeNull();
    expect(graph.floatConstant(factor)).toEqual({ dims: [], data: Float32Array.of(0.5) });
    expect([graph.opset, graph.parameterCount]).toEqual([18, 3]);
    const node = makeNode('Transpose', ['a'], 'b', { perm: [0, 2, 1], axis: 4 });
    expect([intsAttribute(node, 'perm'), intsAttribute(node, 'none')]).toEqual([[0, 2, 1], null]);
    expect([intAttribute(node, 'axis', 1), intAttribute(node, 'none', 1)]).toEqual([4, 1]);
  });

  it("refuses bytes that are no model, by the file's name", () => {
    expect(() => new OnnxGraph(new Uint8Array([255, 255, 255, 255]), 'a.onnx')).toThrow(DamagedFileError);
    expect(() => new OnnxGraph(new Uint8Array([255, 255, 255, 255]), 'a.onnx')).toThrow(/ONNX model in "a\.onnx"/);
  });
});
