import type { Pooling, Precision } from '../../backbone/backbone.ts';
import type { SkippedFile } from '../../dataset/dataset.ts';
import type { ExcludedPicture, SplitPlan } from '../../dataset/split-plan.ts';
import type { EpochReport, HeadHyperparameters } from '../../head/head.ts';
import type { Evaluation } from '../evaluation.ts';
import type { TemperatureFit } from '../fit-temperature.ts';

/** Of the longer edge: sharp on a card of 180 pixels, at some 5 KB. */
export const REPORT_THUMBNAIL_EDGE_PX = 240;
/** Pure noise at this edge has 36 KB, a photograph 7 (median) to 24: what is larger is no thumbnail. */
export const MAX_THUMBNAIL_BYTES = 48 * 1024;
/** Of all together, so that the page stays below a megabyte: 24 of the largest photographs' would fill it. */
export const MAX_THUMBNAILS_BYTES = 512 * 1024;

export const THUMBNAIL_TYPES = ['image/webp', 'image/jpeg', 'image/png'] as const;
export type ThumbnailType = (typeof THUMBNAIL_TYPES)[number];

export interface Thumbnail {
  readonly mediaType: ThumbnailType;
  readonly bytes: Uint8Array;
}

/** Everything the page shows. Same input, same bytes. */
export interface ReportInput {
  readonly dataset: string;
  /** Null while the version is not published yet. */
  readonly modelVersion: string | null;
  /** ISO 8601; null leaves it out. */
  readonly createdAt: string | null;
  readonly evaluation: Evaluation;
  readonly temperature: TemperatureFit | null;
  /** Empty leaves the training curves out. */
  readonly history: readonly EpochReport[];
  readonly bestEpoch: number | null;
  readonly split: Pick<SplitPlan, 'method' | 'seed' | 'fractions' | 'counts'> | null;
  readonly skipped: readonly SkippedFile[];
  readonly excluded: readonly ExcludedPicture[];
  /** Of the listing and the split, one sentence each; those of the evaluation are added. */
  readonly warnings: readonly string[];
  /** By key, for `wantedThumbnails(evaluation)`; one that is missing, above MAX_THUMBNAIL_BYTES, or beyond MAX_THUMBNAILS_BYTES in all shows as a blank. */
  readonly thumbnails: ReadonlyMap<string, Thumbnail>;
  /** Whether this version is served, and why; one sentence. */
  readonly promotion: string | null;
  readonly reproduction: Reproduction;
}

/** What it takes to train or measure the same again. */
export interface Reproduction {
  /** As typed. */
  readonly command: string;
  readonly backbone: {
    readonly id: string;
    readonly name: string;
    readonly licence: string;
    readonly precision: Precision;
    /** Of the model file, hex. */
    readonly sha256: string;
  };
  readonly pooling: Pooling;
  /** As HeadEngine.runtime. */
  readonly engine: string;
  readonly hyperparameters: HeadHyperparameters | null;
  /** Version by name. */
  readonly software: Readonly<Record<string, string>>;
}
