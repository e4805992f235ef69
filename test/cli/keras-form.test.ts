import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeFullWidthWeights } from '../shared/backbone/full-width-weights.ts';
import { drawDataset } from '../support/pictures.ts';
import { runCli } from '../support/run-cli.ts';

let home: string;

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'headstart-cli-keras-'));
});
afterAll(async () => {
  await rm(home, { recursive: true });
});

/** docs/coming-from-keras.md, with weights from a seed: the published file is not in this repository. */
it(
  "the notebook's form runs end to end on an imported ResNet50 at full width: import, train, predict, export",
  { timeout: 240_000 },
  async () => {
    const photos = path.join(home, 'colours');
    const weights = path.join(home, 'mine.weights');
    writeFullWidthWeights(weights);
    await drawDataset(photos, ['red', 'green'], 8);
    const run = (...args: readonly string[]) => runCli(args, { home });

    const imported = await run('backbone', 'import', weights, '--name', 'my-resnet50', '--normalise', 'torch');
    const flags = ['--backbone', 'my-resnet50', '--pooling', 'flatten', '--epochs', '3', '--patience', '0'];
    const trained = await run('train', photos, ...flags, '--json');
    const predicted = await run('predict', photos, path.join(photos, 'red', 'red-0.jpg'), '--json');
    const exported = await run('export', photos, '--out', path.join(home, 'bundle'), '--json');

    expect(
      [imported, trained, predicted, exported].map(({ code, stderr }) => [code, code === 0 ? '' : stderr]),
    ).toEqual(Array(4).fill([0, '']));
    expect(imported.stdout).toContain('vectors of 2,048 values');
    const { facts, largestDifference } = JSON.parse(exported.stdout) as {
      facts: { pooling: string };
      largestDifference: number;
    };
    expect(facts.pooling).toBe('flatten');
    expect(largestDifference).toBeLessThan(1e-4);
    const { predictions } = JSON.parse(predicted.stdout) as { predictions: { predictions: { label: string }[] }[] };
    expect(predictions[0]?.predictions.map(({ label }) => label).sort()).toEqual(['green', 'red']);
  },
);
