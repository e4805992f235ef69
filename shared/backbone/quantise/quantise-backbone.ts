import { CancelledError, InvalidInputError } from '../../errors.ts';
import { openSession, type DenseTensor } from '../../onnx/session.ts';
import { ActivationHistogram } from './activation-histogram.ts';
import { chooseScale, type CalibrationMethod } from './choose-range.ts';
import { foldConstants, unfoldConstants } from './fold-constants.ts';
import { insertScales } from './insert-scales.ts';
import { OnnxGraph } from '../../onnx/onnx-graph.ts';
import { planQuantisation, type QuantisationPlan } from './plan-quantisation.ts';
import { ChannelMeans } from './rounding-bias.ts';

/** DequantizeLinear by channel is of this operator set. */
const SMALLEST_OPSET = 13;
const WEIGHT_LIMITS = { portable: 63, full: 127 } as const;

export interface QuantiseOptions {
  /** @default 'mse' */
  readonly method?: CalibrationMethod;
  /**
   * `portable`: 7 bits; the 16-bit sums of x86 processors without VNNI cannot overflow. `full`: 8 bits; there they can, so vectors
   * may differ from machine to machine.
   * @default 'portable'
   */
  readonly weightRange?: keyof typeof WEIGHT_LIMITS;
  /** Dimensions of one picture, `[3, height, width]`. @default those of the graph's input */
  readonly pictureDims?: readonly number[];
  /** @default the processors that this process may use */
  readonly threads?: number;
  readonly signal?: AbortSignal;
  /** Called after each picture. */
  readonly onProgress?: (pictures: number) => void;
}

export interface QuantiseReport {
  /** Calibration pictures. */
  readonly pictures: number;
  /** Nodes that compute in int8. */
  readonly int8Nodes: number;
  /** Convolutions and products that stay float32. */
  readonly floatProducts: number;
  readonly sizeBytesBefore: number;
  readonly sizeBytesAfter: number;
}

export interface QuantisedBackbone {
  readonly model: Uint8Array;
  readonly report: QuantiseReport;
}

/**
 * Precision `int8`: activations as uint8 with a scale for each tensor, weights as int8 with a scale for each output channel, biases
 * as int32. The scales come from the pictures that are given: some 100, like those that will be embedded. Works on any ONNX graph of
 * operator set 13 or newer; nodes it does not know stay float32.
 *
 * @param model an ONNX file with one float32 input
 * @param calibration batches of normalised pictures, each `[n, ...pictureDims]`; read once
 * @returns the model with the same input and outputs
 * @throws InvalidInputError when no picture is given, a batch has another size, or the graph cannot be quantised
 */
export async function quantiseBackbone(
  model: Uint8Array,
  calibration: Iterable<Float32Array> | AsyncIterable<Float32Array>,
  options: QuantiseOptions = {},
): Promise<QuantisedBackbone> {
  const graph = new OnnxGraph(model);
  const folded = await foldConstants(graph);
  const plan = planQuantisation(graph);
  assertQuantisable(graph, plan);
  const { pictures, histograms, means } = await calibrate(graph, plan, calibration, options);
  const scales = new Map(
    [...histograms].map(([name, histogram]) => {
      // Pictures themselves have 8 bits: cutting their range would change them.
      const method = graph.inputNames.includes(name) ? 'minmax' : (options.method ?? 'mse');
      return [name, chooseScale(method, histogram)] as const;
    }),
  );
  insertScales(graph, plan, {
    scales,
    means: new Map([...means].map(([name, channels]) => [name, channels.means])),
    weightLimit: WEIGHT_LIMITS[options.weightRange ?? 'portable'],
  });
  unfoldConstants(graph, folded);
  const bytes = graph.toBytes();
  const products = graph.nodes.filter(({ opType }) => ['Conv', 'Gemm', 'MatMul'].includes(opType ?? ''));
  return {
    model: bytes,
    report: {
      pictures,
      int8Nodes: plan.nodes.length,
      floatProducts: products.length - plan.weighted.length,
      sizeBytesBefore: model.byteLength,
      sizeBytesAfter: bytes.byteLength,
    },
  };
}

/** What is seen of the values inside the graph. */
interface Observations {
  readonly histograms: ReadonlyMap<string, ActivationHistogram>;
  readonly means: ReadonlyMap<string, ChannelMeans>;
}

async function calibrate(
  graph: OnnxGraph,
  plan: QuantisationPlan,
  batches: Iterable<Float32Array> | AsyncIterable<Float32Array>,
  options: QuantiseOptions,
): Promise<Observations & { readonly pictures: number }> {
  const [input = ''] = graph.inputNames;
  const dims = options.pictureDims ?? fixedDims(graph, input);
  const histograms = new Map(plan.observed.map((name) => [name, new ActivationHistogram()]));
  const means = new Map(plan.weighted.map(({ node }) => [node.input?.[0] ?? '', new ChannelMeans()]));
  const computed = [...new Set([...histograms.keys(), ...means.keys()])].filter((name) => name !== input);
  const session = await openSession(
    graph.toBytes(computed),
    options.threads === undefined ? {} : { threads: options.threads },
  );
  let pictures = 0;
  try {
    for await (const batch of batches) {
      // One picture at a time: all activations of ResNet50 take 44 MB a picture.
      for (const data of splitBatch(batch, dims)) {
        if (options.signal?.aborted === true) throw new CancelledError('cancelled; no quantised backbone was written');
        const picture = { data, dims: [1, ...dims] };
        observe({ ...(await session.run({ [input]: picture }, computed)), [input]: picture }, { histograms, means });
        pictures++;
        options.onProgress?.(pictures);
      }
    }
  } finally {
    await session.release();
  }
  if (pictures > 0) return { histograms, means, pictures };
  throw new InvalidInputError(
    'expected at least one picture to calibrate int8, received none; give about 100 of your own',
  );
}

function observe(values: Readonly<Record<string, DenseTensor>>, { histograms, means }: Observations): void {
  for (const [name, { data, dims }] of Object.entries(values)) {
    if (!(data instanceof Float32Array)) continue;
    histograms.get(name)?.add(name, data);
    means.get(name)?.add(data, dims);
  }
}

function* splitBatch(batch: Float32Array, dims: readonly number[]): Iterable<Float32Array> {
  const size = dims.reduce((product, dim) => product * dim, 1);
  if (batch.length === 0 || batch.length % size !== 0) {
    throw new InvalidInputError(
      `expected calibration batches of a multiple of ${String(size)} numbers [n, ${dims.join(', ')}], received ${String(batch.length)}`,
    );
  }
  for (let at = 0; at < batch.length; at += size) yield batch.subarray(at, at + size);
}

function fixedDims(graph: OnnxGraph, input: string): readonly number[] {
  const dims = graph.inputs.find(({ name }) => name === input)?.dims.slice(1) ?? [];
  return dims.map((size) => {
    if (typeof size === 'number' && size > 0) return size;
    throw new InvalidInputError(
      `expected fixed picture dimensions for input "${input}", received [${dims.join(', ')}]; give pictureDims`,
    );
  });
}

function assertQuantisable(graph: OnnxGraph, plan: QuantisationPlan): void {
  if (graph.opset < SMALLEST_OPSET) {
    throw new InvalidInputError(
      `expected a graph of operator set ${String(SMALLEST_OPSET)} or newer for int8, received ${String(graph.opset)}; ` +
        'export the network again with a newer opset, or use precision int8-weights',
    );
  }
  if (graph.inputNames.length !== 1) {
    throw new InvalidInputError(
      `expected one input of the graph for int8, received ${String(graph.inputNames.length)}; use precision int8-weights`,
    );
  }
  if (plan.weighted.length === 0) {
    throw new InvalidInputError(
      'expected at least one convolution or product with constant weights for int8, received none; use precision float32',
    );
  }
}
