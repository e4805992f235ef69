import type { BenchRow, Target } from './bench.ts';
import { formatSpread, median } from './measure.ts';

/** A Markdown table; each figure is a median with its smallest and largest value. */
export function formatBenchTable(rows: readonly BenchRow[]): string {
  const lines = rows.map((row) => {
    const ratio = row.ratios.length === 0 ? '' : `${formatSpread(row.ratios)} x the ${row.ratioOf}`;
    const cells = [row.what, `${formatFigure(row.ours)} ${row.unit}`, row.beside, ratio, describeTarget(row)];
    return `| ${cells.join(' | ')} |`;
  });
  return ['| what | ours | beside | ours is | target |', '|---|---|---|---|---|', ...lines].join('\n');
}

/** Three significant digits at least. */
function formatFigure(values: readonly number[]): string {
  const size = Math.abs(median(values));
  return formatSpread(values, size >= 100 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(size || 1))));
}

function describeTarget(row: BenchRow): string {
  const { target } = row;
  if (target === undefined) return '';
  const limits = [
    ...(target.atLeast === undefined ? [] : [`>= ${target.atLeast}`]),
    ...(target.atMost === undefined ? [] : [`<= ${target.atMost}`]),
  ];
  return `${limits.join(', ')}${target.on === 'ours' ? ` ${row.unit}` : 'x'}: ${isMet(row, target) ? 'met' : 'not met'}`;
}

function isMet(row: BenchRow, { on, atLeast = -Infinity, atMost = Infinity }: Target): boolean {
  const value = median(on === 'ours' ? row.ours : row.ratios);
  return value >= atLeast && value <= atMost;
}
