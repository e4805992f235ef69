import { DamagedFileError, InvalidInputError } from '../../errors.ts';
import { OnnxGraph } from '../../onnx/onnx-graph.ts';
import { assertBinaryWeights } from '../assert-binary-weights.ts';

/** The newest operator set that the pinned ONNX Runtime loads. */
export const NEWEST_OPSET = 26;

const HEAD_BYTES = 512;

/** @throws DamagedFileError when the bytes are no whole ONNX model, InvalidInputError for one that cannot be used as it is */
export function parseOnnxFile(bytes: Uint8Array, fileName: string): OnnxGraph {
  assertBinaryWeights(bytes.subarray(0, HEAD_BYTES), fileName);
  const graph = new OnnxGraph(bytes, fileName);
  if (graph.nodes.length === 0) {
    throw new DamagedFileError(`expected an ONNX model with a graph in "${fileName}", found none; copy the file again`);
  }
  if (graph.opset > NEWEST_OPSET) {
    throw new InvalidInputError(
      `expected operator set ${NEWEST_OPSET} or older in "${fileName}", received ${graph.opset}; export it again with opset_version=17`,
      { code: 'opset_too_new' },
    );
  }
  const [external] = graph.externalConstants;
  if (external !== undefined) {
    throw new InvalidInputError(
      `expected all weights inside "${fileName}", but "${external}" lies in another file; ` +
        'save it as one: onnx.save_model(onnx.load(path), "one-file.onnx")',
    );
  }
  assertFiniteWeights(graph, fileName);
  return graph;
}

function assertFiniteWeights(graph: OnnxGraph, fileName: string): void {
  for (const name of graph.constantNames) {
    if (graph.floatConstant(name)?.data.every(isFiniteOrLimit) ?? true) continue;
    throw new DamagedFileError(
      `expected finite numbers in tensor "${name}" of "${fileName}", received NaN; get the file again`,
    );
  }
}

/** Masks and the limits of Clip are written as infinity; what they do to the result is checked by running the graph. */
function isFiniteOrLimit(value: number): boolean {
  return !Number.isNaN(value);
}
