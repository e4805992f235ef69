import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import { availableParallelism } from 'node:os';
import { messageOf, InvalidInputError } from '../errors.ts';

/** Element types that cross the border to ONNX Runtime. float16 does not: its tensors are broken on Node 24 (docs/decisions.md). */
export type TensorData = Float32Array | Uint8Array | Uint16Array | Int32Array | BigInt64Array;

/** A dense, row-major tensor. */
export interface DenseTensor<T extends TensorData = TensorData> {
  readonly data: T;
  readonly dims: readonly number[];
}

export interface SessionOptions {
  /** Intra-op threads. @default the processors that this process may use */
  readonly threads?: number;
  /** Free dimensions that are known, by name: lets ONNX Runtime plan memory once. */
  readonly freeDimensions?: Readonly<Record<string, number>>;
  /** Session config entries of ONNX Runtime, as `{'session.intra_op.allow_spinning': '0'}`. They come on top of QUIET_BETWEEN_RUNS. */
  readonly config?: Readonly<Record<string, string>>;
  /** Writes ONNX Runtime's profile, one JSON file with this prefix. */
  readonly profilePrefix?: string;
}

export interface TensorFact {
  readonly name: string;
  /** ONNX element type: `float32`, `uint8`, ... */
  readonly type: string;
  /** A number, or the name of a free dimension. */
  readonly dims: readonly (number | string)[];
}

/** A loaded ONNX graph. `run` blocks the event loop of its thread while it computes. */
export interface OnnxSession {
  readonly inputs: readonly TensorFact[];
  readonly outputs: readonly TensorFact[];
  /** Runs the graph for the named outputs only. @default all outputs */
  run(feeds: Readonly<Record<string, DenseTensor>>, outputs?: readonly string[]): Promise<Record<string, DenseTensor>>;
  release(): Promise<void>;
}

/** What computes, for manifests: `onnxruntime-node 1.30.0`. */
export function runtimeVersion(): string {
  return `onnxruntime-node ${env.versions.node ?? 'of unknown version'}`;
}

/** Threads for a function of this memory size: AWS gives one processor for each 1,769 MB. */
export function threadsForMemory(memoryMb: number): number {
  return Math.max(1, Math.round(memoryMb / 1769));
}

/**
 * A session's threads wait actively for the next operator, and by default go on for a while after the run: beside another session, as in training
 * with validation, they take the processors that its threads need (docs/decisions.md).
 */
const QUIET_BETWEEN_RUNS = { 'session.force_spinning_stop': '1' } as const;

/** @throws InvalidInputError when ONNX Runtime refuses the graph; its own message is kept as cause */
export async function openSession(model: Uint8Array | string, options: SessionOptions = {}): Promise<OnnxSession> {
  const session = await createOrExplain(model, {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    intraOpNumThreads: options.threads ?? availableParallelism(),
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 3,
    ...(options.freeDimensions && { freeDimensionOverrides: options.freeDimensions }),
    extra: { session: nest({ ...QUIET_BETWEEN_RUNS, ...options.config }) },
    ...(options.profilePrefix !== undefined && { enableProfiling: true, profileFilePrefix: options.profilePrefix }),
  });
  return {
    inputs: session.inputMetadata.map(toFact),
    outputs: session.outputMetadata.map(toFact),
    run: (feeds, outputs) => run(session, feeds, outputs),
    release: () => session.release(),
  };
}

async function run(
  session: InferenceSession,
  feeds: Readonly<Record<string, DenseTensor>>,
  outputs: readonly string[] = session.outputNames,
): Promise<Record<string, DenseTensor>> {
  const tensors = Object.entries(feeds).map(([name, tensor]) => [name, toOrt(tensor)] as const);
  const results = await session.run(Object.fromEntries(tensors), [...outputs]);
  return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, fromOrt(value)]));
}

async function createOrExplain(model: Uint8Array | string, options: InferenceSession.SessionOptions) {
  try {
    return typeof model === 'string'
      ? await InferenceSession.create(model, options)
      : await InferenceSession.create(model, options);
  } catch (cause) {
    const which = typeof model === 'string' ? `"${model}"` : 'the graph in memory';
    throw new InvalidInputError(`expected an ONNX graph that ONNX Runtime can load for ${which}: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/** `{'session.a.b': '1'}` to `{a: {b: '1'}}`, the form in which the binding takes config entries. */
function nest(config: Readonly<Record<string, string>>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(config)) {
    const segments = path.replace(/^session\./, '').split('.');
    const last = segments.pop() ?? path;
    let level = root;
    for (const segment of segments) level = (level[segment] ??= {}) as Record<string, unknown>;
    level[last] = value;
  }
  return root;
}

function toOrt({ data, dims }: DenseTensor): Tensor {
  if (data instanceof Float32Array) return new Tensor('float32', data, dims);
  if (data instanceof Uint8Array) return new Tensor('uint8', data, dims);
  if (data instanceof Uint16Array) return new Tensor('uint16', data, dims);
  if (data instanceof Int32Array) return new Tensor('int32', data, dims);
  return new Tensor('int64', data, dims);
}

function fromOrt(value: InferenceSession.OnnxValueMapType[string]): DenseTensor {
  const { data, dims } = value;
  if (!ArrayBuffer.isView(data)) throw new TypeError('expected a numeric tensor from ONNX Runtime, received strings');
  return { data: data as TensorData, dims };
}

function toFact(fact: InferenceSession.ValueMetadata): TensorFact {
  return fact.isTensor
    ? { name: fact.name, type: fact.type, dims: fact.shape }
    : { name: fact.name, type: 'non-tensor', dims: [] };
}
