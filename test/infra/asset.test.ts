import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { fitsInAsset, folderBytes, FUNCTION_NAMES, MAX_ASSET_BYTES } from '../../infra/bundling/bundle-functions.ts';
import { synthesiseStack } from '../support/aws/synthesised-stack.ts';

const MB = 1024 * 1024;

describe("the functions' asset", () => {
  let asset: string;
  let files: string[];
  beforeAll(async () => {
    ({ asset } = await synthesiseStack());
    files = readdirSync(asset, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(asset, path.join(entry.parentPath, entry.name)));
  });

  it('is below 250 MB, and below 100 MB without its backbone', () => {
    const backboneBytes = folderBytes(path.join(asset, 'backbones'));
    const codeBytes = folderBytes(asset) - backboneBytes;
    expect(codeBytes + backboneBytes).toBeLessThan(MAX_ASSET_BYTES);
    expect(codeBytes).toBeLessThan(100 * MB);
    expect(codeBytes).toBeGreaterThan(40 * MB);
  });

  it('holds every function and a backbone', () => {
    for (const name of FUNCTION_NAMES) expect(files).toContain(`${name}.js`);
    expect(files.filter((file) => file.endsWith('model.onnx'))).toHaveLength(1);
  });

  it('holds binaries of linux-x64 only', () => {
    const binaries = files.filter((file) => /\.(node|dll|dylib)$|\.so(\.|$)/.test(file));
    expect(binaries.length).toBeGreaterThanOrEqual(4);
    for (const binary of binaries) {
      const start = execFileSync('head', ['-c', '20', path.join(asset, binary)]);
      // ELF, 64 bits, and machine 62: x86-64.
      expect([start.toString('latin1', 0, 4), start[4], start.readUInt16LE(18)], binary).toEqual(['\u007fELF', 2, 62]);
    }
    expect(files.filter((file) => /darwin|win32|arm64|musl/.test(path.basename(file)))).toEqual([]);
  });

  it('leaves a backbone to the bucket that would not fit', () => {
    expect(fitsInAsset({ sizeBytes: 100 * MB })).toBe(true);
    expect(fitsInAsset({ sizeBytes: 200 * MB })).toBe(false);
  });
});
