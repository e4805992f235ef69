import { describe, expect, it } from 'vitest';
import { evaluateLogits } from '../../../../shared/evaluation/evaluate-logits.ts';
import { renderReport, wantedThumbnails } from '../../../../shared/evaluation/report/render-report.ts';
import {
  MAX_THUMBNAIL_BYTES,
  MAX_THUMBNAILS_BYTES,
  type ReportInput,
} from '../../../../shared/evaluation/report/report-input.ts';
import { niceTicks } from '../../../../shared/evaluation/report/charts/frame.ts';
import { MAX_MISTAKES } from '../../../../shared/evaluation/worst-mistakes.ts';
import { makeReportInput, makeRequest } from '../../../support/evaluations.ts';

const LABELS = ['daisy', 'rose', 'tulip'];
const input = makeReportInput(LABELS, 150);

function withThumbnails(sizeBytes: number): ReportInput {
  const bytes = new Uint8Array(sizeBytes).fill(7);
  const keys = [...wantedThumbnails(input.evaluation), 'a picture nobody asked for.jpg'];
  return { ...input, thumbnails: new Map(keys.map((key) => [key, { mediaType: 'image/webp', bytes }])) };
}

describe('renderReport', () => {
  it('is the same page for the same input', () => {
    expect(renderReport(makeReportInput(LABELS, 150))).toBe(renderReport(input));
  });

  it('shows the accuracy, its interval, the baseline and every warning', () => {
    const page = renderReport(input);
    const { correctCount, pictureCount, accuracy, warnings } = input.evaluation;
    expect(page).toContain(`${correctCount} of ${pictureCount} right`);
    expect(page).toContain(`95% interval ${Math.floor(accuracy.low * 100)}% to ${Math.ceil(accuracy.high * 100)}%`);
    expect(page).toContain('Always answering');
    expect(warnings.length).toBeGreaterThan(0);
    const shown = /<ul class="notes">.*?<\/ul>/s.exec(page)?.[0] ?? '';
    expect(shown.match(/<li>/g)).toHaveLength(warnings.length + input.warnings.length);
  });

  it('shows what was skipped and left out, and how to train the same again', () => {
    const page = renderReport(input);
    for (const text of ['rose/broken.jpg', '41 files', 'tulip/copy of 12.jpg', 'headstart train ./flowers', 'libvips'])
      expect(page).toContain(text);
    for (const fact of [input.reproduction.backbone.sha256, input.reproduction.backbone.licence])
      expect(page).toContain(fact);
  });

  it('leaves out what there is nothing to say about', () => {
    const page = renderReport({ ...input, history: [], bestEpoch: null, split: null, skipped: [], excluded: [] });
    expect(page).not.toContain('id="training"');
    expect(page).not.toContain('class="counts"');
    expect(page).toContain('Every file was used');
  });

  it('has one panel when no temperature is applied, and two when one is', () => {
    const plain = { ...input, evaluation: evaluateLogits(makeRequest(150, LABELS)) };
    const panels = (page: string) => /id="calibration".*?<\/section>/s.exec(page)?.[0].match(/<figure>/g)?.length;
    expect(panels(renderReport(plain))).toBe(1);
    expect(panels(renderReport(input))).toBe(2);
  });

  it('embeds the thumbnails of the mistakes it lists, no others, and none above the limit', () => {
    const count = (page: string) => page.match(/src="data:image\/webp;base64,/g)?.length ?? 0;
    expect(count(renderReport(withThumbnails(2000)))).toBe(input.evaluation.mistakes.length);
    expect(count(renderReport(withThumbnails(MAX_THUMBNAIL_BYTES + 1)))).toBe(0);
  });

  it('embeds the thumbnails of the worst mistakes first when all of them are too many bytes', () => {
    const { mistakes } = input.evaluation;
    const fitting = Math.floor(MAX_THUMBNAILS_BYTES / MAX_THUMBNAIL_BYTES);
    expect(mistakes.length).toBeGreaterThan(fitting);
    const cards = renderReport(withThumbnails(MAX_THUMBNAIL_BYTES)).match(/<li class="card">.{30}/g) ?? [];
    expect(cards.map((card) => card.includes('<img'))).toEqual(mistakes.map((_, index) => index < fitting));
  });

  it('marks a picture without a thumbnail, and leaves the place out where none has one', () => {
    const [kept] = withThumbnails(2000).thumbnails;
    if (kept === undefined) throw new Error('expected a thumbnail');
    const one = renderReport({ ...input, thumbnails: new Map([kept]) });
    expect(one.match(/no preview/g)).toHaveLength(input.evaluation.mistakes.length - 1);
    expect(renderReport({ ...input, thumbnails: new Map() })).not.toContain('no preview');
  });

  it('says that probabilities can be believed only where the pictures can tell', () => {
    const said = (count: number) => renderReport({ ...input, evaluation: evaluateLogits(makeRequest(count, LABELS)) });
    expect(said(3000)).toContain('on the whole they can be believed');
    const few = [60, 80, 100, 120].map(said);
    expect(few.join()).toContain('as far as so few pictures can tell');
    expect(few.join()).not.toContain('on the whole they can be believed');
  });

  it('names dropout only where there was some', () => {
    const { reproduction } = input;
    if (reproduction.hyperparameters === null) throw new Error('expected hyper-parameters');
    const without = { ...reproduction, hyperparameters: { ...reproduction.hyperparameters, dropout: 0 } };
    expect(renderReport(input)).toContain('measured with dropout');
    expect(renderReport({ ...input, reproduction: without })).not.toContain('measured with dropout');
  });

  it('stays below 1.2 MB with 100 labels and the largest thumbnails', () => {
    const labels = Array.from({ length: 100 }, (_, index) => `label ${index}`);
    const wide = makeReportInput(labels, 3000);
    const bytes = new Uint8Array(MAX_THUMBNAIL_BYTES);
    const keys = wantedThumbnails(wide.evaluation);
    expect(keys).toHaveLength(MAX_MISTAKES);
    const thumbnails: ReportInput['thumbnails'] = new Map(keys.map((key) => [key, { mediaType: 'image/png', bytes }]));
    expect(Buffer.byteLength(renderReport({ ...wide, thumbnails }))).toBeLessThan(1.2e6);
  });

  it('draws a matrix up to 100 labels, and only the list of pairs beyond', () => {
    const labels = (count: number) => Array.from({ length: count }, (_, index) => `label ${index}`);
    expect(renderReport(makeReportInput(labels(100), 200))).toContain('class="matrix dense"');
    const beyond = renderReport(makeReportInput(labels(101), 200));
    expect(beyond).not.toContain('<table class="matrix');
    expect(beyond).toContain('class="pairs"');
  });

  it('lists at most 100 files of a kind and counts the rest', () => {
    const skipped = Array.from({ length: 130 }, (_, index) => ({
      key: `x/${index}.txt`,
      reason: 'not-a-picture',
      detail: 'text',
    }));
    const page = renderReport({ ...input, skipped });
    expect(page.match(/<code><bdi>x\//g)).toHaveLength(100);
    expect(page).toContain('and 30 others');
  });

  it('contains no address of a server', () => {
    expect(renderReport(withThumbnails(2000))).not.toMatch(/https?:|url\(|@import|<link|src="(?!data:)/);
  });
});

describe('niceTicks', () => {
  it.each([
    [{ low: 0, high: 1.62 }, 4, [0, 0.5, 1, 1.5, 2]],
    [{ low: 0.37, high: 1 }, 4, [0.2, 0.4, 0.6, 0.8, 1]],
    [{ low: 0, high: 0.003 }, 4, [0, 0.001, 0.002, 0.003]],
    [{ low: 0, high: 60 }, 5, [0, 20, 40, 60]],
  ])('covers %o with round values', (range, count, ticks) => {
    expect(niceTicks(range, count)).toEqual(ticks);
  });
});
