import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { InstalledBackbone } from '../backbone/backbone.ts';
import { assertIntact } from '../backbone/installed-backbones.ts';
import { parseSplitFile, SPLIT_FILE_NAME } from '../dataset/split-file.ts';
import { InvalidInputError } from '../errors.ts';
import { HEAD_WEIGHTS_FILE_NAME, parseHeadWeights } from '../head/head-weights-file.ts';
import type { ModelManifest } from '../registry/model-manifest.ts';
import type { ModelRegistry } from '../registry/model-registry.ts';
import { explainFileErrors } from '../storage/file-error.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { replaceFolder } from '../storage/replace-folder.ts';
import { headstartVersion } from '../version.ts';
import {
  BUNDLE_FILE_NAME,
  describeFiles,
  GOLDEN_FILE_NAME,
  jsonBytes,
  MODEL_FILE_NAME,
  type BundleFile,
} from './bundle-file.ts';
import { bundleReadme } from './bundle-readme.ts';
import { metadataOf, RESIZE_RULE, type ClassifierFacts } from './classifier-facts.ts';
import { goldenAnswers } from './golden-answers.ts';
import { goldenPictures } from './golden-pictures.ts';
import { joinClassifier } from './join-classifier.ts';
import { tfjsHeadFiles } from './tfjs-head.ts';
import { verifyBundle, type VerifiedBundle } from './verify-bundle.ts';

export interface ExportModelRequest {
  readonly registry: ModelRegistry;
  /** A whole version id. */
  readonly version: string;
  /** The one that the model was trained on. */
  readonly backbone: InstalledBackbone;
  /** Where the training's pictures lie. @default golden pictures are drawn */
  readonly pictures?: ObjectStore;
  /** To write to: new, empty, or an earlier bundle, which is replaced. */
  readonly folder: string;
  /** @default the processors that this process may use */
  readonly threads?: number;
}

/**
 * Writes a bundle that other programs can use without Headstart: `model.onnx` (backbone, head, softmax; how to prepare a picture is in
 * its metadata), the head alone as `head.safetensors` and as a TF.js layers model in `head-tfjs/`, `labels.json`, and golden pictures
 * with the probabilities that the served model gives. The bundle is verified before it appears in its place; same model, same bytes.
 *
 * @throws InvalidInputError for another backbone, or a folder with other files; NotFoundError, DamagedFileError
 */
export async function exportModel(request: ExportModelRequest): Promise<VerifiedBundle> {
  const { registry, version, backbone, folder, threads } = request;
  const manifest = await registry.readManifest(version);
  assertSameBackbone(manifest, backbone);
  await assertReplaceable(folder);
  const files = await bundleFiles(request, manifest);
  const model = { dataset: manifest.dataset, version };
  const bundle: BundleFile = { formatVersion: 1, model, headstart: headstartVersion(), files: describeFiles(files) };
  const verified: VerifiedBundle[] = [];
  await explainFileErrors('write', folder, () =>
    replaceFolder(path.resolve(folder), async (partial) => {
      for (const [name, bytes] of files) {
        await mkdir(path.dirname(path.join(partial, name)), { recursive: true });
        await writeFile(path.join(partial, name), bytes);
      }
      await writeFile(path.join(partial, BUNDLE_FILE_NAME), jsonBytes(bundle));
      verified.push(await verifyBundle(partial, threads === undefined ? {} : { threads }));
    }),
  );
  const [result] = verified;
  if (result === undefined) throw new Error('expected the bundle to be verified');
  return result;
}

async function bundleFiles(
  request: ExportModelRequest,
  manifest: ModelManifest,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const { registry, version, backbone, pictures } = request;
  await assertIntact(backbone);
  const headBytes = await registry.readFile(version, HEAD_WEIGHTS_FILE_NAME);
  const weights = parseHeadWeights(headBytes);
  const { pooling, temperature, labels } = manifest;
  const facts = factsOf(manifest, backbone);
  const head = { weights, pooling, temperature };
  const model = joinClassifier(await readFile(backbone.modelPath), backbone.outputs, head, metadataOf(facts));
  const split = parseSplitFile(await registry.readFile(version, SPLIT_FILE_NAME));
  const golden = await goldenPictures(split.pictures, pictures ?? null);
  return new Map<string, Uint8Array>([
    ['README.md', new TextEncoder().encode(bundleReadme(facts))],
    [MODEL_FILE_NAME, model],
    [HEAD_WEIGHTS_FILE_NAME, headBytes],
    ['labels.json', jsonBytes(labels)],
    ...[...tfjsHeadFiles(weights, temperature)].map(([name, bytes]) => [`head-tfjs/${name}`, bytes] as const),
    ...golden.map(({ name, bytes }) => [`golden/${name}`, bytes] as const),
    [GOLDEN_FILE_NAME, jsonBytes(await goldenAnswers(request, golden))],
  ]);
}

function factsOf(manifest: ModelManifest, backbone: InstalledBackbone): ClassifierFacts {
  const { dataset, version, labels, pooling, temperature } = manifest;
  const { id, name, precision, licence, input } = backbone;
  return {
    formatVersion: 1,
    model: { dataset, version },
    labels,
    input: { ...input, resize: RESIZE_RULE },
    pooling,
    temperature,
    backbone: { id, name, precision, licence },
  };
}

function assertSameBackbone({ version, backbone }: ModelManifest, installed: InstalledBackbone): void {
  if (installed.id === backbone.id) return;
  throw new InvalidInputError(
    `expected backbone ${backbone.id}, on which model ${version} was trained, received ${installed.id}; its vectors are others`,
  );
}

/** An export must not remove files of another kind. */
async function assertReplaceable(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: unknown): string[] => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new InvalidInputError(`expected a folder for --out, received "${folder}", which is a file; name another`, {
      cause: error,
    });
  });
  if (names.length === 0 || names.includes(BUNDLE_FILE_NAME)) return;
  throw new InvalidInputError(
    `expected a new or empty folder, or an earlier bundle, for --out, found other files in "${folder}"; name another`,
  );
}
