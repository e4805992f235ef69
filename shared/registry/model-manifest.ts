import type { InstalledBackbone, Pooling } from '../backbone/backbone.ts';
import type { LabelSplitCount, SplitFractions, SplitMethod } from '../dataset/split-plan.ts';
import type { HeadEngineName, HeadHyperparameters } from '../head/head.ts';

/** Raised when a manifest could be misread by older code. */
export const MANIFEST_FORMAT_VERSION = 1;
export const MANIFEST_FILE_NAME = 'manifest.json';

/**
 * Everything that tells what a model is and how to train the same bytes again. Immutable, and the last file written
 * of its folder: a folder without it is no model. Apart from `version` and `createdAt`, the same training gives the
 * same manifest.
 */
export interface ModelManifest extends ModelManifestDraft {
  readonly formatVersion: typeof MANIFEST_FORMAT_VERSION;
  readonly dataset: string;
  /**
   * `20261124T104512Z-3f9a1c`: when it was published (UTC), and the start of the SHA-256 of the rest of this
   * manifest. Sorts by time.
   */
  readonly version: string;
  /** ISO 8601, UTC, whole seconds. */
  readonly createdAt: string;
  /** Every other file of the folder, sorted by name. */
  readonly files: readonly ModelFile[];
}

/** What the caller of `publish` knows. */
export interface ModelManifestDraft {
  readonly backbone: ModelBackbone;
  readonly pooling: Pooling;
  /** In the order of the head's outputs. */
  readonly labels: readonly string[];
  readonly hyperparameters: HeadHyperparameters;
  readonly training: ModelTraining;
  readonly software: SoftwareVersions;
  readonly features: ModelFeatures;
  readonly split: ModelSplit;
  /** Logits are divided by it before the softmax; above 0, 1 leaves them as they are. */
  readonly temperature: number;
  /** Null when nothing was held out to judge the model by. */
  readonly metrics: MetricsSummary | null;
}

/** The frozen part, which the model folder does not contain. */
export interface ModelBackbone extends Pick<
  InstalledBackbone,
  'id' | 'name' | 'precision' | 'sha256' | 'licence' | 'input'
> {
  /** Length of one vector after pooling: rows of the head's kernel. */
  readonly dimensions: number;
}

export interface ModelTraining {
  readonly engine: HeadEngineName;
  /** As HeadEngine.runtime. */
  readonly runtime: string;
  readonly epochsRun: number;
  readonly bestEpoch: number;
}

export interface SoftwareVersions {
  readonly headstart: string;
  readonly node: string;
  readonly onnxruntime: string;
  readonly sharp: string;
  readonly libvips: string;
}

export interface ModelFeatures {
  /** As FeatureLocation.featureSpaceId. */
  readonly featureSpaceId: string;
  /** Names of the shards that the vectors were read from, sorted. */
  readonly shards: readonly string[];
}

export interface ModelSplit {
  readonly method: SplitMethod;
  readonly seed: number;
  readonly fractions: SplitFractions;
  readonly counts: readonly LabelSplitCount[];
  /** Of the file split.json, which names every picture; hex. */
  readonly sha256: string;
}

/** On the pictures held out for it, with the temperature applied. */
export interface MetricsSummary {
  readonly split: 'test' | 'valid';
  readonly pictureCount: number;
  /** [0, 1], as are its bounds: Wilson's interval at 95%. */
  readonly accuracy: number;
  readonly accuracyLow: number;
  readonly accuracyHigh: number;
  /** Unweighted mean over the labels, [0, 1]. */
  readonly macroF1: number;
  /** Natural logarithm, mean over the pictures. */
  readonly logLoss: number;
  /** Expected calibration error, [0, 1], before and after the temperature. */
  readonly calibrationErrorBefore: number;
  readonly calibrationErrorAfter: number;
}

export interface ModelFile {
  /** Below the model's folder. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Hex. */
  readonly sha256: string;
}

/** One line of a listing. A version whose manifest cannot be read is there too, with the reason in `damage`. */
export type ModelListEntry =
  | { readonly version: string; readonly isCurrent: boolean; readonly manifest: ModelManifest }
  | { readonly version: string; readonly isCurrent: boolean; readonly damage: string };
