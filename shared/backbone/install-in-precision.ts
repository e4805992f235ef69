import { readFile } from 'node:fs/promises';
import { InvalidInputError } from '../errors.ts';
import type { InstalledBackbone, Precision } from './backbone.ts';
import { installBackbone, type BackboneToInstall, type HomeOptions } from './installed-backbones.ts';
import { quantiseBackbone } from './quantise/quantise-backbone.ts';
import { quantiseWeights } from './quantise/quantise-weights.ts';

/** Normalised pictures in the backbone's layout, a batch at a time: shows the ranges that full int8 has to cover. */
export type CalibrationPictures = (input: BackboneToInstall['input']) => AsyncIterable<Float32Array>;

export interface InstallInPrecisionOptions extends HomeOptions {
  /** Needed for `int8`. */
  readonly calibration?: CalibrationPictures;
  readonly signal?: AbortSignal;
}

/** Installs a float32 backbone in another precision. @throws InvalidInputError for `int8` without pictures */
export async function installInPrecision(
  backbone: BackboneToInstall | InstalledBackbone,
  precision: Precision,
  options: InstallInPrecisionOptions = {},
): Promise<InstalledBackbone> {
  const model = 'model' in backbone ? backbone.model : await readFile(backbone.modelPath);
  const { name, licence, parameterCount, input, outputs, importedFrom } = backbone;
  const converted = await convert(model, input, precision, options);
  const facts = { name, licence, parameterCount, input, outputs, importedFrom };
  return installBackbone({ ...facts, precision, model: converted }, options);
}

async function convert(
  model: Uint8Array,
  input: BackboneToInstall['input'],
  precision: Precision,
  { calibration, signal }: InstallInPrecisionOptions,
): Promise<Uint8Array> {
  switch (precision) {
    case 'float32':
      return model;
    case 'int8-weights':
      return quantiseWeights(model);
    case 'int8': {
      if (calibration === undefined) {
        throw new InvalidInputError(
          'expected pictures to calibrate precision int8 with; name a folder by --calibrate ./photos',
        );
      }
      return (await quantiseBackbone(model, calibration(input), { ...(signal && { signal }) })).model;
    }
  }
}
