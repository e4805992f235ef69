import onnxProto from 'onnx-proto';
import { DamagedFileError, messageOf } from '../errors.ts';
import type { Dims } from './graph-builder.ts';
import { namesReadBy, renameIn, type OnnxNode } from './onnx-node.ts';
import type { TensorFact } from './session.ts';

const { ModelProto, TensorProto } = onnxProto.onnx;
const { FLOAT, INT8, INT32, INT64, UINT8 } = TensorProto.DataType;

type Initializer = onnxProto.onnx.ITensorProto;
type ValueInfo = onnxProto.onnx.IValueInfoProto;

const TYPES = { float32: FLOAT, int8: INT8, int32: INT32, int64: INT64, uint8: UINT8 } as const;
export type ConstantType = keyof typeof TYPES;

export interface FloatConstant {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** A model file that is being edited: nodes in the order of computation, constants by name. */
export class OnnxGraph {
  nodes: OnnxNode[];
  readonly opset: number;
  readonly #model: onnxProto.onnx.ModelProto;
  readonly #graph: onnxProto.onnx.IGraphProto;
  readonly #initializers: Map<string, Initializer>;
  #inputs: ValueInfo[];
  #outputs: ValueInfo[];

  /** @throws DamagedFileError when the bytes are not an ONNX model */
  constructor(bytes: Uint8Array, fileName = 'the graph in memory') {
    this.#model = decode(bytes, fileName);
    this.#graph = this.#model.graph ?? {};
    this.nodes = [...(this.#graph.node ?? [])];
    this.#initializers = new Map((this.#graph.initializer ?? []).map((tensor) => [tensor.name ?? '', tensor]));
    // Old exporters list the weights as inputs too.
    this.#inputs = (this.#graph.input ?? []).filter(({ name }) => !this.#initializers.has(name ?? ''));
    this.#outputs = [...(this.#graph.output ?? [])];
    const standard = this.#model.opsetImport.filter(({ domain }) => !domain || domain === 'ai.onnx');
    this.opset = Math.max(0, ...standard.map(({ version }) => Number(version)));
  }

  get inputs(): TensorFact[] {
    return this.#inputs.map(toFact);
  }

  get outputs(): TensorFact[] {
    return this.#outputs.map(toFact);
  }

  get inputNames(): string[] {
    return this.#inputs.map(({ name }) => name ?? '');
  }

  get outputNames(): string[] {
    return this.#outputs.map(({ name }) => name ?? '');
  }

  /** Numbers in all constants. */
  get parameterCount(): number {
    return [...this.#initializers.values()].reduce((sum, { dims }) => sum + product((dims ?? []).map(Number)), 0);
  }

  /** Names of the constants whose numbers lie in another file. */
  get externalConstants(): string[] {
    const { EXTERNAL } = TensorProto.DataLocation;
    return [...this.#initializers].filter(([, tensor]) => tensor.dataLocation === EXTERNAL).map(([name]) => name);
  }

  get constantNames(): string[] {
    return [...this.#initializers.keys()];
  }

  /** Whether a node computes it. */
  hasValue(name: string): boolean {
    return this.nodes.some(({ output }) => output?.includes(name));
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

  /** Null when it is not an int64 constant. */
  intConstant(name: string): readonly number[] | null {
    const tensor = this.#initializers.get(name);
    if (tensor?.dataType !== INT64) return null;
    const raw = tensor.rawData;
    if (raw && raw.length > 0) return Array.from(new BigInt64Array(new Uint8Array(raw).buffer), Number);
    return (tensor.int64Data ?? []).map(Number);
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

  setInputDims(name: string, dims: Dims): void {
    this.#inputs = this.#inputs.map((input) => (input.name === name ? toValueInfo(name, dims, input) : input));
  }

  /** Makes these float32 values the outputs, instead of those that were. @param dims null leaves a shape open */
  setOutputs(outputs: readonly { readonly name: string; readonly dims: Dims | null }[]): void {
    this.#outputs = outputs.map(({ name, dims }) =>
      dims === null ? { name, type: { tensorType: { elemType: FLOAT } } } : toValueInfo(name, dims),
    );
  }

  /** Gives a value that a node computes another name, wherever it is read. */
  renameValue(from: string, to: string): void {
    for (const node of this.nodes) renameIn(node, from, to);
  }

  /** Adds what another model computes. Its inputs are values of this graph, by name; its other names are given `prefix`. */
  append(model: Uint8Array, prefix: string): void {
    const other = new OnnxGraph(model);
    const kept = new Set([...other.inputNames, ...other.outputNames]);
    const inner = new Set([...other.nodes.flatMap(({ output }) => output ?? []), ...other.#initializers.keys()]);
    for (const name of inner) {
      if (kept.has(name) || name === '') continue;
      for (const node of other.nodes) renameIn(node, name, prefix + name);
    }
    for (const [name, tensor] of other.#initializers) {
      this.#initializers.set(prefix + name, { ...tensor, name: prefix + name });
    }
    this.nodes = [...this.nodes, ...other.nodes.map((node) => ({ ...node, name: `${prefix}${node.name ?? ''}` }))];
    this.#outputs = [...this.#outputs, ...other.#outputs];
  }

  /** Text that any reader of the file can see, by key; replaces what was there. */
  setMetadata(metadata: Readonly<Record<string, string>>): void {
    this.#model.metadataProps = Object.entries(metadata).map(([key, value]) => ({ key, value }));
  }

  get metadata(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#model.metadataProps.map(({ key, value }) => [key ?? '', value ?? '']));
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

  /** Drops nodes, inputs and constants that no output needs. */
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
    this.#inputs = this.#inputs.filter(({ name }) => needed.has(name ?? ''));
  }

  /** The model file; with `extraOutputs`, these values are outputs too. */
  toBytes(extraOutputs: readonly string[] = []): Uint8Array {
    const extra = extraOutputs.filter((name) => !this.outputNames.includes(name)).map((name) => ({ name }));
    return this.#encode(this.nodes, this.#inputs, [...this.#outputs, ...extra]);
  }

  /** A model of these nodes alone, without inputs, that gives these values. */
  constantPart(nodes: readonly OnnxNode[], outputs: readonly string[]): Uint8Array {
    return this.#encode(
      nodes,
      [],
      outputs.map((name) => ({ name })),
    );
  }

  #encode(nodes: readonly OnnxNode[], input: ValueInfo[], output: ValueInfo[]): Uint8Array {
    const read = new Set([...nodes.flatMap(namesReadBy), ...output.map(({ name }) => name ?? '')]);
    const initializer = [...this.#initializers.values()].filter(({ name }) => read.has(name ?? ''));
    // Shapes noted inside the file may not hold any longer.
    const graph = { ...this.#graph, node: [...nodes], initializer, input, output, valueInfo: [] };
    return ModelProto.encode(Object.assign(ModelProto.create(), this.#model, { graph })).finish();
  }
}

function toFact({ name, type }: ValueInfo): TensorFact {
  const { elemType, shape } = type?.tensorType ?? {};
  const dims = (shape?.dim ?? []).map(({ dimValue, dimParam }) => dimParam ?? Number(dimValue ?? 0));
  const typeName = TensorProto.DataType[elemType ?? 0] ?? 'UNDEFINED';
  return { name: name ?? '', type: typeName === 'FLOAT' ? 'float32' : typeName.toLowerCase(), dims };
}

function toValueInfo(name: string, dims: Dims, { type }: ValueInfo = {}): ValueInfo {
  const dim = dims.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: type?.tensorType?.elemType ?? FLOAT, shape: { dim } } } };
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((result, size) => result * size, 1);
}

function decode(bytes: Uint8Array, fileName: string): onnxProto.onnx.ModelProto {
  try {
    return ModelProto.decode(bytes);
  } catch (cause) {
    throw new DamagedFileError(
      `expected an ONNX model in "${fileName}": ${messageOf(cause)}; copy the file again, or install the backbone again`,
      { cause },
    );
  }
}
