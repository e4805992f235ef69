import type { Backbone } from '../backbone/backbone.ts';
import { SPLIT_FILE_NAME, parseSplitFile } from '../dataset/split-file.ts';
import { InvalidInputError } from '../errors.ts';
import { evaluateLogits } from '../evaluation/evaluate-logits.ts';
import type { Evaluation } from '../evaluation/evaluation.ts';
import { toHex } from '../image/content-hash.ts';
import type { ModelRegistry } from '../registry/model-registry.ts';
import { embedDataset, type EmbeddedDataset, type EmbedDatasetOptions } from './embed-dataset.ts';
import { logitsOfRows } from './logits-of-rows.ts';
import type { ServedHead } from './served-head.ts';
import type { Workspace } from './workspace.ts';

export interface ModelEvaluation {
  readonly embedded: EmbeddedDataset;
  readonly evaluation: Evaluation;
  /** Keys of pictures that the model was trained or tuned on, by content: they are left out. */
  readonly trainedOn: readonly string[];
  /** Labels of the folder that the model does not know; their pictures are left out, since it cannot be right on them. */
  readonly unknownLabels: readonly string[];
}

/**
 * Measures a model on the labelled pictures of another folder.
 *
 * @throws InvalidInputError when no picture is left to measure on
 */
export async function evaluateModel(
  registry: ModelRegistry,
  head: ServedHead,
  backbone: Backbone,
  workspace: Workspace,
  options: EmbedDatasetOptions = {},
): Promise<ModelEvaluation> {
  const embedded = await embedDataset(workspace, backbone, options);
  const { listing, index } = embedded;
  const seen = await contentSeenBy(registry, head.version);
  const isSeen = (key: string) => seen.has(toHex(index.get(key)?.sha256 ?? new Uint8Array()));
  const usable = listing.pictures.filter(({ key }) => index.has(key));
  const trainedOn = usable.filter(({ key }) => isSeen(key)).map(({ key }) => key);
  const unknownLabels = listing.labels.filter((label) => !head.labels.includes(label));
  const measured = usable.filter(({ key, label }) => !isSeen(key) && head.labels.includes(label));
  if (measured.length === 0) throw nothingLeft(workspace.location, usable.length, trainedOn.length, unknownLabels);
  const keys = measured.map(({ key }) => key);
  const logits = await logitsOfRows(head, index.streamRows(keys), head.labels.length);
  const evaluation = evaluateLogits({
    labels: head.labels,
    keys,
    truth: Uint32Array.from(measured, ({ label }) => head.labels.indexOf(label)),
    logits,
    temperature: head.manifest.temperature,
    split: 'new',
  });
  return { embedded, evaluation, trainedOn, unknownLabels };
}

/** SHA-256 of the pictures of its train and valid splits, hex. */
async function contentSeenBy(registry: ModelRegistry, version: string): Promise<ReadonlySet<string>> {
  const { pictures } = parseSplitFile(await registry.readFile(version, SPLIT_FILE_NAME));
  return new Set(pictures.filter(({ split }) => split !== 'test').map(({ sha256 }) => sha256));
}

function nothingLeft(
  location: string,
  usable: number,
  seen: number,
  unknownLabels: readonly string[],
): InvalidInputError {
  const unknown = unknownLabels.length > 0 ? `, and the labels ${unknownLabels.join(', ')} are unknown to it` : '';
  return new InvalidInputError(
    `expected pictures in "${location}" that the model was not trained on, found ${usable} of which it has seen ${seen}${unknown}; ` +
      'name a folder with other pictures of the same labels',
    { code: 'nothing_to_evaluate' },
  );
}
