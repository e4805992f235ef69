import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { InvalidInputError, messageOf, NotFoundError } from '../../errors.ts';
import type { Layout, Normalisation } from '../../image/normalisation.ts';
import { openSession, type TensorFact } from '../../onnx/session.ts';
import { assertBinaryWeights } from '../assert-binary-weights.ts';
import type { BackboneInput, BackboneOutputs } from '../backbone.ts';
import { OnnxModel } from './onnx-model.ts';

export interface ImportOnnxOptions {
  readonly normalisation: Normalisation;
  /** Of the input tensor. @default the only one */
  readonly inputName?: string;
  /** @default seen from the input's shape */
  readonly layout?: Layout;
  /** Pixels of a side, where the graph leaves it free. @default 224 */
  readonly sizePx?: number;
  /** Any value inside the graph, `[N, C, H, W]` or `[N, H, W, C]` for layout NHWC. @default the output called `features` */
  readonly featuresName?: string;
  /** Any value inside the graph, `[N, D]`, or `[N, tokens, D]` of which the first (class) token is taken. @default the output called `embedding` */
  readonly embeddingName?: string;
}

export interface ImportedOnnx {
  /** With the outputs `features` (where there is a feature map) and `embedding`; what they do not need is left out. */
  readonly model: Uint8Array;
  readonly input: BackboneInput;
  readonly outputs: BackboneOutputs;
  readonly parameterCount: number;
}

const DEFAULT_SIZE_PX = 224;

/**
 * Makes a backbone of any ONNX file with one picture input. Without a pooled output the mean over the positions of the feature map is
 * added. The result is run on two pictures before it is given back.
 *
 * @throws NotFoundError, InvalidInputError, DamagedFileError: which name, shape or value does not fit, and what there is instead
 */
export async function importOnnx(path: string, options: ImportOnnxOptions): Promise<ImportedOnnx> {
  const name = basename(path);
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new NotFoundError(`expected an ONNX file at "${path}": ${messageOf(cause)}`, { cause });
  });
  assertBinaryWeights(bytes.subarray(0, 512), name);
  const model = OnnxModel.parse(bytes, name);
  const input = inputOf(model, options);
  const wanted = chooseOutputs(model, options);
  model.keepOnly([wanted.features, wanted.embedding].filter((value) => value !== null));
  const shapes = await probe(model, input, wanted);
  const outputs = addStandardOutputs(model, name, wanted, shapes, input.layout);
  const finished = model.toBytes();
  await assertRuns(finished, name, input, outputs);
  return { model: finished, input, outputs, parameterCount: model.parameterCount };
}

interface WantedValues {
  readonly features: string | null;
  readonly embedding: string | null;
}

function inputOf(model: OnnxModel, options: ImportOnnxOptions): BackboneInput {
  const { inputName, sizePx = DEFAULT_SIZE_PX, normalisation } = options;
  const candidates = model.inputs.filter(({ dims }) => dims.length === 4);
  const input =
    inputName === undefined && candidates.length === 1
      ? candidates[0]
      : model.inputs.find(({ name }) => name === inputName);
  if (input?.type !== 'float32' || input.dims.length !== 4) {
    throw new InvalidInputError(
      `expected one float32 input [N, 3, H, W] or [N, H, W, 3] in "${model.fileName}"${inputName === undefined ? '' : ` called "${inputName}"`}, ` +
        `found ${describe(model.inputs)}; name it with --input`,
    );
  }
  const layout = options.layout ?? (input.dims[3] === 3 && input.dims[1] !== 3 ? 'NHWC' : 'NCHW');
  const [channels, height, width] =
    layout === 'NCHW' ? input.dims.slice(1) : [input.dims[3], input.dims[1], input.dims[2]];
  if (typeof channels === 'number' && channels !== 3) {
    throw new InvalidInputError(
      `expected 3 colour channels in layout ${layout} for input "${input.name}", received ${channels}; set --layout`,
    );
  }
  const sizeOf = (dim: number | string | undefined) => (typeof dim === 'number' && dim > 0 ? dim : sizePx);
  return { name: input.name, height: sizeOf(height), width: sizeOf(width), layout, normalisation };
}

function chooseOutputs(model: OnnxModel, { featuresName, embeddingName }: ImportOnnxOptions): WantedValues {
  const given = (value: string | undefined, standard: string) => {
    if (value === undefined) return model.outputs.some(({ name }) => name === standard) ? standard : null;
    if (model.hasValue(value)) return value;
    throw new InvalidInputError(
      `expected a value called "${value}" in "${model.fileName}", found the outputs ${describe(model.outputs)}; ` +
        `inside the graph the last values are ${model.lastValues(8).join(', ')}`,
    );
  };
  const wanted = { features: given(featuresName, 'features'), embedding: given(embeddingName, 'embedding') };
  if (wanted.features !== null || wanted.embedding !== null) return wanted;
  throw new InvalidInputError(
    `expected an output called features or embedding in "${model.fileName}", found ${describe(model.outputs)}; ` +
      `name the feature map with --features or the pooled vector with --embedding: an output, or a value inside the graph, of which the last are ` +
      model.lastValues(8).join(', '),
  );
}

/** Shapes of the wanted values for one picture. */
async function probe(
  model: OnnxModel,
  input: BackboneInput,
  wanted: WantedValues,
): Promise<Record<string, readonly number[]>> {
  const session = await openSession(model.toBytes(), { threads: 1 });
  try {
    const outputs = await session.run({ [input.name]: { data: testPictures(input, 1), dims: dimsOf(input, 1) } });
    const names = [wanted.features, wanted.embedding].filter((value) => value !== null);
    return Object.fromEntries(names.map((name) => [name, outputs[name]?.dims ?? []]));
  } finally {
    await session.release();
  }
}

/** Adds `features` in NCHW and `embedding` `[N, D]`, whatever the file calls and lays out its own. */
function addStandardOutputs(
  model: OnnxModel,
  fileName: string,
  { features, embedding }: WantedValues,
  shapes: Readonly<Record<string, readonly number[]>>,
  layout: Layout,
): BackboneOutputs {
  const map = features === null ? null : (shapes[features] ?? []);
  if (map !== null && map.length !== 4) throw wrongRank(fileName, features, '[N, C, H, W]', map);
  const [, channels = 0, height = 0, width = 0] =
    map !== null && layout === 'NHWC' ? [1, map[3], map[1], map[2]] : (map ?? []);
  const vector = embedding === null ? [1, channels] : (shapes[embedding] ?? []);
  if (vector.length !== 2 && vector.length !== 3 && !isPooledMap(vector))
    throw wrongRank(fileName, embedding, '[N, D]', vector);
  if (features !== null) model.exposeFeatures(features, layout, [channels, height, width]);
  const dimensions = vector.length === 3 ? (vector[2] ?? 0) : (vector[1] ?? 0);
  if (embedding === null) model.exposeMean(channels);
  else model.exposeVector(embedding, vector.length, dimensions);
  return {
    features: features === null ? null : { name: 'features', channels, height, width },
    embedding: { name: 'embedding', dimensions },
  };
}

/** `[N, D, 1, 1]`, which a global pool gives. */
function isPooledMap(dims: readonly number[]): boolean {
  return dims.length === 4 && dims[2] === 1 && dims[3] === 1;
}

async function assertRuns(
  model: Uint8Array,
  fileName: string,
  input: BackboneInput,
  outputs: BackboneOutputs,
): Promise<void> {
  const session = await openSession(model, { threads: 1 });
  try {
    const { embedding } = await session.run(
      { [input.name]: { data: testPictures(input, 2), dims: dimsOf(input, 2) } },
      ['embedding'],
    );
    const values = embedding?.data;
    const expected = 2 * outputs.embedding.dimensions;
    if (!(values instanceof Float32Array) || values.length !== expected || !values.every(Number.isFinite)) {
      throw new InvalidInputError(
        `expected ${expected} finite numbers for two pictures from "${fileName}", received others; its weights hold NaN, or --normalise does not fit`,
      );
    }
  } catch (cause) {
    if (cause instanceof InvalidInputError) throw cause;
    throw new InvalidInputError(
      `expected "${fileName}" to run on two pictures at once: ${messageOf(cause)}; export it with a free batch dimension`,
      { cause },
    );
  } finally {
    await session.release();
  }
}

/** Two different gradients in the range that the normalisation gives. */
function testPictures({ height, width, normalisation }: BackboneInput, count: number): Float32Array {
  const { scale, mean, std } = normalisation;
  const length = 3 * height * width;
  return Float32Array.from({ length: count * length }, (_, index) => {
    const pixel = ((index % length) / length) * 255;
    return ((index < length ? pixel : 255 - pixel) * scale - mean[0]) / std[0];
  });
}

function dimsOf({ layout, height, width }: BackboneInput, count: number): number[] {
  return layout === 'NCHW' ? [count, 3, height, width] : [count, height, width, 3];
}

function wrongRank(
  fileName: string,
  value: string | null,
  expected: string,
  dims: readonly number[],
): InvalidInputError {
  return new InvalidInputError(
    `expected shape ${expected} for "${value ?? ''}" of "${fileName}", received [${dims.join(', ')}]; name another value`,
  );
}

function describe(facts: readonly TensorFact[]): string {
  return facts.map(({ name, type, dims }) => `${name} ${type}[${dims.join(', ')}]`).join(', ') || 'none';
}
