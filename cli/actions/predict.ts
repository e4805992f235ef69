import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { InvalidInputError, messageOf, NotFoundError } from '../../shared/errors.ts';
import { openBackbone } from '../../shared/backbone/open-backbone.ts';
import { backboneOfModel } from '../../shared/workflow/backbone-of-model.ts';
import { listPictures } from '../../shared/dataset/list-dataset.ts';
import { openFolder } from '../../shared/storage/open-folder.ts';
import { classifyPictures, type Classification } from '../../shared/workflow/classify.ts';
import { openModelSource } from '../../shared/workflow/model-source.ts';
import { openServedHead } from '../../shared/workflow/served-head.ts';
import type { PredictFlags } from '../commands/predict.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { threadOptions, workspaceOptions } from '../options/open-from-flags.ts';
import { formatPercent } from '../terminal/format.ts';
import { printJson, printLines } from '../terminal/output.ts';

/** Pictures in memory at once. */
const BATCH = 16;

export async function predict(model: string, pictures: readonly string[], flags: PredictFlags): Promise<void> {
  const files = (await Promise.all(pictures.map(filesOf))).flat();
  const source = await openModelSource(model, flags.modelVersion, workspaceOptions(flags));
  const head = await openServedHead(source.registry, source.version, threadOptions(flags));
  const installed = await backboneOfModel(head.manifest);
  const backbone = await openBackbone(installed, { pooling: head.manifest.pooling, ...threadOptions(flags) });
  const answers: Classification[] = [];
  try {
    for (let start = 0; start < files.length; start += BATCH) {
      const batch = await Promise.all(files.slice(start, start + BATCH).map(readPicture));
      const classified = await classifyPictures(backbone, head, batch, { top: flags.top });
      answers.push(...classified);
      if (!flags.json) printLines(...classified.map(describe));
    }
  } finally {
    await Promise.all([head.close(), backbone.close()]);
  }
  if (flags.json) printJson({ version: head.version, predictions: answers });
  // Answers for some are given all the same, but a script must notice that a picture has none.
  if (answers.some((answer) => 'refused' in answer)) process.exitCode = EXIT_CODES.invalidInput;
}

async function filesOf(name: string): Promise<string[]> {
  const facts = await stat(name).catch(() => null);
  if (facts === null)
    throw new NotFoundError(`expected a picture or a folder at "${name}", found nothing; check the path`);
  if (!facts.isDirectory()) return [name];
  const { pictures } = await listPictures(await openFolder(name), '');
  if (pictures.length === 0)
    throw new InvalidInputError(`expected pictures in "${name}", found none; name a folder with pictures`);
  return pictures.map(({ key }) => path.join(name, key));
}

async function readPicture(name: string): Promise<{ name: string; bytes: Uint8Array }> {
  const bytes = await readFile(name).catch((cause: unknown) => {
    throw new InvalidInputError(`expected to read "${name}": ${messageOf(cause)}`, { cause });
  });
  return { name, bytes };
}

function describe(answer: Classification): string {
  if ('refused' in answer) return `${answer.name}: refused (${answer.refused.reason}), ${answer.refused.message}`;
  const labels = answer.predictions.map(({ label, probability }) => `${label} ${formatPercent(probability)}`);
  return `${answer.name}: ${labels.join(', ')}`;
}
