import { stat } from 'node:fs/promises';
import { InvalidInputError, NotFoundError } from '../errors.ts';
import { NORMALISATIONS, type Layout, type NormalisationName } from '../image/normalisation.ts';
import { OnnxGraph } from '../onnx/onnx-graph.ts';
import { readHead } from './assert-binary-weights.ts';
import type { InstalledBackbone } from './backbone.ts';
import { BACKBONE_ENTRIES, backboneEntry } from './backbone-registry.ts';
import { installBackbone, type HomeOptions } from './installed-backbones.ts';
import { isHdf5 } from './keras-h5/open-hdf5.ts';
import { importOnnx, type ImportedOnnx } from './onnx/import-onnx.ts';
import { importResNet50 } from './resnet50/import-resnet50.ts';
import { isSafetensors } from './safetensors-file.ts';
import { importTfjsFolder } from './tfjs/import-tfjs-folder.ts';

export interface ImportBackboneOptions extends HomeOptions {
  /** To call it by: lower-case letters, digits, dots and dashes; not that of a registry entry. */
  readonly name: string;
  readonly normalise: NormalisationName;
  /** See ImportOnnxOptions for these four. */
  readonly input?: string;
  readonly layout?: Layout;
  readonly features?: string;
  readonly embedding?: string;
  /** @default 'not stated' */
  readonly licence?: string;
}

const NAME_PATTERN = /^[a-z0-9][a-z0-9.-]{0,63}$/;

/**
 * Installs a file of the user's own, told by its bytes: ONNX; ResNet50 weights as Keras HDF5 or safetensors; or the `model.json` of a
 * TF.js graph or layers model (a Teachable Machine export), whose weights lie beside it.
 *
 * @throws InvalidInputError, NotFoundError, DamagedFileError
 */
export async function importBackboneFile(file: string, options: ImportBackboneOptions): Promise<InstalledBackbone> {
  assertName(options.name);
  const imported = await importByKind(file, options);
  const { name, licence = 'not stated' } = options;
  return installBackbone({ ...imported, name, licence, precision: 'float32', importedFrom: file }, options);
}

async function importByKind(file: string, options: ImportBackboneOptions): Promise<ImportedOnnx> {
  if (file.endsWith('.json')) return importTfjs(file, options);
  const head = await openHead(file);
  return isHdf5(head) || isSafetensors(head) ? importWeights(file, options) : importOnnxFile(file, options);
}

async function openHead(file: string): Promise<Uint8Array> {
  const facts = await stat(file).catch(() => null);
  if (facts?.isFile() === true) return readHead(file);
  throw new NotFoundError(
    `expected a file at "${file}", found ${facts === null ? 'none' : 'a folder'}; check the path`,
  );
}

function importOnnxFile(
  file: string,
  { normalise, input, layout, features, embedding }: ImportBackboneOptions,
): Promise<ImportedOnnx> {
  return importOnnx(file, {
    normalisation: NORMALISATIONS[normalise],
    ...(input !== undefined && { inputName: input }),
    ...(layout !== undefined && { layout }),
    ...(features !== undefined && { featuresName: features }),
    ...(embedding !== undefined && { embeddingName: embedding }),
  });
}

async function importWeights(file: string, options: ImportBackboneOptions): Promise<ImportedOnnx> {
  assertNoGraphFlags(file, 'the network of these weights is known', options);
  const { model, dimensions } = await importResNet50(file);
  const { input, outputs } = backboneEntry('resnet50');
  return {
    model,
    input: { ...input, normalisation: NORMALISATIONS[options.normalise] },
    outputs: { ...outputs, embedding: { ...outputs.embedding, dimensions } },
    parameterCount: new OnnxGraph(model).parameterCount,
  };
}

async function importTfjs(file: string, options: ImportBackboneOptions): Promise<ImportedOnnx> {
  assertNoGraphFlags(file, 'a TF.js model is cut at its last feature map by itself', options);
  const network = await importTfjsFolder(file);
  const { model, width, height, channels, featureSize, parameterCount } = network;
  return {
    model,
    input: { name: 'image', width, height, layout: 'NCHW', normalisation: NORMALISATIONS[options.normalise] },
    outputs: {
      features: { name: 'features', channels, ...featureSize },
      embedding: { name: 'embedding', dimensions: channels },
    },
    parameterCount,
  };
}

function assertNoGraphFlags(file: string, reason: string, options: ImportBackboneOptions): void {
  const given = (['input', 'layout', 'features', 'embedding'] as const).filter((flag) => options[flag] !== undefined);
  if (given.length === 0) return;
  throw new InvalidInputError(
    `expected no --${given.join(', --')} for "${file}": ${reason}; leave ${given.length === 1 ? 'the flag' : 'them'} out`,
  );
}

function assertName(name: string): void {
  if (!NAME_PATTERN.test(name)) {
    throw new InvalidInputError(`expected lower-case letters, digits, dots and dashes for --name, received "${name}"`);
  }
  if (BACKBONE_ENTRIES.some((entry) => entry.name === name)) {
    throw new InvalidInputError(
      `expected a name of your own for --name, received "${name}", which is a registered backbone; choose another`,
    );
  }
}
