import type { InstalledBackbone } from '../../shared/backbone/backbone.ts';
import { backboneHome } from '../../shared/backbone/backbone-home.ts';
import { BACKBONE_ENTRIES } from '../../shared/backbone/backbone-registry.ts';
import { calibrationPictures } from '../../shared/workflow/calibration-pictures.ts';
import { importBackboneFile } from '../../shared/backbone/import-backbone-file.ts';
import { findInstalledBackbone, listInstalledBackbones } from '../../shared/backbone/installed-backbones.ts';
import { installInPrecision, type CalibrationPictures } from '../../shared/backbone/install-in-precision.ts';
import { pullBackbone } from '../../shared/backbone/pull-backbone.ts';
import { verifyBackbone } from '../../shared/backbone/verify-backbone.ts';
import { NotFoundError } from '../../shared/errors.ts';
import type { ImportFlags, PullFlags, VerifyFlags } from '../commands/backbone.ts';
import { interruptSignal } from '../interrupt.ts';
import type { OutputFlags } from '../options/common-options.ts';
import { formatBytes, formatCount, formatTable } from '../terminal/format.ts';
import { note, printJson, printLines } from '../terminal/output.ts';
import { Progress } from '../terminal/progress.ts';

export async function listBackbones(flags: OutputFlags): Promise<void> {
  const installed = await listInstalledBackbones();
  const known = BACKBONE_ENTRIES.filter(({ name }) => !installed.some((backbone) => backbone.name === name));
  if (flags.json) {
    printJson({ home: backboneHome(), installed, known });
    return;
  }
  const rows = [
    ...installed.map((backbone) =>
      toRow(backbone, `installed (${backbone.precision}, ${formatBytes(backbone.sizeBytes)})`),
    ),
    ...known.map((entry) =>
      toRow(entry, isPackaged(entry.name) ? 'comes with the installation' : `pull (${hashState(entry.name)})`),
    ),
  ];
  printLines(formatTable(['name', 'vector', 'parameters', 'state', 'licence'], rows), '', `home: ${backboneHome()}`);
}

export async function pull(name: string, flags: PullFlags): Promise<void> {
  const progress = new Progress({ title: 'downloading', unit: 'bytes' });
  const { mirror, file, precision, calibrate } = flags;
  try {
    const { installed, sourceSha256 } = await pullBackbone(name, {
      signal: interruptSignal(),
      onProgress: (received, total) => {
        progress.update(received, total ?? received);
      },
      ...(mirror !== undefined && { mirror }),
      ...(file !== undefined && { file }),
      ...(precision !== undefined && { precision }),
      ...calibrationOf(calibrate),
    });
    progress.clear();
    if (sourceSha256 !== null && hashState(name) === 'unverified') {
      note(`no published hash is known for ${name}; compare this SHA-256 with the publisher's: ${sourceSha256}`);
    }
    report(installed, flags);
  } finally {
    progress.clear();
  }
}

export async function importFile(file: string, flags: ImportFlags): Promise<void> {
  const installed = await importBackboneFile(file, flags);
  const { precision = 'float32', calibrate } = flags;
  const options = { ...calibrationOf(calibrate), signal: interruptSignal() };
  report(precision === 'float32' ? installed : await installInPrecision(installed, precision, options), flags);
}

function calibrationOf(photos: string | undefined): { readonly calibration?: CalibrationPictures } {
  if (photos === undefined) return {};
  const calibration: CalibrationPictures = (input) => {
    note(`calibrating on pictures of ${photos}, which takes about as long as embedding some hundred of them`);
    return calibrationPictures(photos)(input);
  };
  return { calibration };
}

export async function verifyInstalled(name: string, flags: VerifyFlags): Promise<void> {
  const installed = await findInstalledBackbone(name, flags.precision);
  if (installed === null) {
    throw new NotFoundError(
      `expected backbone "${name}" to be installed, found none; headstart backbone list shows which are`,
    );
  }
  await verifyBackbone(installed);
  if (flags.json) printJson({ ...installed, isIntact: true });
  else
    printLines(
      `${installed.id}: file and hash fit, runs, vectors of ${formatCount(installed.outputs.embedding.dimensions)} finite values`,
    );
}

function report(installed: InstalledBackbone, flags: OutputFlags): void {
  if (flags.json) printJson(installed);
  else
    printLines(
      `installed ${installed.id} (${formatBytes(installed.sizeBytes)}), vectors of ${formatCount(installed.outputs.embedding.dimensions)} values`,
    );
}

interface BackboneFacts {
  readonly name: string;
  readonly parameterCount: number;
  readonly licence: string;
  readonly outputs: InstalledBackbone['outputs'];
}

function toRow({ name, parameterCount, licence, outputs }: BackboneFacts, state: string): (string | number)[] {
  return [name, outputs.embedding.dimensions, `${(parameterCount / 1e6).toFixed(1)} M`, state, licence];
}

function isPackaged(name: string): boolean {
  return BACKBONE_ENTRIES.some(
    (entry) => entry.name === name && entry.sources.some(({ url }) => url.startsWith('npm:')),
  );
}

function hashState(name: string): string {
  const entry = BACKBONE_ENTRIES.find((candidate) => candidate.name === name);
  const hash = entry?.sources[0]?.hash ?? null;
  return hash === null ? 'unverified' : `${hash.algorithm.toUpperCase()} known`;
}
