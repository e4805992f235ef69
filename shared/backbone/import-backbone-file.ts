import { InvalidInputError } from '../errors.ts';
import { NORMALISATIONS, type Layout, type NormalisationName } from '../image/normalisation.ts';
import type { InstalledBackbone } from './backbone.ts';
import { BACKBONE_ENTRIES } from './backbone-registry.ts';
import { installBackbone, type HomeOptions } from './installed-backbones.ts';
import { importOnnx, type ImportedOnnx } from './onnx/import-onnx.ts';
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
 * Installs a file of the user's own: ONNX, or the `model.json` of a TF.js graph or layers model (a Teachable Machine export), whose
 * weights lie beside it.
 *
 * @throws InvalidInputError, NotFoundError, DamagedFileError
 */
export async function importBackboneFile(file: string, options: ImportBackboneOptions): Promise<InstalledBackbone> {
  assertName(options.name);
  const imported = file.endsWith('.json') ? await importTfjs(file, options) : await importOnnxFile(file, options);
  const { name, licence = 'not stated' } = options;
  return installBackbone({ ...imported, name, licence, precision: 'float32', importedFrom: file }, options);
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

async function importTfjs(file: string, options: ImportBackboneOptions): Promise<ImportedOnnx> {
  const given = (['input', 'layout', 'features', 'embedding'] as const).filter((flag) => options[flag] !== undefined);
  if (given.length > 0) {
    throw new InvalidInputError(
      `expected no --${given.join(', --')} for "${file}": a TF.js model is cut at its last feature map by itself; leave the flag out`,
    );
  }
  const network = await importTfjsFolder(file);
  return {
    model: network.model,
    input: {
      name: 'image',
      width: network.width,
      height: network.height,
      layout: 'NCHW',
      normalisation: NORMALISATIONS[options.normalise],
    },
    outputs: {
      features: { name: 'features', channels: network.channels, ...network.featureSize },
      embedding: { name: 'embedding', dimensions: network.channels },
    },
    parameterCount: network.parameterCount,
  };
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
