import type { EvaluatedSplit, Evaluation, LabelMetrics } from './evaluation.ts';
import { countOf, formatPercent, formatRange, listNames } from './percent.ts';

/** With fewer, the recall's 95% interval is wider than about 50 points. */
const FEW_PER_LABEL = 10;
/** Ten points from end to end: beyond it the headline number alone misleads. */
const WIDE_INTERVAL = 0.1;
/** Fifteen bins of some ten pictures; with fewer the calibration error mostly measures chance. */
const FEW_FOR_CALIBRATION = 150;
/** Differences of log loss below it are noise on any dataset this is used on. */
const WORSE_LOG_LOSS = 0.005;

const NAMES: Readonly<Record<EvaluatedSplit, string>> = { test: 'test', valid: 'validation', new: 'new' };

/** `12 test pictures`. */
export function describePictures(count: number, split: EvaluatedSplit): string {
  return countOf(count, `${NAMES[split]} picture`);
}

/** What a person should know before believing the numbers, one sentence each. */
export function evaluationWarnings(evaluation: Omit<Evaluation, 'warnings'>): string[] {
  return [
    ...splitWarnings(evaluation),
    ...accuracyWarnings(evaluation),
    ...labelWarnings(evaluation),
    ...calibrationWarnings(evaluation),
  ];
}

type Facts = Omit<Evaluation, 'warnings'>;

function splitWarnings({ split }: Facts): string[] {
  if (split !== 'valid') return [];
  return [
    'these are the validation pictures, which already chose the best epoch and the temperature: the numbers are a little too good; hold out test pictures to know more',
  ];
}

function accuracyWarnings({ accuracy, baseline, pictureCount, split }: Facts): string[] {
  const warnings: string[] = [];
  if (accuracy.high - accuracy.low > WIDE_INTERVAL) {
    const [low, high] = formatRange(accuracy);
    warnings.push(
      `${describePictures(pictureCount, split)}: the true accuracy is between ${low} and ${high} (95% interval); more pictures narrow it`,
    );
  }
  if (accuracy.low <= baseline.accuracy)
    warnings.push(
      `always answering "${baseline.label}" would reach ${formatPercent(baseline.accuracy, pictureCount)}: the model is not clearly better than that`,
    );
  return warnings;
}

function labelWarnings({ perLabel, split }: Facts): string[] {
  const named = (isMeant: (metrics: LabelMetrics) => boolean) => perLabel.filter(isMeant);
  const without = named(({ support }) => support === 0);
  const few = named(({ support }) => support > 0 && support < FEW_PER_LABEL);
  const never = named(({ support, correctCount }) => support > 0 && correctCount === 0);
  const noun = `${NAMES[split]} picture`;
  const labels = (list: readonly LabelMetrics[]) => listNames(list.map(({ label }) => label));
  const warnings: string[] = [];
  if (without.length > 0)
    warnings.push(
      `${without.length} of ${perLabel.length} labels ${without.length === 1 ? 'has' : 'have'} no ${noun} (${labels(without)}): nothing judges the model there`,
    );
  const only = few.length === 1 ? few[0] : undefined;
  if (only !== undefined)
    warnings.push(`label "${only.label}" has only ${countOf(only.support, noun)}: its own numbers are rough`);
  else if (few.length === perLabel.length)
    warnings.push(`every label has fewer than ${FEW_PER_LABEL} ${noun}s: the numbers of single labels are rough`);
  else if (few.length > 0)
    warnings.push(
      `${few.length} labels have fewer than ${FEW_PER_LABEL} ${noun}s each (${labels(few)}): their own numbers are rough`,
    );
  if (never.length > 0)
    warnings.push(`no ${noun} of ${labels(never)} was recognised; look whether the pictures lie in the right folder`);
  return warnings;
}

function calibrationWarnings({ calibration, pictureCount, split }: Facts): string[] {
  const { before, after, temperature } = calibration;
  const warnings: string[] = [];
  if (pictureCount < FEW_FOR_CALIBRATION)
    warnings.push(
      `the calibration error comes from ${describePictures(pictureCount, split)}: below ${FEW_FOR_CALIBRATION} it is mostly chance and looks worse than it is`,
    );
  if (after.logLoss > before.logLoss + WORSE_LOG_LOSS)
    warnings.push(
      `the temperature ${temperature.toFixed(2)} raises the log loss on these pictures from ${before.logLoss.toFixed(3)} to ${after.logLoss.toFixed(3)}: they differ from the validation pictures, or those are too few`,
    );
  return warnings;
}
