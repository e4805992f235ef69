import onnxProto from 'onnx-proto';
import { DamagedFileError, InvalidInputError, messageOf } from '../../errors.ts';
import type { Layout } from '../../image/normalisation.ts';
import type { TensorFact } from '../../onnx/session.ts';

const { onnx } = onnxProto;
const FLOAT = onnx.TensorProto.DataType.FLOAT;

/** The newest operator set that the pinned ONNX Runtime loads. */
export const NEWEST_OPSET = 26;

type Graph = onnxProto.onnx.IGraphProto;

/** An ONNX file whose outputs can be changed. */
export class OnnxModel {
  readonly fileName: string;
  readonly #model: onnxProto.onnx.ModelProto;
  readonly #graph: Graph;

  private constructor(fileName: string, model: onnxProto.onnx.ModelProto, graph: Graph) {
    this.fileName = fileName;
    this.#model = model;
    this.#graph = graph;
  }

  /** @throws DamagedFileError when the bytes are no ONNX model, InvalidInputError for one that cannot be used as it is */
  static parse(bytes: Uint8Array, fileName: string): OnnxModel {
    let model;
    try {
      model = onnx.ModelProto.decode(bytes);
    } catch (cause) {
      throw new DamagedFileError(`expected an ONNX model in "${fileName}": ${messageOf(cause)}; copy the file again`, {
        cause,
      });
    }
    if (!model.graph?.node?.length) {
      throw new DamagedFileError(
        `expected an ONNX model with a graph in "${fileName}", found none; copy the file again`,
      );
    }
    const opset = Number(model.opsetImport.find(({ domain }) => !domain)?.version ?? 0);
    if (opset > NEWEST_OPSET) {
      throw new InvalidInputError(
        `expected operator set ${NEWEST_OPSET} or older in "${fileName}", received ${opset}; export it again with opset_version=17`,
        { code: 'opset_too_new' },
      );
    }
    const external = model.graph.initializer?.find(
      ({ dataLocation }) => dataLocation === onnx.TensorProto.DataLocation.EXTERNAL,
    );
    if (external) {
      throw new InvalidInputError(
        `expected all weights inside "${fileName}", but "${external.name ?? ''}" lies in another file; ` +
          'save it as one: onnx.save_model(onnx.load(path), "one-file.onnx")',
      );
    }
    assertFiniteWeights(model.graph, fileName);
    return new OnnxModel(fileName, model, model.graph);
  }

  /** Without weights that old exporters list as inputs. */
  get inputs(): TensorFact[] {
    const weights = new Set(this.#graph.initializer?.map(({ name }) => name));
    return (this.#graph.input ?? []).filter(({ name }) => !weights.has(name)).map(toFact);
  }

  get outputs(): TensorFact[] {
    return (this.#graph.output ?? []).map(toFact);
  }

  get parameterCount(): number {
    return (this.#graph.initializer ?? []).reduce(
      (sum, { dims }) => sum + (dims ?? []).reduce<number>((product, size) => product * Number(size), 1),
      0,
    );
  }

  hasValue(name: string): boolean {
    return this.#graph.node?.some(({ output }) => output?.includes(name)) ?? false;
  }

  /** Names of the values that the last nodes compute, last first. */
  lastValues(count: number): string[] {
    return (this.#graph.node ?? [])
      .flatMap(({ output }) => output ?? [])
      .reverse()
      .slice(0, count);
  }

  /** Makes these values the outputs and drops what they do not need, such as a classifier. */
  keepOnly(values: readonly string[]): void {
    const graph = this.#graph;
    const producers = new Map(
      (graph.node ?? []).flatMap((node) => (node.output ?? []).map((name) => [name, node] as const)),
    );
    const needed = new Set<onnxProto.onnx.INodeProto>();
    const names = new Set<string>();
    const open = [...values];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      names.add(name);
      const node = producers.get(name);
      if (node === undefined || needed.has(node)) continue;
      needed.add(node);
      open.push(...(node.input ?? []), ...outerValues(node));
    }
    graph.node = graph.node?.filter((node) => needed.has(node)) ?? [];
    graph.initializer = graph.initializer?.filter(({ name }) => names.has(name ?? '')) ?? [];
    graph.input = graph.input?.filter(({ name }) => names.has(name ?? '')) ?? [];
    graph.output = values.map((name) => ({ name, type: { tensorType: { elemType: FLOAT } } }));
  }

  /** `features` in NCHW. */
  exposeFeatures(value: string, layout: Layout, dims: readonly number[]): void {
    if (layout === 'NHWC') this.#addNode('Transpose', value, 'features', [ints('perm', [0, 3, 1, 2])]);
    else this.#rename(value, 'features');
    this.#setOutput('features', dims);
  }

  /** `embedding` as the mean of `features` over its positions. */
  exposeMean(channels: number): void {
    this.#addNode('GlobalAveragePool', 'features', 'headstart/pooled');
    this.#addNode('Flatten', 'headstart/pooled', 'embedding');
    this.#setOutput('embedding', [channels]);
  }

  /** `embedding` from a value of rank 2, of rank 3 (its first token) or `[N, D, 1, 1]`. */
  exposeVector(value: string, rank: number, dimensions: number): void {
    if (rank === 2) {
      this.#rename(value, 'embedding');
    } else if (rank === 3) {
      const first = { name: 'headstart/first', dataType: onnx.TensorProto.DataType.INT64, dims: [], int64Data: [0] };
      this.#graph.initializer = [...(this.#graph.initializer ?? []), first];
      this.#graph.node?.push({
        opType: 'Gather',
        input: [value, first.name],
        output: ['embedding'],
        name: 'embedding',
        attribute: [int('axis', 1)],
      });
    } else {
      this.#addNode('Flatten', value, 'embedding');
    }
    this.#setOutput('embedding', [dimensions]);
  }

  toBytes(): Uint8Array {
    return onnx.ModelProto.encode(this.#model).finish();
  }

  /** Declares an output, in place of the value that was found in the file. */
  #setOutput(name: string, dims: readonly number[]): void {
    const dim = [{ dimParam: 'N' }, ...dims.map((size) => ({ dimValue: size }))];
    const standard = new Set(['features', 'embedding']);
    this.#graph.output = [
      ...(this.#graph.output ?? []).filter(
        (output) => standard.has(output.name ?? '') && output.name !== name && this.hasValue(output.name ?? ''),
      ),
      { name, type: { tensorType: { elemType: FLOAT, shape: { dim } } } },
    ];
  }

  #rename(value: string, name: string): void {
    if (value !== name) this.#addNode('Identity', value, name);
  }

  #addNode(opType: string, input: string, output: string, attribute: onnxProto.onnx.IAttributeProto[] = []): void {
    this.#graph.node?.push({ opType, input: [input], output: [output], name: output, attribute });
  }
}

/** Values that the bodies of a node (Loop, If) take from around them; too many names do no harm. */
function outerValues(node: onnxProto.onnx.INodeProto): string[] {
  const bodies = (node.attribute ?? []).flatMap(({ g }) => (g ? [g] : []));
  return bodies.flatMap((body) =>
    (body.node ?? []).flatMap((inner) => [...(inner.input ?? []), ...outerValues(inner)]),
  );
}

function assertFiniteWeights({ initializer }: Graph, fileName: string): void {
  for (const { name, dataType, rawData, floatData } of initializer ?? []) {
    if (dataType !== FLOAT) continue;
    const values = rawData?.length
      ? new Float32Array(new Uint8Array(rawData).buffer)
      : Float32Array.from(floatData ?? []);
    if (values.every(Number.isFinite)) continue;
    throw new DamagedFileError(
      `expected finite numbers in tensor "${name ?? ''}" of "${fileName}", received NaN or infinity; get the file again`,
    );
  }
}

function toFact({ name, type }: onnxProto.onnx.IValueInfoProto): TensorFact {
  const tensor = type?.tensorType;
  const dims = (tensor?.shape?.dim ?? []).map(({ dimValue, dimParam }) => dimParam ?? Number(dimValue ?? 0));
  return { name: name ?? '', type: tensor?.elemType === FLOAT ? 'float32' : `type ${tensor?.elemType ?? 0}`, dims };
}

function ints(name: string, values: readonly number[]): onnxProto.onnx.IAttributeProto {
  return { name, type: onnx.AttributeProto.AttributeType.INTS, ints: [...values] };
}

function int(name: string, value: number): onnxProto.onnx.IAttributeProto {
  return { name, type: onnx.AttributeProto.AttributeType.INT, i: value };
}
