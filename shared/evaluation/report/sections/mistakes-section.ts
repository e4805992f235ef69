import type { Mistake } from '../../evaluation.ts';
import { countOf, formatPercent } from '../../percent.ts';
import { shareBar } from '../charts/interval-bar.ts';
import { markup, name, type Markup } from '../markup.ts';
import type { ReportInput } from '../report-input.ts';
import { pathOf, thumbnailOf } from '../thumbnails.ts';
import type { Section } from './section.ts';

/** More are folded away. */
const SHOWN = 12;

/** The wrong answers the model was surest of. */
export function mistakesSection({ evaluation, thumbnails }: ReportInput): Section | null {
  const { mistakes, labels, pictureCount, correctCount } = evaluation;
  if (mistakes.length === 0) return null;
  const card = (mistake: Mistake) => mistakeCard(mistake, labels, thumbnails);
  const wrong = pictureCount - correctCount;
  const folded = mistakes.slice(SHOWN);
  const intro =
    wrong > mistakes.length
      ? `The ${mistakes.length} of ${countOf(wrong, 'wrong answer')} that the model was surest of.`
      : `${countOf(wrong, 'wrong answer')}, the surest first.`;
  return {
    id: 'mistakes',
    title: 'Worst mistakes',
    content: markup`<p class="fine">${intro} Look here first for pictures in the wrong folder.</p>
<ul class="cards">${mistakes.slice(0, SHOWN).map(card)}</ul>
${folded.length === 0 ? null : markup`<details><summary>${folded.length} more</summary><ul class="cards">${folded.map(card)}</ul></details>`}`,
  };
}

function mistakeCard(mistake: Mistake, labels: readonly string[], thumbnails: ReportInput['thumbnails']): Markup {
  const { key, truth, predicted, probability, truthProbability } = mistake;
  const truthName = labels[truth] ?? '';
  return markup`<li class="card">${thumbnailOf(key, `A picture of ${truthName}`, thumbnails)}
<dl><div><dt>answered</dt><dd><b>${name(labels[predicted] ?? '')}</b> <span class="num">${formatPercent(probability, 1)}</span></dd><dd class="bar">${shareBar(probability, 'bad')}</dd></div>
<div><dt>folder says</dt><dd><b>${name(truthName)}</b> <span class="num">${formatPercent(truthProbability, 1)}</span></dd><dd class="bar">${shareBar(truthProbability, 'good')}</dd></div></dl>
${pathOf(key)}</li>
`;
}
