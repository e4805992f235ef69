import { mkdtemp, readFile, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SweepTrial } from '../../shared/head/sweep-heads.ts';
import type { ModelManifest } from '../../shared/registry/model-manifest.ts';
import { drawDataset } from '../support/pictures.ts';
import { runCli, type CliResult } from '../support/run-cli.ts';

let home: string;
let folder: string;

const train = (...args: readonly string[]): Promise<CliResult> => runCli(['train', folder, ...args], { home });
const modelFile = (version: unknown, name: string) =>
  readFile(path.join(folder, '.headstart', 'models', 'colours', String(version), name));

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'headstart-sweep-'));
  folder = path.join(home, 'colours');
  // Labels of two sizes, so that weights of the classes are tried too.
  await drawDataset(folder, ['red', 'green'], 12);
  await drawDataset(folder, ['blue'], 30);
});

describe('headstart train --sweep', () => {
  it('prints every setting with the chosen one first', async () => {
    const { code, stdout } = await train('--sweep', '6', '--epochs', '20');

    expect(code).toBe(0);
    const [title = '', headings = '', chosen = '', ...rest] = stdout.split('\n');
    expect(title).toBe('tried 6 settings; chosen by the validation pictures:');
    expect(headings.trim().split(/ {2,}/)).toEqual([
      'learning rate',
      'L2',
      'dropout',
      'class weights',
      'epochs',
      'validation loss',
      'accuracy',
    ]);
    expect(chosen).toMatch(/chosen$/);
    expect(rest.indexOf('')).toBe(5);
    expect(stdout).toMatch(/^accuracy +100%/m);
  });

  it('makes the version that a training with the chosen settings makes, and keeps what was tried in it', async () => {
    const swept = JSON.parse((await train('--sweep', '5', '--epochs', '20', '--json')).stdout) as {
      readonly version: string;
      readonly hyperparameters: SweepTrial['hyperparameters'];
      readonly sweep: readonly SweepTrial[];
    };
    const { learningRate, dropout, l2, classWeights } = swept.hyperparameters;
    const flags = ['--learning-rate', learningRate, '--dropout', dropout, '--l2', l2, '--class-weights', classWeights];

    const plain = await train('--epochs', '20', '--json', ...flags.map(String));

    const { version } = JSON.parse(plain.stdout) as { readonly version: string };
    expect(await modelFile(version, 'head.safetensors')).toEqual(await modelFile(swept.version, 'head.safetensors'));
    const manifest = JSON.parse((await modelFile(swept.version, 'manifest.json')).toString()) as ModelManifest;
    expect(manifest.hyperparameters).toEqual(swept.hyperparameters);
    expect(JSON.parse((await modelFile(swept.version, 'sweep.json')).toString())).toEqual(swept.sweep);
    expect(swept.sweep).toHaveLength(5);
    expect(swept.sweep.filter(({ outcome }) => outcome === 'chosen')).toMatchObject([
      { hyperparameters: swept.hyperparameters },
    ]);
    const files = await readdir(path.join(folder, '.headstart', 'models', 'colours', version));
    expect(files).not.toContain('sweep.json');
  });

  it('records a command that can be typed again', async () => {
    const { stdout } = await train('--epochs', '20', '--json', '--sweep');
    const { version } = JSON.parse(stdout) as { readonly version: string };

    const report = (await modelFile(version, 'report.html')).toString();

    expect(report).toMatch(/headstart train .* --sweep(?! true)/);
    expect(report).not.toContain('--sweep true');
  });

  it.each([
    ['1', 'sweep: expected a whole number in [2, 64], received 1'],
    ['65', 'sweep: expected a whole number in [2, 64], received 65'],
    ['many', "argument 'many' is invalid"],
  ])('refuses %s settings', async (count, message) => {
    const { code, stderr } = await train('--sweep', count);

    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it('refuses a sweep that nothing was held out for', async () => {
    const { code, stderr } = await train('--sweep', '--valid-share', '0', '--test-share', '0');

    expect(code).toBe(2);
    expect(stderr).toContain('expected validation pictures for a sweep to choose by');
  });
});
