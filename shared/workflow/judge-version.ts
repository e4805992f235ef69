import { parseSplitFile, SPLIT_FILE_NAME } from '../dataset/split-file.ts';
import { predictedClasses } from '../evaluation/predictions.ts';
import { FeatureStore } from '../features/feature-store.ts';
import type { ModelRegistry } from '../registry/model-registry.ts';
import { logitsOfRows } from './logits-of-rows.ts';
import { judgePromotion, type PromotionVerdict } from './promotion.ts';
import { openServedHead } from './served-head.ts';
import { rowsOfSplit } from './split-rows.ts';
import type { Workspace } from './workspace.ts';

/**
 * The gate for a version that is stored already, when training and promotion are two steps of a workflow. Answers its held-out pictures again, from the
 * files of the version and the cache alone.
 *
 * @throws NotFoundError, DamagedFileError
 */
export async function judgeVersion(
  workspace: Workspace,
  registry: ModelRegistry,
  version: string,
): Promise<PromotionVerdict> {
  const head = await openServedHead(registry, version);
  try {
    const { manifest, labels } = head;
    const plan = parseSplitFile(await registry.readFile(head.version, SPLIT_FILE_NAME));
    const { featureSpaceId } = manifest.features;
    const { dimensions } = manifest.backbone;
    const index = await new FeatureStore(workspace.state, {
      dataset: workspace.dataset,
      featureSpaceId,
      dimensions,
    }).open();
    const known = plan.pictures.filter(({ key }) => index.has(key));
    const heldOut =
      (await rowsOfSplit(index, known, 'test', labels)) ?? (await rowsOfSplit(index, known, 'valid', labels));
    const isRight = new Map<string, boolean>();
    if (heldOut !== null) {
      const predicted = predictedClasses(await logitsOfRows(head, heldOut.features, labels.length), labels.length);
      for (const [row, key] of heldOut.keys.entries()) isRight.set(key, predicted[row] === heldOut.labels[row]);
    }
    return await judgePromotion({
      promotion: 'gate',
      workspace,
      registry,
      manifest,
      plan,
      measurement: { isRight },
    });
  } finally {
    await head.close();
  }
}
