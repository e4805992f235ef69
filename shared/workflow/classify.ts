import type { Backbone } from '../backbone/backbone.ts';
import { decodePicture } from '../image/decode-picture.ts';
import { normalise } from '../image/normalise.ts';
import { UnusablePictureError, type DecodedPicture, type UnusableReason } from '../image/picture.ts';
import type { ServedHead } from './served-head.ts';

export interface PictureToClassify {
  /** As the answer shall call it: a path, a key. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface LabelProbability {
  readonly label: string;
  /** Calibrated, [0, 1]; over all labels of a picture they sum to 1. */
  readonly probability: number;
}

/** Milliseconds. `embed` and `head` are a picture's share of its batch. */
export interface ClassificationTimings {
  readonly decodeMs: number;
  readonly embedMs: number;
  readonly headMs: number;
}

export type Classification =
  | {
      readonly name: string;
      readonly predictions: readonly LabelProbability[];
      readonly timings: ClassificationTimings;
    }
  | { readonly name: string; readonly refused: { readonly reason: UnusableReason; readonly message: string } };

export interface ClassifyOptions {
  /** Labels in each answer, most probable first. @default 3 */
  readonly top?: number;
}

interface Decoded {
  readonly name: string;
  readonly picture: DecodedPicture;
  readonly decodeMs: number;
}

/**
 * Answers for each picture, in the given order. A file that is no usable picture gets the reason instead; the others are answered.
 * All pictures go through the backbone as one batch: give at most a few dozen at a time.
 */
export async function classifyPictures(
  backbone: Backbone,
  head: ServedHead,
  pictures: readonly PictureToClassify[],
  { top = 3 }: ClassifyOptions = {},
): Promise<Classification[]> {
  const outcomes = await Promise.all(pictures.map((picture) => decodeOrRefuse(backbone, picture)));
  const decoded = outcomes.filter((outcome): outcome is Decoded => 'picture' in outcome);
  const answers = decoded.length === 0 ? [] : await answer(backbone, head, decoded, top);
  let next = 0;
  return outcomes.map((outcome) => ('picture' in outcome ? (answers[next++] ?? refusedTwice(outcome.name)) : outcome));
}

async function decodeOrRefuse(
  backbone: Backbone,
  { name, bytes }: PictureToClassify,
): Promise<Decoded | Classification> {
  const startMs = performance.now();
  try {
    const picture = await decodePicture(bytes, backbone.installed.input);
    return { name, picture, decodeMs: performance.now() - startMs };
  } catch (error) {
    if (error instanceof UnusablePictureError)
      return { name, refused: { reason: error.reason, message: error.message } };
    throw error;
  }
}

async function answer(
  backbone: Backbone,
  head: ServedHead,
  decoded: readonly Decoded[],
  top: number,
): Promise<Classification[]> {
  const { input } = backbone.installed;
  const startMs = performance.now();
  const pixels = concatenate(decoded.map(({ picture }) => picture.pixels)); // [N, height, width, 3] uint8 RGB
  const embeddings = await backbone.embed(normalise(pixels, decoded.length, input), decoded.length); // [N, D]
  const embeddedMs = performance.now();
  const probabilities = await head.probabilities(embeddings, decoded.length); // [N, C]
  const embedMs = (embeddedMs - startMs) / decoded.length;
  const headMs = (performance.now() - embeddedMs) / decoded.length;
  return decoded.map(({ name, decodeMs }, row) => {
    const ofRow = probabilities.subarray(row * head.labels.length, (row + 1) * head.labels.length);
    return { name, predictions: mostProbable(ofRow, head.labels, top), timings: { decodeMs, embedMs, headMs } };
  });
}

/** The `top` labels by probability; ties in the order of the labels. */
export function mostProbable(probabilities: Float32Array, labels: readonly string[], top: number): LabelProbability[] {
  return labels
    .map((label, index) => ({ label, probability: probabilities[index] ?? 0 }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, top);
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

function refusedTwice(name: string): never {
  throw new Error(`expected one answer for each decoded picture, "${name}" has none`);
}
