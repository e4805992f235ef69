import { z } from 'zod';
import { POOLINGS, PRECISIONS } from '../backbone/backbone.ts';
import { SPLIT_METHODS } from '../dataset/split-plan.ts';
import { CLASS_WEIGHTS, HEAD_ENGINES } from '../head/head.ts';
import { LAYOUTS } from '../image/normalisation.ts';
import { MANIFEST_FORMAT_VERSION, type ModelManifest, type ModelManifestDraft } from './model-manifest.ts';
import { VERSION_PATTERN } from './model-version.ts';

/** No dataset of ours comes near; a manifest that claims more is not one. */
const MAX_LABELS = 100_000;

const count = z.int().nonnegative();
const share = z.number().min(0).max(1);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const text = z.string().min(1);
const triple = z.tuple([z.number(), z.number(), z.number()]);

const input = z.object({
  name: text,
  width: z.int().positive(),
  height: z.int().positive(),
  layout: z.enum(LAYOUTS),
  normalisation: z.object({ channelOrder: z.enum(['RGB', 'BGR']), scale: z.number(), mean: triple, std: triple }),
});

const backbone = z.object({
  id: text,
  name: text,
  precision: z.enum(PRECISIONS),
  sha256,
  licence: z.string(),
  input,
  dimensions: z.int().positive(),
});

const hyperparameters = z.object({
  epochs: z.int().positive(),
  batchSize: z.int().positive(),
  learningRate: z.number().positive(),
  dropout: z.number().min(0).lt(1),
  l2: z.number().min(0),
  classWeights: z.enum(CLASS_WEIGHTS),
  seed: count,
  patience: count,
});

const split = z.object({
  method: z.enum(SPLIT_METHODS),
  seed: z.int(),
  fractions: z.object({ train: share, valid: share, test: share }),
  counts: z.array(z.object({ label: text, train: count, valid: count, test: count })).max(MAX_LABELS),
  sha256,
});

const metrics = z.object({
  split: z.enum(['test', 'valid']),
  pictureCount: count,
  accuracy: share,
  accuracyLow: share,
  accuracyHigh: share,
  macroF1: share,
  logLoss: z.number().min(0),
  calibrationErrorBefore: share,
  calibrationErrorAfter: share,
});

const draftShape = {
  backbone,
  pooling: z.enum(POOLINGS),
  labels: z.array(text).min(2).max(MAX_LABELS),
  hyperparameters,
  training: z.object({ engine: z.enum(HEAD_ENGINES), runtime: text, epochsRun: count, bestEpoch: count }),
  software: z.object({ headstart: text, node: text, onnxruntime: text, sharp: text, libvips: text }),
  features: z.object({ featureSpaceId: text, shards: z.array(text) }),
  split,
  temperature: z.number().positive(),
  metrics: metrics.nullable(),
};

export const MODEL_MANIFEST_DRAFT_SCHEMA: z.ZodType<ModelManifestDraft> = z.object(draftShape);

export const MODEL_MANIFEST_SCHEMA: z.ZodType<ModelManifest> = z.object({
  formatVersion: z.literal(MANIFEST_FORMAT_VERSION),
  dataset: text,
  version: z.string().regex(VERSION_PATTERN),
  createdAt: z.iso.datetime(),
  ...draftShape,
  files: z.array(z.object({ name: text, sizeBytes: count, sha256 })),
});

/** All failures at once: `labels: expected array, temperature: too small`. */
export function describeIssues(error: z.ZodError): string {
  return error.issues.map(({ path, message }) => `${path.join('.') || 'the whole'}: ${message}`).join('; ');
}
