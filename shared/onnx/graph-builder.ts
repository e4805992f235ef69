import onnxProto from 'onnx-proto';

const { onnx } = onnxProto;
const { TensorProto, AttributeProto, ModelProto } = onnx;

/** Operator set of the graphs we write: the newest that every runtime of the last three years loads. */
export const OPSET = 17;
const IR_VERSION = 8;

const ELEMENT_TYPES = {
  float32: TensorProto.DataType.FLOAT,
  float16: TensorProto.DataType.FLOAT16,
  bfloat16: TensorProto.DataType.BFLOAT16,
  uint8: TensorProto.DataType.UINT8,
  int8: TensorProto.DataType.INT8,
  uint16: TensorProto.DataType.UINT16,
  uint32: TensorProto.DataType.UINT32,
  int32: TensorProto.DataType.INT32,
  int64: TensorProto.DataType.INT64,
  bool: TensorProto.DataType.BOOL,
} as const;
export type ElementType = keyof typeof ELEMENT_TYPES;

/** A number is a fixed dimension, a string the name of a free one. */
export type Dims = readonly (number | string)[];

/** An int64 is written as bigint, a float as number; a Graph is a body (Loop, If). */
export type AttributeValue =
  bigint | number | string | readonly bigint[] | readonly number[] | GraphBuilder | { readonly type: ElementType };

/** The name of a value inside a graph. */
export type ValueName = string;

/**
 * Writes an ONNX graph node by node, in the order of computation.
 *
 * @example
 * const graph = new GraphBuilder('twice');
 * const x = graph.addInput('x', 'float32', ['N']);
 * graph.addOutput(graph.add('Add', [x, x]), 'float32', ['N'], 'y');
 * const session = await openSession(graph.toModel());
 */
export class GraphBuilder {
  readonly #name: string;
  readonly #nodes: onnxProto.onnx.INodeProto[] = [];
  readonly #inputs: onnxProto.onnx.IValueInfoProto[] = [];
  readonly #outputs: onnxProto.onnx.IValueInfoProto[] = [];
  readonly #initializers: onnxProto.onnx.ITensorProto[] = [];
  #counter = 0;

  constructor(name: string) {
    this.#name = name;
  }

  addInput(name: ValueName, type: ElementType, dims: Dims): ValueName {
    this.#inputs.push(toValueInfo(name, type, dims));
    return name;
  }

  /** Declares a value as output; with `name`, under that name. */
  addOutput(value: ValueName, type: ElementType, dims: Dims, name: ValueName = value): void {
    if (name !== value) this.#nodes.push({ opType: 'Identity', input: [value], output: [name], name: `${name}/out` });
    this.#outputs.push(toValueInfo(name, type, dims));
  }

  /** A constant of the graph. `bytes` are its elements in little-endian order, row-major. */
  addConstant(
    type: ElementType,
    dims: readonly number[],
    bytes: ArrayBufferView,
    name = this.#fresh('const'),
  ): ValueName {
    const rawData = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#initializers.push({ name, dataType: ELEMENT_TYPES[type], dims: [...dims], rawData });
    return name;
  }

  /** A float32 scalar. */
  addScalar(value: number): ValueName {
    return this.addConstant('float32', [], Float32Array.of(value));
  }

  /** A one-dimensional int64 constant, as shapes, axes and indices are given. */
  addInts(...values: readonly number[]): ValueName {
    return this.addConstant('int64', [values.length], BigInt64Array.from(values, BigInt));
  }

  /** Adds a node with one output and returns that output's name. An empty input name is an omitted optional input. */
  add(
    opType: string,
    inputs: readonly ValueName[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    output?: ValueName,
  ): ValueName {
    const name = output ?? this.#fresh(opType);
    this.addMany(opType, inputs, [name], attributes);
    return name;
  }

  /** Adds a node with several named outputs; an empty name drops that output. */
  addMany(
    opType: string,
    inputs: readonly ValueName[],
    outputs: readonly ValueName[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    domain = '',
  ): void {
    this.#nodes.push({
      name: this.#fresh(`${opType}_node`),
      opType,
      domain,
      input: [...inputs],
      output: [...outputs],
      attribute: Object.entries(attributes).map(([key, value]) => toAttribute(key, value)),
    });
  }

  /** The whole model file. */
  toModel(metadata: Readonly<Record<string, string>> = {}, opset = OPSET): Uint8Array {
    const model = ModelProto.create({
      irVersion: IR_VERSION,
      producerName: 'headstart',
      opsetImport: [
        { domain: '', version: opset },
        { domain: 'com.microsoft', version: 1 },
      ],
      graph: this.toGraph(),
      metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    });
    return ModelProto.encode(model).finish();
  }

  /** The graph alone, as the body of a Loop or If. */
  toGraph(): onnxProto.onnx.IGraphProto {
    return {
      name: this.#name,
      node: this.#nodes,
      input: this.#inputs,
      output: this.#outputs,
      initializer: this.#initializers,
    };
  }

  /** Unique among the graph and its bodies, which see the outer graph's names. */
  #fresh(stem: string): ValueName {
    return `${this.#name}/${stem}_${this.#counter++}`;
  }
}

function toValueInfo(name: string, type: ElementType, dims: Dims): onnxProto.onnx.IValueInfoProto {
  const dim = dims.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: ELEMENT_TYPES[type], shape: { dim } } } };
}

function toAttribute(name: string, value: AttributeValue): onnxProto.onnx.IAttributeProto {
  const { AttributeType } = AttributeProto;
  if (typeof value === 'bigint') return { name, type: AttributeType.INT, i: Number(value) };
  if (typeof value === 'number') return { name, type: AttributeType.FLOAT, f: value };
  if (typeof value === 'string') return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  if (value instanceof GraphBuilder) return { name, type: AttributeType.GRAPH, g: value.toGraph() };
  if (!Array.isArray(value)) {
    return { name, type: AttributeType.INT, i: ELEMENT_TYPES[(value as { type: ElementType }).type] };
  }
  const list = value as readonly (bigint | number)[];
  return list.every((item) => typeof item === 'bigint')
    ? { name, type: AttributeType.INTS, ints: list.map(Number) }
    : { name, type: AttributeType.FLOATS, floats: list.map(Number) };
}
