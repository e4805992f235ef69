import type { Evaluation } from '../../shared/evaluation/evaluation.ts';
import { summariseEvaluation } from '../../shared/evaluation/summarise-evaluation.ts';
import { REPORT_FILE_NAME } from '../../shared/workflow/model-files.ts';

export interface TrainedVersion {
  readonly version: string;
  /** Whether it is served, and why. */
  readonly outcome: string;
  /** Null when nothing was held out. */
  readonly evaluation: Evaluation | null;
  /** Of the version: a path or its place in a bucket. */
  readonly folder: string;
  /** That predicts with it. */
  readonly askCommand: string;
}

/** What a training made, wherever it ran. */
export function describeVersion({ version, outcome, evaluation, folder, askCommand }: TrainedVersion): string[] {
  return [
    ...(evaluation === null
      ? ['not measured: the dataset is too small to hold pictures out; add more of each label']
      : summariseEvaluation(evaluation)),
    '',
    `version   ${version}, ${outcome}`,
    ...(evaluation === null ? [] : [`report    ${folder}/${REPORT_FILE_NAME}`]),
    `model     ${folder}`,
    `ask it    ${askCommand}`,
  ];
}
