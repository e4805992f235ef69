import { InvalidInputError } from '../../errors.ts';
import type { Layout } from '../../image/normalisation.ts';
import type { OnnxGraph } from '../../onnx/onnx-graph.ts';
import { makeNode } from '../../onnx/onnx-node.ts';
import type { BackboneOutputs } from '../backbone.ts';
import type { ChosenValues } from './choose-values.ts';

const FEATURES = 'features';
const EMBEDDING = 'embedding';

/** Dimensions of a value for one picture. */
type Shapes = Readonly<Record<string, readonly number[]>>;

/**
 * Makes the graph give `features` `[N, C, H, W]` (where there is a feature map) and `embedding` `[N, D]`, whatever it calls and lays
 * out its own. Without a pooled value the mean over the positions is added; of tokens `[N, T, D]` the first is taken.
 *
 * @param layout of a feature map whose shape does not tell it
 * @throws InvalidInputError for a value of another rank
 */
export function addStandardOutputs(
  graph: OnnxGraph,
  fileName: string,
  chosen: ChosenValues,
  shapes: Shapes,
  layout: Layout,
): BackboneOutputs {
  const { features, embedding } = moveAside(graph, chosen);
  const shapeOf = (name: string | null) => (name === null ? null : (shapes[name] ?? []));
  const map = shapeOf(chosen.features);
  if (map !== null && map.length !== 4) throw wrongRank(fileName, chosen.features, '[N, C, H, W]', map);
  const size = map === null ? null : sizeOf(map, layout);
  const vector = shapeOf(chosen.embedding) ?? [1, size?.channels ?? 0];
  const dimensions = dimensionsOf(vector);
  if (dimensions === null) throw wrongRank(fileName, chosen.embedding, '[N, D]', vector);
  if (features !== null && size !== null) {
    if (size.layout === 'NHWC') addNode(graph, 'Transpose', [features], FEATURES, { perm: [0, 3, 1, 2] });
    else addNode(graph, 'Identity', [features], FEATURES);
  }
  if (embedding === null) {
    addNode(graph, 'GlobalAveragePool', [FEATURES], 'headstart/pooled');
    addNode(graph, 'Flatten', ['headstart/pooled'], EMBEDDING);
  } else addVector(graph, embedding, vector.length);
  const facts = size === null ? null : { channels: size.channels, height: size.height, width: size.width };
  graph.setOutputs([
    ...(facts === null ? [] : [{ name: FEATURES, dims: ['N', facts.channels, facts.height, facts.width] }]),
    { name: EMBEDDING, dims: ['N', dimensions] },
  ]);
  return {
    features: facts === null ? null : { name: FEATURES, ...facts },
    embedding: { name: EMBEDDING, dimensions },
  };
}

/** Frees the two names: the file may have values of that name, the chosen ones (in another layout) or others. */
function moveAside(graph: OnnxGraph, chosen: ChosenValues): ChosenValues {
  const moved = (name: string | null) => (name === FEATURES || name === EMBEDDING ? `headstart/${name}` : name);
  for (const name of [FEATURES, EMBEDDING]) if (graph.hasValue(name)) graph.renameValue(name, `headstart/${name}`);
  return { features: moved(chosen.features), embedding: moved(chosen.embedding) };
}

function addVector(graph: OnnxGraph, value: string, rank: number): void {
  if (rank === 3) {
    const first = graph.setConstant('headstart/first', 'int64', [], BigInt64Array.of(0n));
    addNode(graph, 'Gather', [value, first], EMBEDDING, { axis: 1 });
  } else addNode(graph, rank === 2 ? 'Identity' : 'Flatten', [value], EMBEDDING);
}

function addNode(
  graph: OnnxGraph,
  opType: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, number | readonly number[]>> = {},
): void {
  graph.nodes.push(makeNode(opType, inputs, output, attributes));
}

/** A feature map is square in most networks, which tells where the channels are; a graph of one layout may have an input of the other. */
function sizeOf(map: readonly number[], otherwise: Layout) {
  const [, a = 0, b = 0, c = 0] = map;
  const layout = a === b && b !== c ? 'NHWC' : b === c && a !== b ? 'NCHW' : otherwise;
  return layout === 'NHWC'
    ? { layout, channels: c, height: a, width: b }
    : { layout, channels: a, height: b, width: c };
}

/** Of `[N, D]`, `[N, T, D]` or `[N, D, 1, 1]`, which a global pool gives; else null. */
function dimensionsOf(vector: readonly number[]): number | null {
  const [, second = 0, third, fourth] = vector;
  if (vector.length === 2) return second;
  if (vector.length === 3) return third ?? 0;
  return vector.length === 4 && third === 1 && fourth === 1 ? second : null;
}

function wrongRank(fileName: string, value: string | null, expected: string, dims: readonly number[]) {
  return new InvalidInputError(
    `expected shape ${expected} for "${value ?? ''}" of "${fileName}", received [${dims.join(', ')}]; name another value`,
  );
}
