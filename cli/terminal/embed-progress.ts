import type { EmbedProgress, EmbedReport } from '../../shared/features/embed-pictures.ts';
import { formatCount, formatDuration, formatPlural, formatRate } from './format.ts';
import { Progress } from './progress.ts';

/** A progress bar for `embedPictures`, and the line that stays when it is done. */
export class EmbedProgressBar {
  readonly #progress = new Progress({ title: 'embedding', unit: 'pictures' });

  readonly update = ({ done, total, reused }: EmbedProgress): void => {
    this.#progress.update(done, total ?? done, reused > 0 ? `${formatCount(reused)} reused` : '');
  };

  finish(report: EmbedReport): void {
    this.#progress.finish(describeEmbedding(report));
  }

  clear(): void {
    this.#progress.clear();
  }
}

/** `embedded 12 pictures in 1.2 s (10/s), reused 788 vectors from the cache, removed 3, skipped 1`. */
export function describeEmbedding({ embedded, reused, removed, skipped, durationMs }: EmbedReport): string {
  const rate = formatRate(embedded / Math.max(0.001, durationMs / 1000));
  return [
    embedded > 0
      ? `embedded ${formatPlural(embedded, 'picture')} in ${formatDuration(durationMs)} (${rate}/s)`
      : 'embedded nothing new',
    `reused ${formatPlural(reused, 'vector')} from the cache`,
    ...(removed > 0 ? [`forgot ${formatPlural(removed, 'picture')} that are gone`] : []),
    ...(skipped.length > 0 ? [`refused ${formatPlural(skipped.length, 'file')}`] : []),
  ].join(', ');
}
