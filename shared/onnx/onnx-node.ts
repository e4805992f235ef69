import onnxProto from 'onnx-proto';

const { AttributeProto, TensorProto } = onnxProto.onnx;

export type OnnxNode = onnxProto.onnx.INodeProto;
type Body = onnxProto.onnx.IGraphProto;

/** Of ONNX's element types, as an attribute of Cast. */
export const ONNX_FLOAT = TensorProto.DataType.FLOAT;

/** Also what the bodies of Loop and If read. */
export function namesReadBy(node: OnnxNode): readonly string[] {
  const inner = bodiesOf(node).flatMap((body) => [
    ...(body.node ?? []).flatMap(namesReadBy),
    ...(body.output ?? []).map(({ name }) => name ?? ''),
  ]);
  return [...(node.input ?? []), ...inner];
}

/** Renames a value in what a node reads and computes, and in its bodies. */
export function renameIn(node: OnnxNode, from: string, to: string): void {
  const renamed = (names: string[] | null | undefined) => (names ?? []).map((name) => (name === from ? to : name));
  node.input = renamed(node.input);
  node.output = renamed(node.output);
  for (const body of bodiesOf(node)) {
    for (const inner of body.node ?? []) renameIn(inner, from, to);
    for (const output of body.output ?? []) if (output.name === from) output.name = to;
  }
}

/** An integer attribute. */
export function intAttribute(node: OnnxNode, name: string, otherwise: number): number {
  const attribute = (node.attribute ?? []).find((candidate) => candidate.name === name);
  return attribute ? Number(attribute.i ?? otherwise) : otherwise;
}

/** A list of integers; null when it is not there. */
export function intsAttribute(node: OnnxNode, name: string): readonly number[] | null {
  const attribute = (node.attribute ?? []).find((candidate) => candidate.name === name);
  return attribute ? (attribute.ints ?? []).map(Number) : null;
}

/** A float attribute. */
export function floatAttribute(node: OnnxNode, name: string, otherwise: number): number {
  const attribute = (node.attribute ?? []).find((candidate) => candidate.name === name);
  return attribute ? (attribute.f ?? otherwise) : otherwise;
}

/** A node with one output and attributes of integers. */
export function makeNode(
  opType: string,
  input: readonly string[],
  output: string,
  attributes: Readonly<Record<string, number | readonly number[]>> = {},
): OnnxNode {
  const { INT, INTS } = AttributeProto.AttributeType;
  return {
    opType,
    name: `${output}/${opType}`,
    input: [...input],
    output: [output],
    attribute: Object.entries(attributes).map(([name, value]) =>
      typeof value === 'number' ? { name, type: INT, i: value } : { name, type: INTS, ints: [...value] },
    ),
  };
}

function bodiesOf(node: OnnxNode): Body[] {
  return (node.attribute ?? []).flatMap(({ g, graphs }) => [...(g ? [g] : []), ...(graphs ?? [])]);
}
