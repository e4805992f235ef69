import { writeFileSync } from 'node:fs';
import onnxProto from 'onnx-proto';
import { GraphBuilder, type Dims, type ValueName } from '../../../../shared/onnx/graph-builder.ts';

export const SIDE = 8;

/** Numbers in -1..1 that look random and are the same everywhere. */
export function numbers(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32) * 2 - 1;
  });
}

export function constant(graph: GraphBuilder, dims: readonly number[], seed: number): ValueName {
  const count = dims.reduce((product, size) => product * size, 1);
  return graph.addConstant('float32', dims, numbers(count, seed));
}

export interface SmallNetOptions {
  readonly inputDims?: Dims;
  readonly opset?: number;
  /** Adds nodes behind the feature map `[N, 5, 4, 4]` and declares the outputs. */
  readonly finish?: (graph: GraphBuilder, map: ValueName) => void;
}

/** A convolution with ReLU: picture `[N, 3, 8, 8]` to a map `[N, 5, 4, 4]`. */
export function smallNet(options: SmallNetOptions = {}): Uint8Array {
  const { inputDims = ['N', 3, SIDE, SIDE], opset, finish } = options;
  const graph = new GraphBuilder('small');
  const x = graph.addInput('image', 'float32', inputDims);
  const attributes = { strides: [2n, 2n], pads: [1n, 1n, 1n, 1n] };
  const weights = [constant(graph, [5, 3, 3, 3], 1), constant(graph, [5], 2)];
  const map = graph.add('Relu', [graph.add('Conv', [x, ...weights], attributes)], {}, 'map');
  if (finish === undefined) graph.addOutput(map, 'float32', ['N', 5, 4, 4]);
  else finish(graph, map);
  return graph.toModel({}, opset);
}

/** Writes a model that is changed through its protobuf message. */
export function writeEdited(
  path: string,
  model: Uint8Array,
  edit: (model: onnxProto.onnx.ModelProto, graph: onnxProto.onnx.IGraphProto) => void,
): string {
  const message = onnxProto.onnx.ModelProto.decode(model);
  edit(message, message.graph ?? {});
  writeFileSync(path, onnxProto.onnx.ModelProto.encode(message).finish());
  return path;
}
