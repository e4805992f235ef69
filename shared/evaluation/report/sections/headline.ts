import { describePictures } from '../../evaluation-warnings.ts';
import type { Evaluation } from '../../evaluation.ts';
import { formatCount, formatPercent, formatRange } from '../../percent.ts';
import { intervalScale } from '../charts/interval-bar.ts';
import { markup, name, type Markup } from '../markup.ts';
import type { ReportInput } from '../report-input.ts';

/** The one number, how far it can be trusted, and what it means. */
export function headline(input: ReportInput): Markup {
  const { evaluation } = input;
  const { accuracy, baseline, pictureCount, correctCount, split } = evaluation;
  const [low, high] = formatRange(accuracy);
  return markup`<section class="hero" aria-label="Accuracy">
<div class="number"><p class="big">${formatPercent(accuracy.value, pictureCount)}</p><p class="under">accuracy on ${describePictures(pictureCount, split)}</p></div>
<div class="meaning"><p class="lead">${inWords(evaluation)}</p>
${intervalScale(accuracy, baseline.accuracy)}
<p class="fine">${formatCount(correctCount)} of ${formatCount(pictureCount)} right. 95% interval ${low} to ${high}. Always answering “${name(baseline.label)}” would reach ${formatPercent(baseline.accuracy, pictureCount)}.</p>
${input.promotion === null ? null : markup`<p class="fine">${sentence(input.promotion)}</p>`}</div>
</section>
<dl class="tiles">${tiles(evaluation).map(({ term, value, hint }) => markup`<div><dt>${term}</dt><dd>${value}</dd><dd class="hint">${hint}</dd></div>`)}</dl>
`;
}

function inWords({ accuracy, pictureCount, labels }: Evaluation): string {
  const low = Math.floor(accuracy.low * 100 + 1e-9);
  const high = Math.ceil(accuracy.high * 100 - 1e-9);
  const expected = Math.round(accuracy.value * 100);
  if (high - low > 30)
    return `Too few pictures to be sure: of 100 new pictures like these, anything from ${low} to ${high} may be answered right.`;
  const about = expected >= 100 ? 'nearly all' : expected <= 0 ? 'hardly any' : `about ${expected}`;
  const among =
    pictureCount < 1000 && labels.length > 1 ? `, between ${low} and ${high} once chance is counted in` : '';
  return `Of 100 new pictures like these, expect ${about} to be answered right${among}.`;
}

function tiles({ macro, calibration, topK, labels }: Evaluation): { term: string; value: string; hint: string }[] {
  const { before, after, temperature } = calibration;
  const top = topK.at(-1);
  return [
    { term: 'Labels', value: String(labels.length), hint: 'to choose from' },
    { term: 'Macro F1', value: macro.f1.toFixed(3), hint: 'every label counts the same; 1 is perfect' },
    ...(top !== undefined && top.k > 1
      ? [{ term: `Top ${top.k}`, value: formatPercent(top.accuracy), hint: `right label among the first ${top.k}` }]
      : []),
    {
      term: 'Calibration error',
      value: formatPercent(after.expectedError),
      hint:
        temperature === 1
          ? 'average distance of stated and true certainty'
          : `${formatPercent(before.expectedError)} before the temperature`,
    },
    {
      term: 'Log loss',
      value: after.logLoss.toFixed(3),
      hint: `0 is perfect; guessing gives ${Math.log(labels.length).toFixed(2)}`,
    },
  ];
}

/** A message of the program as a sentence of a page. */
export function sentence(message: string): string {
  const start = message.slice(0, 1).toUpperCase() + message.slice(1);
  return /[.!?…]$/u.test(start) ? start : `${start}.`;
}
