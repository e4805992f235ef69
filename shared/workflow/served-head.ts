import { HEAD_WEIGHTS_FILE_NAME, parseHeadWeights } from '../head/head-weights-file.ts';
import { openHead } from '../head/predict-head.ts';
import type { ModelManifest } from '../registry/model-manifest.ts';
import type { ModelRegistry } from '../registry/model-registry.ts';

/** A published model, loaded and ready to answer. */
export interface ServedHead {
  readonly version: string;
  readonly manifest: ModelManifest;
  /** In the order of the probabilities. */
  readonly labels: readonly string[];
  /** Length D of the vectors it takes. */
  readonly dimensions: number;
  /** @param embeddings `[count, D]` float32 @returns `[count, labels]` float32, calibrated; each row sums to 1 */
  probabilities(embeddings: Float32Array, count: number): Promise<Float32Array>;
  /** Before temperature and softmax. @param embeddings `[count, D]` float16 @returns `[count, labels]` */
  logits(embeddings: Float16Array, count: number): Promise<Float32Array>;
  close(): Promise<void>;
}

/**
 * Loads one version. Its files are checked against the manifest.
 *
 * @param version an id, the unique start of one, or `current`
 * @throws NotFoundError, DamagedFileError
 */
export async function openServedHead(
  registry: ModelRegistry,
  version = 'current',
  options: { readonly threads?: number } = {},
): Promise<ServedHead> {
  const resolved = await registry.resolve(version);
  const manifest = await registry.readManifest(resolved);
  const weights = parseHeadWeights(await registry.readFile(resolved, HEAD_WEIGHTS_FILE_NAME));
  const head = await openHead(weights, { temperature: manifest.temperature, ...options });
  return {
    version: resolved,
    manifest,
    labels: manifest.labels,
    dimensions: head.dimensions,
    // Rounded to float16 as the cache does, so that a prediction equals what was measured on the cached vector.
    probabilities: async (embeddings, count) =>
      (await head.predict(Float16Array.from(embeddings), count)).probabilities,
    logits: async (embeddings, count) => (await head.predict(embeddings, count)).logits,
    close: () => head.close(),
  };
}
