import { markup } from './markup.ts';
import { renderPage } from './page.ts';
import type { ReportInput } from './report-input.ts';
import { calibrationSection } from './sections/calibration-section.ts';
import { confusionSection } from './sections/confusion-section.ts';
import { dataSection } from './sections/data-section.ts';
import { headline } from './sections/headline.ts';
import { labelSection } from './sections/label-section.ts';
import { mistakesSection } from './sections/mistakes-section.ts';
import { notesSection } from './sections/notes-section.ts';
import { reproductionSection } from './sections/reproduction-section.ts';
import { drawSection, type Section } from './sections/section.ts';
import { trainingSection } from './sections/training-section.ts';

export { wantedThumbnails } from './thumbnails.ts';

/**
 * An evaluation as one HTML page that needs nothing else: no request leaves it, it works without its script, on a phone, in
 * the dark and on paper. Labels, keys and messages may hold anything.
 *
 * @returns the page; UTF-8 when written
 */
export function renderReport(input: ReportInput): string {
  const sections = [
    notesSection(input),
    confusionSection(input.evaluation),
    mistakesSection(input),
    labelSection(input.evaluation),
    calibrationSection(input),
    trainingSection(input),
    dataSection(input),
    reproductionSection(input),
  ].filter((section): section is Section => section !== null);
  return renderPage(input, sections, markup`${headline(input)}${sections.map(drawSection)}`);
}
