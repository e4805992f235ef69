import type { Evaluation } from '../../evaluation.ts';
import { markup, name, type Markup } from '../markup.ts';
import { scroller } from './section.ts';

/** Ten thousand cells are what a browser scrolls smoothly, and a person still finds a way in. */
export const MAX_MATRIX_LABELS = 100;
/** Up to here a cell has room for its number in text size. */
const ROOMY_LABELS = 14;
/** Shades of a cell; classes of style/matrix.ts. */
export const HEAT_LEVELS = 8;

/** One row for each true label, one column for each answer; shade is the share of the row. */
export function confusionMatrix({ labels, perLabel, confusion }: Evaluation): Markup {
  const counts = new Map(confusion.map(({ truth, predicted, count }) => [truth * labels.length + predicted, count]));
  const heads = labels.map((label) => markup`<th scope="col"><span>${name(label)}</span></th>`);
  const rows = labels.map((label, truth) => {
    const support = perLabel[truth]?.support ?? 0;
    const cells = labels.map((answer, predicted) =>
      cell(counts.get(truth * labels.length + predicted) ?? 0, support, truth === predicted, `${label} → ${answer}`),
    );
    return markup`<tr><th scope="row">${name(label)}</th>${cells}</tr>
`;
  });
  const size = labels.length <= ROOMY_LABELS ? 'roomy' : 'dense';
  return scroller(
    'Confusion matrix',
    markup`<table class="matrix ${size}"><caption class="hidden">Confusion matrix: true labels in rows, answers in columns</caption><thead><tr><td></td>${heads}</tr></thead><tbody>${rows}</tbody></table>`,
  );
}

function cell(count: number, support: number, isRight: boolean, title: string): Markup {
  if (count === 0) return isRight ? markup`<td class="d"></td>` : markup`<td></td>`;
  const level = Math.max(1, Math.ceil((count / support) * HEAT_LEVELS));
  return markup`<td class="${isRight ? 'g' : 'b'}${level}" title="${title}: ${count} of ${support}">${count}</td>`;
}
