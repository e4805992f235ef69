import { createHash } from 'node:crypto';
import { assertTrainable } from '../dataset/assert-trainable.ts';
import { assignSplits } from '../dataset/assign-splits.ts';
import { splitFileBytes } from '../dataset/split-file.ts';
import type { SplitFractions, SplitPlan } from '../dataset/split-plan.ts';
import { InvalidInputError } from '../errors.ts';
import type { FeatureIndex } from '../features/feature-index.ts';
import type { EpochReport, HeadEngine, HeadEngineName, HeadHyperparameters, TrainHeadResult } from '../head/head.ts';
import { loadHeadEngine } from '../head/load-head-engine.ts';
import { TrainingPausedError, type TrainingCheckpoint } from '../head/training-checkpoint.ts';
import { openHead } from '../head/predict-head.ts';
import { sweepCandidates } from '../head/sweep-candidates.ts';
import { sweepHeads, type SweepProgress, type SweepTrial } from '../head/sweep-heads.ts';
import { toHex } from '../image/content-hash.ts';
import type { ModelManifest } from '../registry/model-manifest.ts';
import { ModelRegistry } from '../registry/model-registry.ts';
import { measureHead, type HeldOutMeasurement } from './measure-head.ts';
import { modelFiles } from './model-files.ts';
import type { Promotion } from './promotion-rule.ts';
import { decidePromotion, type PromotionDecision } from './promotion.ts';
import { rowsOfSplit, type SplitRows } from './split-rows.ts';
import type { BackboneFacts, EmbeddedPictures } from './training-input.ts';
import type { Workspace } from './workspace.ts';

export interface TrainOptions {
  readonly hyperparameters: HeadHyperparameters;
  readonly engine: HeadEngineName;
  readonly fractions: SplitFractions;
  readonly promotion: Promotion;
  /** As typed, for the report. */
  readonly command: string;
  /** @default TRAINING_THREADS of the engine, so that the result does not depend on the machine */
  readonly threads?: number;
  readonly signal?: AbortSignal;
  /** Ends the training after the epoch in which it aborts: TrainingPausedError. Engine `onnx` only. */
  readonly pause?: AbortSignal;
  /** Of a paused training. One of other pictures or hyper-parameters is left aside: they changed meanwhile. @default none */
  readonly resumeFrom?: TrainingCheckpoint;
  readonly onEpoch?: (report: EpochReport) => void;
  /** Settings to try, the given ones first; the best by validation loss makes the version. Not with `pause`. @default no sweep */
  readonly sweepCount?: number;
  readonly onSweep?: (progress: SweepProgress) => void;
}

export interface TrainingOutcome {
  readonly manifest: ModelManifest;
  readonly plan: SplitPlan;
  readonly training: TrainHeadResult;
  /** Every setting of a sweep, else null. */
  readonly trials: readonly SweepTrial[] | null;
  readonly measurement: HeldOutMeasurement;
  readonly promotion: PromotionDecision;
}

/**
 * Splits, trains, measures on held-out pictures, writes a new version with its report, and serves it unless it is worse than the one
 * that is served.
 *
 * @throws InvalidInputError for a dataset that cannot be trained, CancelledError, TrainingPausedError
 */
export async function trainEmbedded(
  workspace: Workspace,
  backbone: BackboneFacts,
  embedded: EmbeddedPictures,
  options: TrainOptions,
): Promise<TrainingOutcome> {
  const { fractions, command, promotion } = options;
  const plan = splitEmbedded(workspace, embedded, options.hyperparameters.seed, fractions);
  const labels = plan.counts.map(({ label }) => label);
  const rows = await rowsOfSplits(embedded.index, plan, labels);
  const engine = await loadHeadEngine(options.engine);
  const { training, hyperparameters, trials } =
    options.sweepCount === undefined
      ? await trainRows(engine, rows, labels, { ...options, fingerprint: fingerprintOf(plan, options.hyperparameters) })
      : await sweepRows(engine, rows, labels, { ...options, sweepCount: options.sweepCount });
  const measurement = await measure(rows, labels, training);
  const registry = new ModelRegistry(workspace.state, workspace.dataset);
  const files = {
    workspace,
    backbone,
    embedded,
    plan,
    labels,
    engine,
    hyperparameters,
    command,
    training,
    trials,
    measurement,
  };
  const manifest = await registry.publish(await modelFiles(files));
  const decision = await decidePromotion({ registry, workspace, manifest, plan, measurement, promotion });
  return { manifest, plan, training, trials, measurement, promotion: decision };
}

/** Vectors and labels of each split; nothing is held out for `valid` or `test` where a dataset is too small for it. */
interface RowsOfSplits {
  readonly train: SplitRows;
  readonly valid: SplitRows | null;
  readonly test: SplitRows | null;
}

function splitEmbedded(
  { location }: Workspace,
  { pictures, index }: EmbeddedPictures,
  seed: number,
  fractions: SplitFractions,
): SplitPlan {
  const usable = pictures.filter(({ key }) => index.has(key));
  assertTrainable(usable, { location });
  const hashed = usable.map(({ key, label, split }) => {
    const facts = index.get(key);
    return { key, label, split, sha256: toHex(facts?.sha256 ?? new Uint8Array()) };
  });
  return assignSplits(hashed, { seed, fractions, location });
}

async function rowsOfSplits(index: FeatureIndex, plan: SplitPlan, labels: readonly string[]): Promise<RowsOfSplits> {
  const of = (split: 'train' | 'valid' | 'test') => rowsOfSplit(index, plan.pictures, split, labels);
  const train = await of('train');
  if (train === null) {
    throw new InvalidInputError(
      'expected pictures to train on, found none after leaving out copies of held-out pictures; add some',
    );
  }
  return { train, valid: await of('valid'), test: await of('test') };
}

/** A head, and the settings that made it. */
interface TrainedHead {
  readonly training: TrainHeadResult;
  readonly hyperparameters: HeadHyperparameters;
  readonly trials: readonly SweepTrial[] | null;
}

async function trainRows(
  engine: HeadEngine,
  { train, valid }: RowsOfSplits,
  labels: readonly string[],
  options: TrainOptions & { readonly fingerprint: string },
): Promise<TrainedHead> {
  const { hyperparameters, threads, signal, pause, resumeFrom, fingerprint, onEpoch } = options;
  const request = {
    train,
    valid,
    classCount: labels.length,
    hyperparameters,
    ...(threads !== undefined && { threads }),
    ...(signal && { signal }),
    ...(pause && { pause }),
    ...(resumeFrom?.fingerprint === fingerprint && { resumeFrom }),
    ...(onEpoch && { onEpoch }),
  };
  const training = await engine.train(request).catch((error: unknown) => {
    throw error instanceof TrainingPausedError ? new TrainingPausedError({ ...error.checkpoint, fingerprint }) : error;
  });
  return { training, hyperparameters, trials: null };
}

async function sweepRows(
  engine: HeadEngine,
  { train, valid }: RowsOfSplits,
  labels: readonly string[],
  { hyperparameters, threads, signal, sweepCount, onSweep }: TrainOptions & { readonly sweepCount: number },
): Promise<TrainedHead> {
  if (valid === null) {
    throw new InvalidInputError(
      'expected validation pictures for a sweep to choose by, found none as the dataset is too small; add some of each label, or train without --sweep',
    );
  }
  return sweepHeads(engine, {
    train,
    valid,
    classCount: labels.length,
    candidates: sweepCandidates(hyperparameters, sweepCount, train.labels),
    ...(threads !== undefined && { threads }),
    ...(signal && { signal }),
    ...(onSweep && { onProgress: onSweep }),
  });
}

/** Of everything that decides what a training does. */
function fingerprintOf(plan: SplitPlan, hyperparameters: HeadHyperparameters): string {
  return createHash('sha256').update(splitFileBytes(plan)).update(JSON.stringify(hyperparameters)).digest('hex');
}

async function measure(
  { valid, test }: RowsOfSplits,
  labels: readonly string[],
  { weights }: TrainHeadResult,
): Promise<HeldOutMeasurement> {
  const head = await openHead(weights);
  try {
    const logits = async (embeddings: Float16Array, count: number) => (await head.predict(embeddings, count)).logits;
    return await measureHead({ logits }, { valid, test }, labels);
  } finally {
    await head.close();
  }
}
