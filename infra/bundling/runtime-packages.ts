import { cpSync, existsSync } from 'node:fs';
import path from 'node:path';
import { NotFoundError } from '../../shared/errors.ts';

/** A package that cannot be bundled, because it loads native code beside itself, and the parts of it that run on Lambda. */
interface RuntimePackage {
  readonly name: string;
  readonly parts: readonly string[];
}

/** Only what Linux on x86-64 loads: all platforms of these packages are 310 MB, which no function may be. */
const RUNTIME_PACKAGES: readonly RuntimePackage[] = [
  { name: 'onnxruntime-node', parts: ['package.json', 'dist', 'bin/napi-v6/linux/x64'] },
  { name: 'onnxruntime-common', parts: ['package.json', 'dist/cjs'] },
  { name: 'sharp', parts: ['package.json', 'LICENSE', 'dist'] },
  { name: 'detect-libc', parts: ['package.json', 'LICENSE', 'lib'] },
  {
    name: 'semver',
    parts: ['package.json', 'LICENSE', 'index.js', 'classes', 'functions', 'internal', 'ranges', 'preload.js'],
  },
  { name: '@img/colour', parts: ['package.json', 'LICENSE.md', 'index.cjs', 'color.cjs'] },
  { name: '@img/sharp-linux-x64', parts: ['package.json', 'LICENSE', 'index.cjs', 'lib'] },
  { name: '@img/sharp-libvips-linux-x64', parts: ['package.json', 'versions.json', 'lib/index.js', 'lib'] },
];

/** Names that the bundler leaves to `node_modules`. */
export const EXTERNAL_PACKAGES: readonly string[] = RUNTIME_PACKAGES.map(({ name }) => name);

/** For people and compilers only. */
const NOT_RUN = /\.(map|d\.[cm]?ts|md|h|mjs)$|[/\\](glib-2\.0|pkgconfig)([/\\]|$)/;

/**
 * Copies the packages into `<folder>/node_modules`.
 *
 * @throws NotFoundError when one is missing, as those of Linux are on a Mac
 */
export function copyRuntimePackages(modules: string, folder: string): void {
  for (const { name, parts } of RUNTIME_PACKAGES) {
    for (const part of parts) {
      const source = path.join(modules, name, part);
      if (!existsSync(source)) throw missing(name, source);
      const target = path.join(folder, 'node_modules', name, part);
      cpSync(source, target, {
        recursive: true,
        dereference: true,
        filter: (file) => !NOT_RUN.test(file) || isLicence(file),
      });
    }
  }
}

function isLicence(file: string): boolean {
  return /^licen[cs]e/i.test(path.basename(file));
}

function missing(name: string, source: string): NotFoundError {
  return new NotFoundError(
    `expected the Linux files of "${name}" for the functions, found none at "${source}"; ` +
      'run: npm ci --os=linux --cpu=x64 --libc=glibc --include=optional (and npm ci again afterwards)',
    { code: 'package_missing' },
  );
}
