import type { AverageMetrics, Evaluation, LabelMetrics } from '../../evaluation.ts';
import { formatCount, formatPercent, formatRange } from '../../percent.ts';
import { intervalBar } from '../charts/interval-bar.ts';
import { markup, name, type Markup } from '../markup.ts';
import { scroller, type Section } from './section.ts';

/** Each label's numbers. Its columns sort by the page's script, and can be read without it. */
export function labelSection({ perLabel, macro, weighted }: Evaluation): Section {
  const heads = [
    markup`<th scope="col" aria-sort="none" data-kind="text">Label</th>`,
    ...['Pictures', markup`Found<span class="wide"> (recall)</span>`, 'Precision', 'F1'].map(
      (title) => markup`<th scope="col" class="num" aria-sort="none" data-kind="number">${title}</th>`,
    ),
  ];
  const table = markup`<table class="labels" data-sortable><caption class="hidden">Measures of each label</caption><thead><tr>${heads}</tr></thead>
<tbody>${perLabel.map(labelRow)}</tbody>
<tfoot>${averageRow('Mean of the labels', macro)}${averageRow('Mean weighted by pictures', weighted)}</tfoot></table>`;
  return {
    id: 'labels',
    title: 'Label by label',
    content: markup`<p class="fine"><b>Found</b>: share of the label’s pictures that were recognised, with its 95% interval. <b>Precision</b>: share of the answers with this label that are right. <b>F1</b>: their harmonic mean.</p>${scroller('Measures of each label', table)}`,
  };
}

function labelRow({ label, support, recall, precision, f1 }: LabelMetrics): Markup {
  const found =
    recall === null
      ? number(null, '')
      : markup`<td class="num" data-value="${recall.value}"><span class="found"><span class="range">${formatRange(recall).join('–').replace('%', '')}</span> ${intervalBar(recall)} <b>${formatPercent(recall.value, 1)}</b></span></td>`;
  return markup`<tr><th scope="row">${name(label)}</th>${number(support, formatCount(support))}${found}${number(precision, formatPercent(precision ?? 0, 1))}${number(f1, (f1 ?? 0).toFixed(2))}</tr>
`;
}

function number(value: number | null, text: string): Markup {
  return value === null
    ? markup`<td class="num none" data-value="-1" title="no pictures, or never answered">–</td>`
    : markup`<td class="num" data-value="${value}">${text}</td>`;
}

function averageRow(title: string, { precision, recall, f1 }: AverageMetrics): Markup {
  return markup`<tr><th scope="row">${title}</th><td></td><td class="num"><b>${formatPercent(recall, 1)}</b></td><td class="num">${formatPercent(precision, 1)}</td><td class="num">${f1.toFixed(2)}</td></tr>`;
}
