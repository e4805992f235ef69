import { mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawDataset } from '../support/pictures.ts';
import { runCli } from '../support/run-cli.ts';

let home: string;
let photos: string;
let bundle: string;

const run = (...args: readonly string[]) => runCli(args, { home });

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'headstart-cli-export-'));
  photos = path.join(home, 'colours');
  bundle = path.join(home, 'bundle');
  await drawDataset(photos, ['red', 'green'], 12);
  const { code, stderr } = await run('train', photos);
  if (code !== 0) throw new Error(stderr);
});
afterAll(async () => {
  await rm(home, { recursive: true });
});

describe('headstart export and verify', () => {
  it('write a bundle of the served version and check it', async () => {
    const exported = await run('export', photos, '--out', bundle);
    const verified = await run('verify', bundle);

    expect([exported.code, verified.code]).toEqual([0, 0]);
    expect(exported.stdout).toMatch(/exported \d{8}T\d{6}Z-\w+ \(2 labels, backbone mobilenet-v2-float32-/);
    expect(exported.stdout).toMatch(
      /held-out pictures: probabilities differ by at most (0|\d\.\de-\d+) \(tolerance 0\.002\)/,
    );
    expect(await readdir(bundle)).toContain('model.onnx');
    expect(verified.stdout).toMatch(/golden\/01\.jpg +green +green +(0|\d\.\de)/);
    expect(verified.stdout).toContain('every file as exported');
  });

  it('take a model folder alone, with drawn pictures, and give JSON', async () => {
    const models = path.join(photos, '.headstart', 'models', 'colours');
    const [version = ''] = (await readdir(models)).filter((name) => name !== 'current.json');
    const out = path.join(home, 'from-folder');

    const { code, stdout } = await run('export', path.join(models, version), '--out', out, '--json');

    expect(code).toBe(0);
    const result = JSON.parse(stdout) as { folder: string; pictures: { source: string }[]; facts: { model: unknown } };
    expect(result.folder).toBe(out);
    expect(result.facts.model).toEqual({ dataset: 'colours', version });
    expect(result.pictures.every(({ source }) => source === 'synthetic')).toBe(true);
    const verified = JSON.parse((await run('verify', out, '--json')).stdout) as { largestDifference: number };
    expect(verified.largestDifference).toBeLessThan(1e-4);
  });

  it('name what is damaged, with exit code 4, and write nothing without --out or over other files', async () => {
    const copy = path.join(home, 'damaged');
    await run('export', photos, '--out', copy);
    await truncate(path.join(copy, 'labels.json'), 3);

    const damaged = await run('verify', copy);
    const missing = await run('export', photos);
    const occupied = await run('export', photos, '--out', photos);

    expect(damaged.code).toBe(4);
    expect(damaged.stderr).toContain('labels.json (3 bytes instead of');
    expect(missing.code).toBe(2);
    expect(occupied.code).toBe(2);
    expect(occupied.stderr).toContain('found other files');
    expect((await readFile(path.join(photos, 'red', 'red-0.jpg'))).length).toBeGreaterThan(0);
    expect((await run('verify', photos)).code).toBe(3);
  });
});
