import { confusedPairs } from './confused-pairs.ts';
import { describePictures } from './evaluation-warnings.ts';
import type { Evaluation } from './evaluation.ts';
import { formatPercent, formatRange } from './percent.ts';

const WEAKEST = 3;

/** An evaluation in plain lines for a terminal: what it reaches, what that is worth, where it fails, what to beware of. */
export function summariseEvaluation(evaluation: Evaluation): string[] {
  const { accuracy, baseline, pictureCount, correctCount, split, calibration, macro, warnings } = evaluation;
  const [low, high] = formatRange(accuracy);
  const { before, after, temperature } = calibration;
  const lines = [
    `accuracy     ${formatPercent(accuracy.value, pictureCount)} on ${describePictures(pictureCount, split)} (${correctCount} right; 95% interval ${low} to ${high})`,
    `baseline     ${formatPercent(baseline.accuracy, pictureCount)} by always answering "${baseline.label}"`,
    `macro F1     ${macro.f1.toFixed(3)}`,
    `log loss     ${after.logLoss.toFixed(3)}`,
    temperature === 1
      ? `calibration  error ${after.expectedError.toFixed(3)}`
      : `calibration  error ${before.expectedError.toFixed(3)}, with temperature ${temperature.toFixed(2)} ${after.expectedError.toFixed(3)}`,
    ...weakestLabels(evaluation),
    ...worstPair(evaluation),
  ];
  return [...lines, ...warnings.map((warning) => `note: ${warning}`)];
}

function weakestLabels({ perLabel }: Evaluation): string[] {
  const weakest = perLabel
    .flatMap(({ label, recall, support, correctCount }) =>
      recall === null || correctCount === support ? [] : [{ label, share: recall.value, support, correctCount }],
    )
    .sort((a, b) => a.share - b.share)
    .slice(0, WEAKEST);
  if (weakest.length === 0) return [];
  const named = weakest.map(({ label, correctCount, support }) => `${label} ${correctCount}/${support}`);
  return [`weakest      ${named.join(', ')}`];
}

function worstPair(evaluation: Evaluation): string[] {
  const [pair] = confusedPairs(evaluation);
  if (pair === undefined) return [];
  return [
    `confused     ${pair.truth} taken for ${pair.predicted}, ${pair.count} of ${Math.round(pair.count / pair.share)}`,
  ];
}
