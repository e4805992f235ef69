import { confusedPairs } from '../../confused-pairs.ts';
import type { Evaluation } from '../../evaluation.ts';
import { countOf, formatPercent } from '../../percent.ts';
import { shareBar } from '../charts/interval-bar.ts';
import { markup, name, type Markup } from '../markup.ts';
import { confusionMatrix, MAX_MATRIX_LABELS } from './confusion-matrix.ts';
import type { Section } from './section.ts';

const PAIRS_SHOWN = 12;

/** Which label is taken for which. */
export function confusionSection(evaluation: Evaluation): Section {
  const { labels } = evaluation;
  const matrix =
    labels.length <= MAX_MATRIX_LABELS
      ? confusionMatrix(evaluation)
      : markup`<p class="fine">With ${labels.length} labels a matrix is too large to read; the list has what matters.</p>`;
  return { id: 'confusion', title: 'What is taken for what', content: markup`${matrix}${pairList(evaluation)}` };
}

function pairList(evaluation: Evaluation): Markup | null {
  const pairs = confusedPairs(evaluation);
  if (pairs.length === 0) return markup`<p class="good-news">No picture was taken for another label.</p>`;
  const rest = pairs.length - PAIRS_SHOWN;
  const items = pairs
    .slice(0, PAIRS_SHOWN)
    .map(
      ({ truth, predicted, count, share }) =>
        markup`<li><span class="pair"><b>${name(truth)}</b> taken for <b>${name(predicted)}</b></span><span class="amount">${countOf(count, 'picture')}, ${formatPercent(share, 1)} of ${name(truth)}</span>${shareBar(share, 'bad')}</li>`,
    );
  return markup`<h3>Most confused</h3><ol class="pairs">${items}</ol>${rest > 0 ? markup`<p class="fine">and ${countOf(rest, 'more pair')}</p>` : null}`;
}
