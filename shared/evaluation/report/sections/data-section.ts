import { SPLITS } from '../../../dataset/dataset.ts';
import type { ExclusionReason } from '../../../dataset/split-plan.ts';
import { countOf, formatCount } from '../../percent.ts';
import { markup, name, type Markup } from '../markup.ts';
import type { ReportInput } from '../report-input.ts';
import { sentence } from './headline.ts';
import { scroller, type Section } from './section.ts';

/** Of one list: the rest is counted. */
const LISTED = 100;

const EXCLUSION_TITLES: Readonly<Record<ExclusionReason, string>> = {
  'label-conflict': 'Same picture under two labels, not used',
  leak: 'Also in a later split, left out here',
  duplicate: 'Copies, used once',
};

interface Listed {
  readonly key: string;
  readonly detail: string;
}

/** Which pictures were used for what, and which were not. */
export function dataSection(input: ReportInput): Section {
  const { skipped, excluded, split } = input;
  const byReason = [...Map.groupBy(skipped, ({ reason }) => reason)].sort(([a], [b]) => (a < b ? -1 : 1));
  const skips = byReason.map(([reason, files]) => {
    const count = files.reduce((sum, { fileCount = 1 }) => sum + fileCount, 0);
    return fileList(`Skipped: ${reason.replaceAll('-', ' ')}`, count, files);
  });
  const exclusions = (['label-conflict', 'leak', 'duplicate'] as const).flatMap((reason) => {
    const pictures = excluded.filter((picture) => picture.reason === reason);
    return pictures.length === 0 ? [] : [fileList(EXCLUSION_TITLES[reason], pictures.length, pictures)];
  });
  const nothing = skips.length + exclusions.length === 0;
  return {
    id: 'data',
    title: 'Pictures',
    content: markup`${split === null ? null : splitTable(split)}<h3>Not used</h3>${nothing ? markup`<p class="good-news">Every file was used: nothing was skipped, and no copies were found.</p>` : markup`${exclusions}${skips}`}`,
  };
}

function splitTable({ counts, method, seed }: NonNullable<ReportInput['split']>): Markup {
  const how =
    method === 'folders'
      ? 'The split is that of the folders train, valid and test.'
      : method === 'hash'
        ? `The split was made from the content of the pictures (seed ${seed}): the same pictures always fall on the same side.`
        : `The folders give a part of the split; the rest was taken from train by content (seed ${seed}).`;
  const names = { train: 'to learn from', valid: 'to validate', test: 'to judge by' };
  const sum = (pick: (count: (typeof counts)[number]) => number) =>
    formatCount(counts.reduce((a, count) => a + pick(count), 0));
  const rows = counts.map(
    (count) =>
      markup`<tr><th scope="row">${name(count.label)}</th>${SPLITS.map((part) => markup`<td class="num">${formatCount(count[part])}</td>`)}</tr>`,
  );
  const total = markup`<tr><th scope="row">All</th>${SPLITS.map((part) => markup`<td class="num"><b>${sum((count) => count[part])}</b></td>`)}</tr>`;
  const table = (body: Markup | readonly Markup[]) =>
    markup`<table class="counts"><caption class="hidden">Pictures of each label and split</caption><thead><tr><th scope="col">Label</th>${SPLITS.map((part) => markup`<th scope="col" class="num">${names[part]}</th>`)}</tr></thead><tbody>${body}</tbody></table>`;
  const perLabel = scroller('Pictures of each label', table([...rows, total]));
  return counts.length <= 12
    ? markup`<p class="fine">${how}</p>${perLabel}`
    : markup`<p class="fine">${how}</p>${scroller('Pictures of each split', table(total))}<details><summary>${counts.length} labels</summary>${perLabel}</details>`;
}

function fileList(title: string, count: number, files: readonly Listed[]): Markup {
  const rest = files.length - LISTED;
  const items = files
    .slice(0, LISTED)
    .map(({ key, detail }) => markup`<li><code>${name(key)}</code> ${sentence(detail)}</li>`);
  return markup`<details><summary>${title} <span class="count">${countOf(count, 'file')}</span></summary><ul class="files">${items}</ul>${rest > 0 ? markup`<p class="fine">and ${countOf(rest, 'other')}</p>` : null}</details>`;
}
