import type { SkippedFile } from '../../shared/dataset/dataset.ts';
import { formatPlural } from './format.ts';
import { printable } from './printable.ts';

const EXAMPLES = 5;

/** What was skipped and why, the first few by name. */
export function describeSkipped(skipped: readonly SkippedFile[]): string[] {
  if (skipped.length === 0) return [];
  const count = skipped.reduce((sum, { fileCount = 1 }) => sum + fileCount, 0);
  const lines = skipped
    .slice(0, EXAMPLES)
    .map(({ key, reason, detail }) => `  ${printable(key)}: ${reason}, ${detail}`);
  const rest = skipped.length - lines.length;
  return [
    `skipped ${formatPlural(count, 'file')}:`,
    ...lines,
    ...(rest > 0 ? [`  and ${formatPlural(rest, 'more entry', 'more entries')}`] : []),
  ];
}
