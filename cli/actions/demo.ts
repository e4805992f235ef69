import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { EMBEDDED_BACKBONE, PREFERRED_BACKBONE } from '../../shared/backbone/backbone-registry.ts';
import { DEFAULT_SPLIT_FRACTIONS } from '../../shared/dataset/split-plan.ts';
import { writeDemoPictures } from '../../shared/demo/write-demo-pictures.ts';
import { DEFAULT_HYPERPARAMETERS } from '../../shared/head/hyperparameters.ts';
import type { DemoFlags } from '../commands/demo.ts';
import type { TrainFlags } from '../commands/train.ts';
import { interruptSignal } from '../interrupt.ts';
import { formatPlural } from '../terminal/format.ts';
import { note, printLines } from '../terminal/output.ts';
import { Progress } from '../terminal/progress.ts';
import { predict } from './predict.ts';
import { train } from './train.ts';

/** Everything as `headstart train` does it by default, with the backbone that needs no download, so that every machine shows the same. */
const TRAIN_FLAGS: TrainFlags = {
  ...DEFAULT_HYPERPARAMETERS,
  backbone: EMBEDDED_BACKBONE,
  pooling: 'avg',
  engine: 'onnx',
  validShare: DEFAULT_SPLIT_FRACTIONS.valid,
  testShare: DEFAULT_SPLIT_FRACTIONS.test,
  promote: 'gate',
};

export async function demo({ folder }: DemoFlags): Promise<void> {
  const photos = await drawPictures(folder);
  await train(photos, TRAIN_FLAGS);
  printLines('', 'two pictures of the artist that it has never seen:');
  await predict(photos, await twoTestPictures(photos), { top: 3, modelVersion: 'current' });
  printLines(
    '',
    'What this shows: the whole path, on drawings, with a backbone that was tuned for another task. It is no measure of accuracy on',
    'photographs; for those the same command measures it on your own: headstart train <folder with one folder for each label>',
    `A backbone trained on photographs makes it better: headstart backbone pull ${PREFERRED_BACKBONE}`,
  );
}

async function drawPictures(folder: string): Promise<string> {
  const photos = path.join(folder, 'sports');
  const progress = new Progress({ title: 'drawing', unit: 'pictures' });
  const drawn = await writeDemoPictures(photos, {
    signal: interruptSignal(),
    onProgress: (done, total) => {
      progress.update(done, total);
    },
  });
  progress.clear();
  const count = drawn.counts.train + drawn.counts.valid + drawn.counts.test;
  note(
    `${drawn.isReused ? 'found' : 'drew'} ${formatPlural(count, 'picture')} of ${formatPlural(drawn.labels.length, 'sport')} in ${photos}`,
  );
  return photos;
}

/** The first picture of the first and of the last sport. */
async function twoTestPictures(photos: string): Promise<string[]> {
  const test = path.join(photos, 'test');
  const labels = (await readdir(test)).sort();
  const chosen = [labels[0], labels.at(-1)].filter((label) => label !== undefined);
  return Promise.all(
    chosen.map(async (label) => path.join(test, label, (await readdir(path.join(test, label))).sort()[0] ?? '')),
  );
}
