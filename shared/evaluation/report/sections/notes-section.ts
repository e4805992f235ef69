import { markup } from '../markup.ts';
import type { ReportInput } from '../report-input.ts';
import { sentence } from './headline.ts';
import type { Section } from './section.ts';

/** Everything that limits what the numbers say, before the numbers. */
export function notesSection({ evaluation, warnings }: ReportInput): Section | null {
  const notes = [...new Set([...evaluation.warnings, ...warnings])];
  if (notes.length === 0) return null;
  return {
    id: 'notes',
    title: 'Before you rely on this',
    content: markup`<ul class="notes">${notes.map((note) => markup`<li>${sentence(note)}</li>`)}</ul>`,
  };
}
