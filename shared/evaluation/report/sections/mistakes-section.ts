import type { Mistake } from '../../evaluation.ts';
import { countOf, formatPercent } from '../../percent.ts';
import { shareBar } from '../charts/interval-bar.ts';
import { markup, name, type Markup } from '../markup.ts';
import type { ReportInput } from '../report-input.ts';
import { drawThumbnail, embeddedThumbnails, pathOf } from '../thumbnails.ts';
import type { Section } from './section.ts';

/** More are folded away. */
const SHOWN = 12;

/** The wrong answers the model was surest of. */
export function mistakesSection({ evaluation, thumbnails }: ReportInput): Section | null {
  const { mistakes, labels, pictureCount, correctCount } = evaluation;
  if (mistakes.length === 0) return null;
  const embedded = embeddedThumbnails(evaluation, thumbnails);
  const card = (mistake: Mistake) => {
    // Where no picture has one, a page of blanks helps nobody.
    const picture = embedded.size === 0 ? null : drawThumbnail(embedded.get(mistake.key), pictureOf(mistake, labels));
    return mistakeCard(mistake, labels, picture);
  };
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

function pictureOf({ truth }: Mistake, labels: readonly string[]): string {
  return `A picture of ${labels[truth] ?? ''}`;
}

function mistakeCard(mistake: Mistake, labels: readonly string[], picture: Markup | null): Markup {
  const { key, truth, predicted, probability, truthProbability } = mistake;
  const truthName = labels[truth] ?? '';
  return markup`<li class="card">${picture}
<dl><div><dt>answered</dt><dd><b>${name(labels[predicted] ?? '')}</b> <span class="num">${formatPercent(probability, 1)}</span></dd><dd class="bar">${shareBar(probability, 'bad')}</dd></div>
<div><dt>folder says</dt><dd><b>${name(truthName)}</b> <span class="num">${formatPercent(truthProbability, 1)}</span></dd><dd class="bar">${shareBar(truthProbability, 'good')}</dd></div></dl>
${pathOf(key)}</li>
`;
}
