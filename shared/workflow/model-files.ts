import { createHash } from 'node:crypto';
import { SPLIT_FILE_NAME, splitFileBytes } from '../dataset/split-file.ts';
import type { SplitPlan } from '../dataset/split-plan.ts';
import { metricsSummaryOf } from '../evaluation/metrics-summary.ts';
import { renderReport } from '../evaluation/report/render-report.ts';
import { HEAD_WEIGHTS_FILE_NAME, headWeightsBytes } from '../head/head-weights-file.ts';
import type { HeadEngine, HeadHyperparameters, TrainHeadResult } from '../head/head.ts';
import type { SweepTrial } from '../head/sweep-heads.ts';
import type { ModelManifestDraft } from '../registry/model-manifest.ts';
import type { PublishRequest } from '../registry/model-registry.ts';
import type { HeldOutMeasurement } from './measure-head.ts';
import { reportThumbnails } from './report-thumbnails.ts';
import { softwareVersions } from './software-versions.ts';
import type { BackboneFacts, EmbeddedPictures } from './training-input.ts';
import type { Workspace } from './workspace.ts';

export const REPORT_FILE_NAME = 'report.html';
export const METRICS_FILE_NAME = 'metrics.json';
export const LABELS_FILE_NAME = 'labels.json';
export const HISTORY_FILE_NAME = 'history.json';
export const SWEEP_FILE_NAME = 'sweep.json';

/** All that is known at the end of a training. */
export interface TrainedModel {
  readonly workspace: Workspace;
  readonly backbone: BackboneFacts;
  readonly embedded: EmbeddedPictures;
  readonly plan: SplitPlan;
  readonly labels: readonly string[];
  readonly engine: HeadEngine;
  readonly hyperparameters: HeadHyperparameters;
  /** As typed. */
  readonly command: string;
  readonly training: TrainHeadResult;
  /** Of the sweep that chose the hyper-parameters; null without one. */
  readonly trials: readonly SweepTrial[] | null;
  readonly measurement: HeldOutMeasurement;
}

/** The files of a model folder and the draft of its manifest. The same training gives the same bytes: no clock, no host, no duration. */
export async function modelFiles(model: TrainedModel): Promise<PublishRequest> {
  const { measurement, training } = model;
  const split = splitFileBytes(model.plan);
  const files = new Map<string, Uint8Array>([
    [HEAD_WEIGHTS_FILE_NAME, headWeightsBytes(training.weights)],
    [LABELS_FILE_NAME, json(model.labels)],
    [SPLIT_FILE_NAME, split],
    [HISTORY_FILE_NAME, json(training.history.map(({ durationMs: _, ...epoch }) => epoch))],
  ]);
  if (model.trials !== null) files.set(SWEEP_FILE_NAME, json(model.trials));
  if (measurement.evaluation !== null) {
    files.set(METRICS_FILE_NAME, json(measurement.evaluation));
    files.set(REPORT_FILE_NAME, new TextEncoder().encode(await report(model, measurement.evaluation)));
  }
  return { manifest: draftOf(model, createHash('sha256').update(split).digest('hex')), files };
}

function draftOf(model: TrainedModel, splitSha256: string): ModelManifestDraft {
  const { backbone, embedded, plan, training, measurement, engine } = model;
  const { id, name, precision, sha256, licence, input } = backbone.installed;
  const { method, seed, fractions, counts } = plan;
  return {
    backbone: { id, name, precision, sha256, licence, input, dimensions: backbone.dimensions },
    pooling: backbone.pooling,
    labels: model.labels,
    hyperparameters: model.hyperparameters,
    training: {
      engine: engine.name,
      runtime: engine.runtime,
      epochsRun: training.history.length,
      bestEpoch: training.bestEpoch,
    },
    software: softwareVersions(),
    features: {
      featureSpaceId: embedded.index.location.featureSpaceId,
      shards: embedded.index.shardKeys.map((key) => key.slice(key.lastIndexOf('/') + 1)).sort(),
    },
    split: { method, seed, fractions, counts, sha256: splitSha256 },
    temperature: measurement.temperature.temperature,
    metrics: measurement.evaluation === null ? null : metricsSummaryOf(measurement.evaluation),
  };
}

async function report(model: TrainedModel, evaluation: NonNullable<HeldOutMeasurement['evaluation']>): Promise<string> {
  const { workspace, backbone, embedded, plan, training, measurement, hyperparameters, engine } = model;
  const { id, name, licence, precision, sha256 } = backbone.installed;
  return renderReport({
    dataset: workspace.dataset,
    modelVersion: null,
    createdAt: null,
    evaluation,
    temperature: measurement.temperature,
    history: training.history.map((epoch) => ({ ...epoch, durationMs: 0 })),
    bestEpoch: training.bestEpoch,
    split: plan,
    skipped: embedded.skipped,
    excluded: plan.excluded,
    warnings: [...embedded.warnings, ...plan.warnings],
    thumbnails: await reportThumbnails(workspace.pictures, evaluation),
    promotion: null,
    reproduction: {
      command: model.command,
      backbone: { id, name, licence, precision, sha256 },
      pooling: backbone.pooling,
      engine: engine.runtime,
      hyperparameters,
      software: { ...softwareVersions() },
    },
  });
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 1)}\n`);
}
