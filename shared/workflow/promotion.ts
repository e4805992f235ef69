import { parseSplitFile, SPLIT_FILE_NAME } from '../dataset/split-file.ts';
import type { SplitPlan } from '../dataset/split-plan.ts';
import { HeadstartError, messageOf } from '../errors.ts';
import { comparePaired, describeComparison, isNotWorse } from '../evaluation/compare-paired.ts';
import { predictedClasses } from '../evaluation/predictions.ts';
import { FeatureStore } from '../features/feature-store.ts';
import type { ModelManifest } from '../registry/model-manifest.ts';
import type { ModelRegistry } from '../registry/model-registry.ts';
import { logitsOfRows } from './logits-of-rows.ts';
import type { HeldOutMeasurement } from './measure-head.ts';
import type { Promotion } from './promotion-rule.ts';
import { openServedHead, type ServedHead } from './served-head.ts';
import type { Workspace } from './workspace.ts';

export interface PromotionDecision {
  /** Whether the new version is served now. */
  readonly isPromoted: boolean;
  /** One sentence. */
  readonly reason: string;
}

/** What the gate says of a version, before anything is changed. */
export interface PromotionVerdict extends PromotionDecision {
  /** The version that it was compared with: only while this one is served does the verdict hold. */
  readonly expected: string | null;
}

export interface PromotionRequest extends JudgedVersion {
  readonly promotion: Promotion;
}

export interface JudgedVersion {
  readonly workspace: Workspace;
  readonly registry: ModelRegistry;
  /** Of the new version. */
  readonly manifest: ModelManifest;
  readonly plan: Pick<SplitPlan, 'pictures'>;
  readonly measurement: Pick<HeldOutMeasurement, 'isRight'>;
}

/** With fewer common pictures the paired test cannot tell models apart: 5 of 5 is the first significant result (p = 1/32). */
const FEWEST_COMMON_PICTURES = 5;

/**
 * Serves the new version, or keeps the current one when the paired test says that the new one is worse. Both are judged on the new
 * version's held-out pictures, without those that the current one was trained on. If another version became current meanwhile, the
 * comparison no longer holds and nothing is changed.
 */
export async function decidePromotion(request: PromotionRequest): Promise<PromotionDecision> {
  const { promotion, registry, manifest } = request;
  if (promotion === 'never') return { isPromoted: false, reason: 'not served, as asked (--promote never)' };
  const { expected, ...verdict } = await judgePromotion(request);
  if (verdict.isPromoted) await registry.promote(manifest.version, { expected });
  return verdict;
}

/** Compares without promoting: `decidePromotion` in two steps, for those that have them apart. */
export async function judgePromotion(request: PromotionRequest): Promise<PromotionVerdict> {
  const { promotion, registry } = request;
  const current = await registry.current();
  const expected = current?.version ?? null;
  if (promotion === 'always') return { isPromoted: true, reason: 'served, as asked (--promote always)', expected };
  if (current === null) return { isPromoted: true, reason: 'served: it is the first version', expected };
  return { ...(await compareWithCurrent(request, current.version)), expected };
}

async function compareWithCurrent(request: JudgedVersion, currentVersion: string): Promise<PromotionDecision> {
  if (currentVersion === request.manifest.version)
    return { isPromoted: true, reason: 'served: it equals the current version' };
  try {
    const live = await rightAnswersOfCurrent(request, currentVersion);
    const keys = [...request.measurement.isRight.keys()].filter((key) => live.has(key));
    if (keys.length < FEWEST_COMMON_PICTURES) {
      return {
        isPromoted: true,
        reason: `served: only ${keys.length} held-out pictures are new to ${currentVersion} too, too few to compare the versions`,
      };
    }
    const comparison = comparePaired(
      keys.map((key) => live.get(key) === true),
      keys.map((key) => request.measurement.isRight.get(key) === true),
    );
    const isPromoted = isNotWorse(comparison);
    const verdict = isPromoted ? 'served' : `not served, ${currentVersion} stays`;
    return { isPromoted, reason: `${verdict}: ${describeComparison(comparison)}` };
  } catch (error) {
    if (!(error instanceof HeadstartError)) throw error;
    return { isPromoted: true, reason: `served: the current version cannot be compared (${messageOf(error)})` };
  }
}

/** Of the held-out pictures that the current version was not trained on and has vectors for. */
async function rightAnswersOfCurrent(
  { registry, workspace, plan, measurement }: JudgedVersion,
  version: string,
): Promise<ReadonlyMap<string, boolean>> {
  const head = await openServedHead(registry, version);
  try {
    const seen = parseSplitFile(await registry.readFile(version, SPLIT_FILE_NAME)).pictures;
    const trainedOn = new Set(seen.filter(({ split }) => split !== 'test').map(({ sha256 }) => sha256));
    const fresh = plan.pictures.filter(({ key, sha256 }) => measurement.isRight.has(key) && !trainedOn.has(sha256));
    return await answer(head, workspace, fresh);
  } finally {
    await head.close();
  }
}

async function answer(
  head: ServedHead,
  { state, dataset }: Workspace,
  pictures: readonly { readonly key: string; readonly label: string }[],
): Promise<ReadonlyMap<string, boolean>> {
  const { features, backbone } = head.manifest;
  const location = { dataset, featureSpaceId: features.featureSpaceId, dimensions: backbone.dimensions };
  const index = await new FeatureStore(state, location).open();
  const known = pictures.filter(({ key }) => index.has(key));
  const rows = index.streamRows(known.map(({ key }) => key));
  const predicted = predictedClasses(await logitsOfRows(head, rows, head.labels.length), head.labels.length);
  return new Map(known.map(({ key, label }, row) => [key, head.labels[predicted[row] ?? -1] === label]));
}
