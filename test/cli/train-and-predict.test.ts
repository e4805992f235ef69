import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { drawDataset, drawPicture } from '../support/pictures.ts';
import { runCli, type CliResult } from '../support/run-cli.ts';

let home: string;
let template: string;

const run = (...args: readonly string[]): Promise<CliResult> => runCli(args, { home });

/** A copy of a folder of 3 labels with 12 pictures each. */
async function photos(): Promise<string> {
  const folder = path.join(await mkdtemp(path.join(home, 'photos-')), 'colours');
  await cp(template, folder, { recursive: true });
  return folder;
}

function json(result: CliResult): Record<string, unknown> {
  expect(result.stderr).not.toContain('unexpected failure');
  return JSON.parse(result.stdout) as Record<string, unknown>;
}

async function modelFolder(folder: string, version: unknown): Promise<string> {
  const models = path.join(folder, '.headstart', 'models', 'colours');
  expect(await readdir(models)).toContain(version);
  return path.join(models, String(version));
}

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'headstart-cli-'));
  template = path.join(home, 'template');
  await drawDataset(template, ['red', 'green', 'blue'], 12);
});

describe('headstart train', () => {
  it('turns a folder into a served model with a report, and a second run reuses every vector', async () => {
    const folder = await photos();

    const first = await run('train', folder);
    const second = await run('train', folder);

    expect(first.code).toBe(0);
    expect(first.stderr).toContain('embedded 36 pictures');
    expect(first.stderr).toContain('headstart backbone pull resnet50');
    expect(first.stdout).toMatch(/accuracy +100%/);
    expect(first.stdout).toContain('served: it is the first version');
    const report = /report +(\S+)/.exec(first.stdout)?.[1] ?? '';
    expect(await readFile(report, 'utf8')).toContain('<!doctype html>');
    expect(second.stderr).toContain('embedded nothing new, reused 36 vectors');
    // Within the second of the first run the same bytes get the same version, later another one that is compared.
    expect(second.stdout).toMatch(/served: (on the same|it equals the current version)/);
  });

  it('takes a folder with spaces and signs in its name, and prints paths and commands that work as they are', async () => {
    const folder = path.join(await mkdtemp(path.join(home, 'photos-')), "Anna's photös & more");
    await cp(template, folder, { recursive: true });

    const { code, stdout } = await run('train', folder);

    const modelFolder = /^model +(.+)$/m.exec(stdout)?.[1] ?? '';
    expect(code).toBe(0);
    expect(await readdir(modelFolder)).toContain('manifest.json');
    expect(stdout).toContain(`headstart predict '${folder.replace("'", `'\\''`)}' <picture>`);
  });

  it('gives the same bytes for the same pictures and seed, and others for another seed', async () => {
    const [folder, other] = [await photos(), await photos()];

    const [a, b, c] = [
      json(await run('train', folder, '--json', '--seed', '5')),
      json(await run('train', other, '--json', '--seed', '5')),
      json(await run('train', other, '--json', '--seed', '6')),
    ];

    const weights = async (where: string, { version }: Record<string, unknown>) =>
      readFile(path.join(await modelFolder(where, version), 'head.safetensors'));
    expect(await weights(folder, a)).toEqual(await weights(other, b));
    expect(await weights(other, c)).not.toEqual(await weights(other, b));
    const files = (await readdir(await modelFolder(folder, a.version))).sort();
    expect(files).toEqual([
      'head.safetensors',
      'history.json',
      'labels.json',
      'manifest.json',
      'metrics.json',
      'report.html',
      'split.json',
    ]);
  });

  it('embeds only what is new when a class is added, renamed and merged', async () => {
    const folder = await photos();
    await run('embed', folder);

    await drawDataset(folder, ['yellow'], 5);
    const added = json(await run('embed', folder, '--json'));
    await rename(path.join(folder, 'red'), path.join(folder, 'crimson'));
    const renamed = json(await run('embed', folder, '--json'));
    for (const name of await readdir(path.join(folder, 'yellow')))
      await rename(path.join(folder, 'yellow', name), path.join(folder, 'blue', name));
    await rm(path.join(folder, 'yellow'), { recursive: true });
    const merged = json(await run('embed', folder, '--json'));

    expect(added).toMatchObject({ embedded: 5, reused: 36, pictures: 41, labels: 4 });
    expect(renamed).toMatchObject({ embedded: 0, reused: 41, removed: 12 });
    expect(merged).toMatchObject({ embedded: 0, reused: 41, removed: 5, labels: 3 });
  });

  it('skips what is no usable picture, names it with the reason, and goes on', async () => {
    const folder = await photos();
    const red = path.join(folder, 'red');
    const whole = await drawPicture('red', 99);
    await writeFile(path.join(red, 'empty.jpg'), '');
    await writeFile(path.join(red, 'text.jpg'), 'not a picture at all');
    await writeFile(path.join(red, 'cut.jpg'), whole.subarray(0, whole.length / 3));
    await writeFile(path.join(red, '.hidden.jpg'), whole);
    await writeFile(path.join(red, 'notes.txt'), 'notes');
    await writeFile(path.join(folder, 'loose.jpg'), whole);
    const huge = { create: { width: 20_000, height: 10_000, channels: 3, background: 'red' } } as const;
    await writeFile(
      path.join(red, 'huge.png'),
      await sharp({ ...huge, limitInputPixels: false } as never)
        .png()
        .toBuffer(),
    );

    const result = await run('train', folder, '--json');
    const skipped = json(await run('embed', folder, '--json')).skipped as { key: string; reason: string }[];

    expect(result.code).toBe(0);
    expect(Object.fromEntries(skipped.map(({ key, reason }) => [key, reason]))).toEqual({
      'red/empty.jpg': 'empty-file',
      'red/text.jpg': 'not-a-picture',
      'red/cut.jpg': 'damaged-picture',
      'red/huge.png': 'too-many-pixels',
      'red/.hidden.jpg': 'hidden',
      'red/notes.txt': 'not-a-picture-name',
      'loose.jpg': 'no-label-folder',
    });
    const report = await readFile(path.join(await modelFolder(folder, json(result).version), 'report.html'), 'utf8');
    for (const name of ['empty.jpg', 'text.jpg', 'cut.jpg', 'huge.png']) expect(report).toContain(name);
  });

  it('respects split folders and labels in any script', async () => {
    const folder = path.join(await mkdtemp(path.join(home, 'photos-')), 'colours');
    for (const split of ['train', 'valid', 'test']) {
      const first = { train: 0, valid: 10, test: 20 }[split] ?? 0;
      await drawDataset(path.join(folder, split), ['red', 'blue'], 6, first);
      await rename(path.join(folder, split, 'red'), path.join(folder, split, 'Käfer 🐞 <b>'));
    }

    const result = json(await run('train', folder, '--json'));
    const answer = json(await run('predict', folder, path.join(folder, 'test', 'blue', 'blue-20.jpg'), '--json'));

    expect(result.labels).toEqual(['Käfer 🐞 <b>', 'blue']);
    expect(result.metrics).toMatchObject({ split: 'test', pictureCount: 12 });
    expect(answer).toMatchObject({ predictions: [{ predictions: [{ label: 'blue' }, { label: 'Käfer 🐞 <b>' }] }] });
  });

  it('trains on another backbone beside the first one without mixing their vectors', async () => {
    const folder = await photos();
    await run('train', folder);
    const model = path.join(home, 'backbones', 'mobilenet-v2', 'float32', 'model.onnx');
    const imported = await run(
      'backbone',
      'import',
      model,
      '--name',
      `other-${path.basename(path.dirname(folder)).toLowerCase()}`,
      '--normalise',
      'tf',
    );

    const result = await run(
      'train',
      folder,
      '--backbone',
      `other-${path.basename(path.dirname(folder)).toLowerCase()}`,
    );

    expect(imported.code).toBe(0);
    expect(result.stderr).toContain('embedded 36 pictures');
    expect(await readdir(path.join(folder, '.headstart', 'features', 'colours'))).toHaveLength(2);
  });

  it('trains the flattened form of the feature map', async () => {
    const folder = await photos();

    const result = json(await run('train', folder, '--pooling', 'flatten', '--epochs', '3', '--json'));

    expect(result.backbone).toMatchObject({ dimensions: 7 * 7 * 1792 });
    const answer = json(await run('predict', folder, path.join(folder, 'red', 'red-0.jpg'), '--json'));
    expect(answer).toMatchObject({
      version: result.version,
      predictions: [{ predictions: [{ label: 'red' }, {}, {}] }],
    });
  });

  it('embeds again what a half-written shard held, and says which shard', async () => {
    const folder = await photos();
    await run('embed', folder);
    const features = path.join(folder, '.headstart', 'features', 'colours');
    const [space = ''] = await readdir(features);
    const [shard = ''] = await readdir(path.join(features, space));
    await truncate(path.join(features, space, shard), 1000);

    const result = await run('train', folder);

    expect(result.code).toBe(0);
    expect(result.stderr).toContain('embedded 36 pictures');
    expect(result.stderr).toContain(shard);
    expect(await readdir(path.join(features, space))).toContain(shard);
  });

  it(
    'stores what is finished when it is interrupted, ends with 130, and goes on from there',
    { timeout: 240_000 },
    async () => {
      const folder = path.join(await mkdtemp(path.join(home, 'photos-')), 'colours');
      await drawDataset(folder, ['red', 'green', 'blue'], 250);

      const stopped = await runCli(['embed', folder, '--threads', '1'], {
        home,
        onStderr: (child, text) => {
          // The first line of progress comes after five seconds: by then some batches are done on any machine, and all on none.
          if (text.includes('embedding: ') && !text.includes('stopping')) child.kill('SIGINT');
        },
      });
      const again = json(await run('embed', folder, '--json'));

      expect(stopped.stderr).toContain('storing what is finished');
      expect(stopped.code).toBe(130);
      expect(Number(again.reused)).toBeGreaterThan(0);
      expect(Number(again.embedded) + Number(again.reused)).toBe(750);
    },
  );
});

describe('headstart predict, evaluate and models', () => {
  let folder: string;
  let versions: string[];

  beforeAll(async () => {
    folder = await photos();
    versions = [];
    for (const seed of ['1', '2', '3'])
      versions.push(String(json(await run('train', folder, '--json', '--seed', seed)).version));
  });

  it('answers several files and folders, with probabilities that sum to 1 and the version that answered', async () => {
    const result = json(
      await run(
        'predict',
        folder,
        path.join(folder, 'red', 'red-1.jpg'),
        path.join(folder, 'blue'),
        '--top',
        '3',
        '--json',
      ),
    );

    const predictions = result.predictions as { name: string; predictions: { label: string; probability: number }[] }[];
    expect(result.version).toBe(versions[2]);
    expect(predictions).toHaveLength(13);
    for (const { name, predictions: labels } of predictions) {
      expect(labels[0]?.label).toBe(path.basename(path.dirname(name)));
      expect(labels.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5);
    }
  });

  it('tells how many pictures are embedded, waiting and refused', async () => {
    const copy = await photos();
    await run('embed', copy);
    await writeFile(path.join(copy, 'red', 'broken.jpg'), 'no picture');
    await drawDataset(copy, ['green'], 2, 40);

    const before = json(await run('status', copy, '--json'));
    await run('embed', copy);
    const after = json(await run('status', copy, '--json'));

    expect(before).toMatchObject({
      labels: 3,
      pictures: 39,
      embedded: 36,
      rejected: 0,
      waiting: 3,
      currentVersion: null,
    });
    expect(after).toMatchObject({ pictures: 39, embedded: 38, rejected: 1, waiting: 0 });
    expect(json(await run('status', folder, '--json')).currentVersion).toBe(versions[2]);
  });

  it('estimates a month in AWS, and refuses what is no amount', async () => {
    const idle = json(await run('cost', '--json'));
    const busy = json(
      await run('cost', '--predictions', '1000000', '--pictures', '1000', '--stored-gb', '10', '--json'),
    );
    const wrong = await run('cost', '--predictions', 'many');

    expect(Number(busy.totalUsd)).toBeGreaterThan(Number(idle.totalUsd));
    expect((await run('cost')).stdout).toContain('list prices');
    expect(wrong.code).toBe(2);
  });

  it('needs only the model folder and the backbone', async () => {
    const moved = path.join(await mkdtemp(path.join(home, 'models-')), 'colours', versions[0] ?? '');
    await cp(await modelFolder(folder, versions[0]), moved, { recursive: true });

    const result = json(await run('predict', moved, path.join(folder, 'green', 'green-3.jpg'), '--json', '--top', '1'));

    expect(result).toMatchObject({ version: versions[0], predictions: [{ predictions: [{ label: 'green' }] }] });
  });

  it('answers the good pictures and ends with 2 when one is no picture', async () => {
    const bad = path.join(home, 'bad.jpg');
    await writeFile(bad, 'nothing');

    const result = await run('predict', folder, bad, path.join(folder, 'red', 'red-0.jpg'));

    expect(result.code).toBe(2);
    expect(result.stdout).toContain('bad.jpg: refused (not-a-picture)');
    expect(result.stdout).toMatch(/red-0.jpg: red \d/);
  });

  it('measures a model on other pictures and leaves out what it was trained on', async () => {
    const fresh = path.join(await mkdtemp(path.join(home, 'photos-')), 'fresh');
    await drawDataset(fresh, ['red', 'green', 'yellow'], 4, 50);
    await cp(path.join(folder, 'red'), path.join(fresh, 'red'), { recursive: true });
    const report = path.join(home, 'evaluation.html');

    const result = json(await run('evaluate', folder, fresh, '--json', '--report', report));

    const evaluation = result.evaluation as { pictureCount: number; accuracy: { value: number } };
    const trainedOn = result.trainedOn as string[];
    expect(result.unknownLabels).toEqual(['yellow']);
    expect(trainedOn.length).toBeGreaterThan(0);
    expect(evaluation.pictureCount).toBe(4 + 4 + 12 - trainedOn.length);
    expect(evaluation.accuracy.value).toBe(1);
    expect(await readFile(report, 'utf8')).toContain('<!doctype html>');
  });

  it('lists, shows, promotes and rolls back versions', async () => {
    const [oldest = '', , newest = ''] = versions;

    const before = (await run('models', 'list', folder)).stdout;
    const promoted = await run('models', 'promote', folder, oldest);
    const shown = json(await run('models', 'show', folder, '--json'));
    const back = await run('models', 'rollback', folder);

    expect(before).toMatch(new RegExp(`\\* +${newest}`));
    expect(promoted.stdout).toBe(`current version of colours: ${oldest}\n`);
    expect(shown).toMatchObject({ version: oldest, hyperparameters: { seed: 1 } });
    expect(back.stdout).toBe(`current version of colours: ${newest}\n`);
  });

  it('refuses a damaged model, names the file, and other versions still answer', async () => {
    const copy = path.join(await mkdtemp(path.join(home, 'photos-')), 'colours');
    await cp(folder, copy, { recursive: true });
    await appendFile(path.join(await modelFolder(copy, versions[2]), 'head.safetensors'), 'x');

    const damaged = await run('predict', copy, path.join(copy, 'red', 'red-0.jpg'));
    const other = await run('predict', copy, path.join(copy, 'red', 'red-0.jpg'), '--model-version', versions[1] ?? '');

    expect(damaged.code).toBe(4);
    expect(damaged.stderr).toContain('head.safetensors');
    expect(damaged.stderr).toContain('models rollback');
    expect(other.code).toBe(0);
  });
});

describe('bad input', () => {
  it.each([
    ['a folder that is not there', () => ['train', path.join(home, 'nowhere')], /nowhere/, 2],
    ['a path that is a file', () => ['train', path.join(template, 'red', 'red-0.jpg')], /folder/, 2],
    [
      'an empty folder',
      async () => ['train', await mkdtemp(path.join(home, 'empty-'))],
      /found none|no pictures|empty/i,
      2,
    ],
    ['an unknown flag', () => ['train', template, '--epoch', '3'], /unknown option '--epoch'/, 2],
    ['a flag out of its range', () => ['train', template, '--dropout', '1', '--epochs', '0'], /epochs: .*dropout: /, 2],
    [
      'shares that leave nothing',
      () => ['train', template, '--test-share', '0.9', '--valid-share', '0.2'],
      /--test-share 0.9/,
      2,
    ],
    ['an unknown command', () => ['trian', template], /unknown command 'trian'/, 2],
    [
      'a backbone that is not installed',
      async () => ['train', await photos(), '--backbone', 'resnet50'],
      /headstart backbone pull resnet50/,
      3,
    ],
    [
      'a picture that is not there',
      async () => ['predict', await photos(), 'nothing.jpg'],
      /"nothing.jpg", found nothing/,
      3,
    ],
    [
      'a model that is not trained yet',
      async () => ['predict', await photos(), path.join(template, 'red', 'red-0.jpg')],
      /model/,
      3,
    ],
  ] as const)('tells what to do about %s', async (_, args, message, code) => {
    const result = await run(...(await args()));

    expect(result.stderr).toMatch(message);
    expect(result.stderr).not.toContain('unexpected failure');
    expect(result.code).toBe(code);
    expect(result.stdout).toBe('');
  });

  it('tells that one class is not enough, and that a class has too few pictures', async () => {
    const one = path.join(await mkdtemp(path.join(home, 'photos-')), 'one');
    await drawDataset(one, ['red'], 5);
    const few = path.join(await mkdtemp(path.join(home, 'photos-')), 'few');
    await drawDataset(few, ['red', 'blue'], 5);
    await mkdir(path.join(few, 'green'));
    await writeFile(path.join(few, 'green', 'only.jpg'), await drawPicture('green', 1));

    const [oneClass, tooFew] = [await run('train', one), await run('train', few)];

    expect(oneClass.code).toBe(2);
    expect(oneClass.stderr).toMatch(/"?red"?/);
    expect(tooFew.code).toBe(2);
    expect(tooFew.stderr).toMatch(/"?green"?/);
  });

  it('shows examples in the help of every command and ends with 0', async () => {
    for (const command of ['train', 'predict', 'evaluate', 'embed', 'models', 'backbone', 'demo']) {
      const result = await run(command, '--help');

      expect(result.code).toBe(0);
      expect(result.stdout).toMatch(/Examples?:/);
    }
  });
});
