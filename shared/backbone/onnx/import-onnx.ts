import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { InvalidInputError, messageOf, NotFoundError } from '../../errors.ts';
import type { Layout, Normalisation } from '../../image/normalisation.ts';
import type { OnnxGraph } from '../../onnx/onnx-graph.ts';
import type { BackboneInput, BackboneOutputs } from '../backbone.ts';
import { addStandardOutputs } from './add-standard-outputs.ts';
import { chooseValues, describeFacts } from './choose-values.ts';
import { parseOnnxFile } from './parse-onnx-file.ts';
import { assertRuns, shapesOf } from './trial-run.ts';

export interface ImportOnnxOptions {
  readonly normalisation: Normalisation;
  /** Of the input tensor. @default the only one with four dimensions */
  readonly inputName?: string;
  /** @default seen from the input's shape */
  readonly layout?: Layout;
  /** Pixels of a side, where the graph leaves it free. @default 224 */
  readonly sizePx?: number;
  /**
   * Any value inside the graph, `[N, C, H, W]` or `[N, H, W, C]`.
   * @default the output called `features`; without it and without an output `embedding`, what the last global pooling reads
   */
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
 * added; a batch dimension that is fixed is freed. The result is run on pictures before it is given back.
 *
 * @throws NotFoundError, InvalidInputError, DamagedFileError: which name, shape or value does not fit, and what there is instead
 */
export async function importOnnx(path: string, options: ImportOnnxOptions): Promise<ImportedOnnx> {
  const fileName = basename(path);
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new NotFoundError(`expected an ONNX file at "${path}": ${messageOf(cause)}`, { cause });
  });
  const graph = parseOnnxFile(bytes, fileName);
  const input = chooseInput(graph, fileName, options);
  const chosen = chooseValues(graph, fileName, options);
  const values = [chosen.features, chosen.embedding].filter((value) => value !== null);
  graph.setOutputs(values.map((name) => ({ name, dims: null })));
  graph.prune();
  const { layout, height, width } = input;
  graph.setInputDims(input.name, layout === 'NCHW' ? ['N', 3, height, width] : ['N', height, width, 3]);
  const shapes = await shapesOf(graph.toBytes(), fileName, input, values);
  const outputs = addStandardOutputs(graph, fileName, chosen, shapes, layout);
  const model = graph.toBytes();
  await assertRuns(model, fileName, input, outputs);
  return { model, input, outputs, parameterCount: graph.parameterCount };
}

function chooseInput(graph: OnnxGraph, fileName: string, options: ImportOnnxOptions): BackboneInput {
  const { inputName, sizePx = DEFAULT_SIZE_PX, normalisation } = options;
  const candidates = graph.inputs.filter(({ dims }) => dims.length === 4);
  const input =
    inputName === undefined && candidates.length === 1
      ? candidates[0]
      : graph.inputs.find(({ name }) => name === inputName);
  if (input?.type !== 'float32' || input.dims.length !== 4) {
    throw new InvalidInputError(
      `expected one float32 input [N, 3, H, W] or [N, H, W, 3] in "${fileName}"${inputName === undefined ? '' : ` called "${inputName}"`}, ` +
        `found ${describeFacts(graph.inputs)}; name it with --input`,
    );
  }
  const layout = options.layout ?? (input.dims[3] === 3 && input.dims[1] !== 3 ? 'NHWC' : 'NCHW');
  const [channels, height, width] =
    layout === 'NCHW' ? input.dims.slice(1) : [input.dims[3], input.dims[1], input.dims[2]];
  if (typeof channels === 'number' && channels !== 3) {
    throw new InvalidInputError(
      `expected 3 colour channels in layout ${layout} for input "${input.name}" of "${fileName}", received ${channels}; set --layout, or use a network for colour pictures`,
    );
  }
  const sizeOf = (dim: number | string | undefined) => (typeof dim === 'number' && dim > 0 ? dim : sizePx);
  return { name: input.name, height: sizeOf(height), width: sizeOf(width), layout, normalisation };
}
