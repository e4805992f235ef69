import type { InstalledBackbone } from '../backbone/backbone.ts';
import { openBackbone } from '../backbone/open-backbone.ts';
import type { ModelRegistry } from '../registry/model-registry.ts';
import { classifyPictures } from '../workflow/classify.ts';
import { openServedHead } from '../workflow/served-head.ts';
import type { GoldenFile } from './bundle-file.ts';
import type { GoldenPicture } from './golden-pictures.ts';

/**
 * Another processor sums in another order, which moves a value of the vector across a rounding to float16 now and then, and a probability
 * by some 1e-4. A wrong preprocessing moves probabilities by far more.
 */
export const GOLDEN_TOLERANCE = 2e-3;

/** A version and the backbone that it was trained on. */
export interface ServedModel {
  readonly registry: ModelRegistry;
  readonly version: string;
  readonly backbone: InstalledBackbone;
  /** @default the processors that this process may use */
  readonly threads?: number;
}

/** What the served model answers: not what the exported graph computes, which is to be held against it. */
export async function goldenAnswers(
  { registry, version, backbone, threads }: ServedModel,
  golden: readonly GoldenPicture[],
): Promise<GoldenFile> {
  const options = threads === undefined ? {} : { threads };
  const head = await openServedHead(registry, version, options);
  const opened = await openBackbone(backbone, { pooling: head.manifest.pooling, ...options });
  try {
    const pictures: GoldenFile['pictures'] = [];
    for (const { name, bytes, source, label } of golden) {
      const top = head.labels.length;
      const [answer] = await classifyPictures(opened, head, [{ name, bytes }], { top });
      if (answer === undefined || 'refused' in answer) continue; // Damaged since the training; the others do.
      const byLabel = new Map(answer.predictions.map((prediction) => [prediction.label, prediction.probability]));
      const probabilities = head.labels.map((one) => byLabel.get(one) ?? 0);
      pictures.push({ file: `golden/${name}`, source, label, probabilities });
    }
    return { tolerance: GOLDEN_TOLERANCE, pictures };
  } finally {
    await Promise.all([head.close(), opened.close()]);
  }
}
