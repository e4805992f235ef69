import { z } from 'zod';
import { POOLINGS, PRECISIONS } from '../backbone/backbone.ts';
import { DamagedFileError } from '../errors.ts';
import { LAYOUTS } from '../image/normalisation.ts';

/** How a picture reaches the size of the input, in words for whoever writes it anew. */
export const RESIZE_RULE =
  'EXIF orientation, then the whole picture to width x height by an antialiased bilinear (triangle) filter as Pillow BILINEAR; no crop, aspect ratio not kept';

const triple = z.tuple([z.number(), z.number(), z.number()]).readonly();

const FACTS = z.object({
  /** Of these facts. */
  formatVersion: z.literal(1),
  model: z.object({ dataset: z.string().min(1), version: z.string().min(1) }),
  /** In the order of the outputs. */
  labels: z.array(z.string()).min(2).readonly(),
  /** `value = (pixel * scale - mean[c]) / std[c]`, pixel 0..255, channel c in `channelOrder`; float32. */
  input: z.object({
    name: z.string().min(1),
    width: z.int().positive(),
    height: z.int().positive(),
    layout: z.enum(LAYOUTS),
    normalisation: z.object({ channelOrder: z.enum(['RGB', 'BGR']), scale: z.number(), mean: triple, std: triple }),
    resize: z.string(),
  }),
  pooling: z.enum(POOLINGS),
  /** Logits are divided by it before the softmax; it is inside the graph. */
  temperature: z.number().positive(),
  backbone: z.object({ id: z.string(), name: z.string(), precision: z.enum(PRECISIONS), licence: z.string() }),
});

/** Everything that is needed to use an exported model, and that an ONNX graph has no place for. */
export type ClassifierFacts = z.infer<typeof FACTS>;

const PREFIX = 'headstart.';

/** As the metadata of an ONNX file: text by key, JSON where it is no text. */
export function metadataOf(facts: ClassifierFacts): Record<string, string> {
  const entries = Object.entries(facts).map(([key, value]) => [
    PREFIX + key,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return Object.fromEntries(entries) as Record<string, string>;
}

/** @throws DamagedFileError when the metadata is not what metadataOf writes */
export function parseMetadata(metadata: Readonly<Record<string, string>>, file: string): ClassifierFacts {
  const facts = Object.fromEntries(
    Object.entries(metadata)
      .filter(([key]) => key.startsWith(PREFIX))
      .map(([key, text]) => [key.slice(PREFIX.length), key === `${PREFIX}pooling` ? text : parseJson(text)]),
  );
  const parsed = FACTS.safeParse(facts);
  if (parsed.success) return parsed.data;
  throw new DamagedFileError(
    `expected the facts of an exported model in the metadata of "${file}": ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}; export it again`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
