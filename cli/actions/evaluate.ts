import { writeFile } from 'node:fs/promises';
import { openBackboneLazily } from '../../shared/backbone/open-backbone.ts';
import { InvalidInputError, messageOf } from '../../shared/errors.ts';
import { renderReport } from '../../shared/evaluation/report/render-report.ts';
import { summariseEvaluation } from '../../shared/evaluation/summarise-evaluation.ts';
import { backboneOfModel } from '../../shared/workflow/backbone-of-model.ts';
import { evaluateModel, type ModelEvaluation } from '../../shared/workflow/evaluate-model.ts';
import { openModelSource } from '../../shared/workflow/model-source.ts';
import { reportThumbnails } from '../../shared/workflow/report-thumbnails.ts';
import { openServedHead, type ServedHead } from '../../shared/workflow/served-head.ts';
import { openWorkspace, type Workspace } from '../../shared/workflow/workspace.ts';
import type { EvaluateFlags } from '../commands/evaluate.ts';
import { interruptSignal } from '../interrupt.ts';
import { threadOptions, workspaceOptions } from '../options/open-from-flags.ts';
import { describeSkipped } from '../terminal/describe-skipped.ts';
import { EmbedProgressBar } from '../terminal/embed-progress.ts';
import { formatPlural } from '../terminal/format.ts';
import { note, printJson, printLines } from '../terminal/output.ts';
import { quoteWord } from '../terminal/quote-word.ts';

export async function evaluate(model: string, photos: string, flags: EvaluateFlags): Promise<void> {
  const source = await openModelSource(model, flags.modelVersion, workspaceOptions(flags));
  const head = await openServedHead(source.registry, source.version, threadOptions(flags));
  const installed = await backboneOfModel(head.manifest);
  const backbone = openBackboneLazily(installed, { pooling: head.manifest.pooling, ...threadOptions(flags) });
  const workspace = await openWorkspace(photos);
  const bar = new EmbedProgressBar();
  try {
    const options = { signal: interruptSignal(), onProgress: bar.update };
    const measured = await evaluateModel(source.registry, head, backbone, workspace, options);
    bar.finish(measured.embedded.report);
    const { evaluation, trainedOn, unknownLabels, embedded } = measured;
    const report =
      flags.report === undefined ? null : await writeReport(flags.report, model, photos, head, workspace, measured);
    if (flags.json) {
      printJson({ version: head.version, evaluation, trainedOn, unknownLabels, skipped: embedded.skipped, report });
      return;
    }
    for (const line of [...describeLeftOut(measured), ...describeSkipped(embedded.skipped)]) note(line);
    printLines(
      ...summariseEvaluation(evaluation),
      '',
      `version   ${head.version}`,
      ...(report === null ? [] : [`report    ${report}`]),
    );
  } finally {
    bar.clear();
    await Promise.all([head.close(), backbone.close()]);
  }
}

function describeLeftOut({ trainedOn, unknownLabels }: ModelEvaluation): string[] {
  return [
    ...(trainedOn.length > 0
      ? [`left out ${formatPlural(trainedOn.length, 'picture')} that the model was trained on`]
      : []),
    ...(unknownLabels.length > 0
      ? [`left out the labels that the model does not know: ${unknownLabels.join(', ')}`]
      : []),
  ];
}

async function writeReport(
  file: string,
  model: string,
  photos: string,
  { version, manifest }: ServedHead,
  workspace: Workspace,
  measured: ModelEvaluation,
): Promise<string> {
  const { embedded, evaluation } = measured;
  const { id, name, licence, precision, sha256 } = manifest.backbone;
  const html = renderReport({
    dataset: workspace.dataset,
    modelVersion: version,
    createdAt: manifest.createdAt,
    evaluation,
    temperature: null,
    history: [],
    bestEpoch: null,
    split: null,
    skipped: embedded.skipped,
    excluded: [],
    warnings: [...embedded.listing.warnings, ...describeLeftOut(measured)],
    thumbnails: await reportThumbnails(workspace.pictures, evaluation),
    promotion: null,
    reproduction: {
      command: `headstart evaluate ${quoteWord(model)} ${quoteWord(photos)} --model-version ${version}`,
      backbone: { id, name, licence, precision, sha256 },
      pooling: manifest.pooling,
      engine: manifest.training.runtime,
      hyperparameters: manifest.hyperparameters,
      software: { ...manifest.software },
    },
  });
  await writeFile(file, html).catch((cause: unknown) => {
    throw new InvalidInputError(`expected to write the report to "${file}": ${messageOf(cause)}; name another file`, {
      cause,
    });
  });
  return file;
}
