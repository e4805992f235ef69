import onnxProto from 'onnx-proto';
import { DamagedFileError, messageOf } from '../../errors.ts';

const { ModelProto, TensorProto, AttributeProto } = onnxProto.onnx;
const { FLOAT, INT8, INT32, UINT8 } = TensorProto.DataType;

export type OnnxNode = onnxProto.onnx.INodeProto;
type Initializer = onnxProto.onnx.ITensorProto;

const TYPES = { float32: FLOAT, int8: INT8, int32: INT32, uint8: UINT8 } as const;
export type ConstantType = keyof typeof TYPES;

export interface FloatConstant {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** A model file that is being edited: nodes in the order of computation, constants by name. */
export class OnnxGraph {
  nodes: OnnxNode[];
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly opset: number;
  readonly #model: onnxProto.onnx.ModelProto;
  readonly #graph: onnxProto.onnx.IGraphProto;
  readonly #initializers: Map<string, Initializer>;

  /** @throws DamagedFileError when the bytes are not an ONNX model */
  constructor(bytes: Uint8Array) {
    this.#model = decode(bytes);
    this.#graph = this.#model.graph ?? {};
    this.nodes = [...(this.#graph.node ?? [])];
    this.#initializers = new Map((this.#graph.initializer ?? []).map((tensor) => [tensor.name ?? '', tensor]));
    this.inputNames = namesOf(this.#graph.input).filter((name) => !this.#initializers.has(name));
    this.outputNames = namesOf(this.#graph.output);
    this.opset = Math.max(0, ...this.#model.opsetImport.filter(({ domain }) => !domain).map((o) => Number(o.version)));
  }

  /** Declared dimensions of an input; a free one is null. */
  inputDims(name: string): readonly (number | null)[] {
    const input = (this.#graph.input ?? []).find((info) => info.name === name);
    const dims = input?.type?.tensorType?.shape?.dim ?? [];
    return dims.map(({ dimValue }) => (Number(dimValue ?? 0) > 0 ? Number(dimValue) : null));
  }

  isConstant(name: string): boolean {
    return this.#initializers.has(name);
  }

  /** Null when it is not a float32 constant. */
  floatConstant(name: string): FloatConstant | null {
    const tensor = this.#initializers.get(name);
    if (tensor?.dataType !== FLOAT) return null;
    const dims = (tensor.dims ?? []).map(Number);
    const raw = tensor.rawData;
    // A copy: raw bytes inside a file need not lie at a multiple of four (and slice() of a Buffer copies nothing).
    if (raw && raw.length > 0) return { dims, data: new Float32Array(new Uint8Array(raw).buffer) };
    return { dims, data: Float32Array.from(tensor.floatData ?? []) };
  }

  /** Adds or replaces a constant. `values` are little-endian, row-major. */
  setConstant(name: string, type: ConstantType, dims: readonly number[], values: ArrayBufferView): string {
    const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.#initializers.set(name, { name, dataType: TYPES[type], dims: [...dims], rawData });
    return name;
  }

  removeConstant(name: string): void {
    this.#initializers.delete(name);
  }

  /** The nodes that read each value. */
  consumers(): ReadonlyMap<string, readonly OnnxNode[]> {
    const consumers = new Map<string, OnnxNode[]>();
    for (const node of this.nodes) {
      for (const name of new Set(node.input)) {
        const list = consumers.get(name);
        if (list) list.push(node);
        else consumers.set(name, [node]);
      }
    }
    return consumers;
  }

  /** Drops nodes and constants that no output needs. */
  prune(): void {
    const needed = new Set(this.outputNames);
    this.nodes = this.nodes
      .toReversed()
      .filter((node) => {
        if (!(node.output ?? []).some((name) => needed.has(name))) return false;
        for (const name of namesReadBy(node)) needed.add(name);
        return true;
      })
      .toReversed();
    for (const name of this.#initializers.keys()) if (!needed.has(name)) this.#initializers.delete(name);
  }

  /** The model file; with `extraOutputs`, these values are outputs too. */
  toBytes(extraOutputs: readonly string[] = []): Uint8Array {
    return this.#encode(this.nodes, this.#graph.input ?? [], [
      ...(this.#graph.output ?? []),
      ...extraOutputs.filter((name) => !this.outputNames.includes(name)).map((name) => ({ name })),
    ]);
  }

  /** A model of these nodes alone, without inputs, that gives these values. */
  constantPart(nodes: readonly OnnxNode[], outputs: readonly string[]): Uint8Array {
    return this.#encode(
      nodes,
      [],
      outputs.map((name) => ({ name })),
    );
  }

  #encode(
    nodes: readonly OnnxNode[],
    input: readonly onnxProto.onnx.IValueInfoProto[],
    output: readonly onnxProto.onnx.IValueInfoProto[],
  ): Uint8Array {
    const read = new Set(nodes.flatMap(namesReadBy));
    const initializer = [...this.#initializers.values()].filter(({ name }) => read.has(name ?? ''));
    const inputs = input.filter(({ name }) => this.inputNames.includes(name ?? ''));
    const graph = { ...this.#graph, node: [...nodes], initializer, input: inputs, output: [...output], valueInfo: [] };
    return ModelProto.encode(Object.assign(ModelProto.create(), this.#model, { graph })).finish();
  }
}

/** Also what the bodies of Loop and If read. */
function namesReadBy(node: OnnxNode): readonly string[] {
  const bodies = (node.attribute ?? []).flatMap(({ g, graphs }) => [...(g ? [g] : []), ...(graphs ?? [])]);
  const inner = bodies.flatMap((body) => [...(body.node ?? []).flatMap(namesReadBy), ...namesOf(body.output)]);
  return [...(node.input ?? []), ...inner];
}

/** An integer attribute. */
export function intAttribute(node: OnnxNode, name: string, otherwise: number): number {
  const attribute = (node.attribute ?? []).find((candidate) => candidate.name === name);
  return attribute ? Number(attribute.i ?? otherwise) : otherwise;
}

/** A float attribute. */
export function floatAttribute(node: OnnxNode, name: string, otherwise: number): number {
  const attribute = (node.attribute ?? []).find((candidate) => candidate.name === name);
  return attribute ? (attribute.f ?? otherwise) : otherwise;
}

/** A node with one output and integer attributes. */
export function makeNode(
  opType: string,
  input: readonly string[],
  output: string,
  attributes: Readonly<Record<string, number>> = {},
): OnnxNode {
  return {
    opType,
    name: `${output}/${opType}`,
    input: [...input],
    output: [output],
    attribute: Object.entries(attributes).map(([name, i]) => ({ name, type: AttributeProto.AttributeType.INT, i })),
  };
}

/** Of ONNX's element types. */
export const ONNX_FLOAT = FLOAT;

function namesOf(values: readonly { readonly name?: string | null }[] | null | undefined): readonly string[] {
  return (values ?? []).map(({ name }) => name ?? '');
}

function decode(bytes: Uint8Array): onnxProto.onnx.ModelProto {
  try {
    return ModelProto.decode(bytes);
  } catch (cause) {
    throw new DamagedFileError(`expected an ONNX model to quantise: ${messageOf(cause)}; import the backbone again`, {
      cause,
    });
  }
}
