import { cpSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buildSync } from 'esbuild';
import type { InstalledBackbone } from '../../shared/backbone/backbone.ts';
import { HeadstartError } from '../../shared/errors.ts';
import { headstartVersion } from '../../shared/version.ts';
import { copyRuntimePackages, EXTERNAL_PACKAGES } from './runtime-packages.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** One folder in functions/ each. All share one asset: it is uploaded once, and most of it is the same for all. */
export const FUNCTION_NAMES = ['embed-images', 'train-head', 'predict-image'] as const;
export type FunctionName = (typeof FUNCTION_NAMES)[number];

/** What Lambda accepts, unpacked. */
export const MAX_ASSET_BYTES = 250 * 1024 * 1024;
/** Room for the code and the native packages: 66 MB, measured, and some to grow. */
const CODE_BYTES = 90 * 1024 * 1024;

/** Where a function finds its backbone: in the asset, as in the backbone home (shared/backbone/backbone-home.ts). */
export function backboneFolderOf({ name, precision }: Pick<InstalledBackbone, 'name' | 'precision'>): string {
  return path.posix.join('backbones', name, precision);
}

/** Whether the graph may travel with the code; else the function reads it from a bucket when it starts. */
export function fitsInAsset({ sizeBytes }: Pick<InstalledBackbone, 'sizeBytes'>): boolean {
  return sizeBytes + CODE_BYTES <= MAX_ASSET_BYTES;
}

/**
 * Writes all that the functions need into a folder: a CommonJS file each, the native packages for linux-x64, the backbone's facts, and its
 * graph when it fits. Needs no Docker, and gives the same bytes for the same input, so that an unchanged asset is not uploaded again.
 *
 * @throws HeadstartError `asset_too_large`; NotFoundError when a native package is missing
 */
export function bundleFunctions(backbone: InstalledBackbone, folder: string): void {
  buildSync({
    absWorkingDir: ROOT,
    entryPoints: Object.fromEntries(FUNCTION_NAMES.map((name) => [name, `functions/${name}/handler.ts`])),
    outdir: folder,
    bundle: true,
    minify: true,
    keepNames: true,
    legalComments: 'none',
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    // The tfjs engine is not for functions: it is over 350 MB.
    external: [...EXTERNAL_PACKAGES, '@tensorflow/*'],
    define: { 'process.env.HEADSTART_VERSION': JSON.stringify(headstartVersion()) },
    // A bundle has one file and no neighbours; what asks for them (shared/features/worker-embedder.ts) is prepared for that.
    logOverride: { 'empty-import-meta': 'silent' },
    logLevel: 'warning',
  });
  // So that Node takes the files for what they are, wherever the folder lies.
  writeFileSync(path.join(folder, 'package.json'), '{"type":"commonjs"}\n');
  copyRuntimePackages(path.join(ROOT, 'node_modules'), folder);
  copyBackbone(backbone, path.join(folder, backboneFolderOf(backbone)));
  assertSize(folder);
}

function copyBackbone(backbone: InstalledBackbone, folder: string): void {
  mkdirSync(folder, { recursive: true });
  cpSync(path.join(path.dirname(backbone.modelPath), 'backbone.json'), path.join(folder, 'backbone.json'));
  if (fitsInAsset(backbone)) cpSync(backbone.modelPath, path.join(folder, 'model.onnx'));
}

function assertSize(folder: string): void {
  const sizeBytes = folderBytes(folder);
  if (sizeBytes <= MAX_ASSET_BYTES) return;
  throw new HeadstartError(
    'asset_too_large',
    `expected at most ${MAX_ASSET_BYTES} bytes in the functions' asset, received ${sizeBytes}; choose a smaller backbone or precision`,
  );
}

export function folderBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(path.join(entry.parentPath, entry.name)).size, 0);
}
