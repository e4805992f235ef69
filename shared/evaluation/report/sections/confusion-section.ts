import { confusedPairs } from '../../confused-pairs.ts';
import type { Evaluation } from '../../evaluation.ts';
import { countOf, formatPercent } from '../../percent.ts';
import { shareBar } from '../charts/interval-bar.ts';
import { markup, name, type Markup } from '../markup.ts';
import { confusionMatrix, MAX_MATRIX_LABELS } from './confusion-matrix.ts';
import type { Section } from './section.ts';

const PAIRS_SHOWN = 12;
/** Up to here the list of pairs fits beside the matrix. */
const LABELS_BESIDE = 10;

/** Which label is taken for which. */
export function confusionSection(evaluation: Evaluation): Section {
  const labelCount = evaluation.labels.length;
  const intro =
    labelCount <= MAX_MATRIX_LABELS
      ? markup`<p class="fine">Rows are what the pictures show, columns what the model answers. The stronger the colour, the larger the share of the row: <span class="key good"></span> right, <span class="key bad"></span> wrong.</p>`
      : markup`<p class="fine">With ${labelCount} labels a matrix is too large to read; this list has what matters.</p>`;
  const matrix = labelCount <= MAX_MATRIX_LABELS ? confusionMatrix(evaluation) : null;
  const parts = markup`${matrix}<div>${pairList(evaluation)}</div>`;
  return {
    id: 'confusion',
    title: 'What is taken for what',
    content: markup`${intro}${labelCount <= LABELS_BESIDE ? markup`<div class="beside">${parts}</div>` : parts}`,
  };
}

function pairList(evaluation: Evaluation): Markup {
  const pairs = confusedPairs(evaluation);
  if (pairs.length === 0) return markup`<p class="good-news">No picture was taken for another label.</p>`;
  const rest = pairs.length - PAIRS_SHOWN;
  const items = pairs
    .slice(0, PAIRS_SHOWN)
    .map(
      ({ truth, predicted, count, share }) =>
        markup`<li><span class="pair"><b>${name(truth)}</b> taken for <b>${name(predicted)}</b></span><span class="amount">${countOf(count, 'picture')}, ${formatPercent(share, 1)} of ${name(truth)}</span>${shareBar(share, 'bad')}</li>`,
    );
  const more = rest > 0 ? markup`<p class="fine more">and ${countOf(rest, 'more pair')}</p>` : null;
  return markup`<h3>Most confused</h3><ol class="pairs">${items}</ol>${more}`;
}
