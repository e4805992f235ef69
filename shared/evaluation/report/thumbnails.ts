import type { Evaluation } from '../evaluation.ts';
import { markup, name, type Markup } from './markup.ts';
import { MAX_THUMBNAIL_BYTES, MAX_THUMBNAILS_BYTES, type ReportInput, type Thumbnail } from './report-input.ts';

/** Keys of the pictures that the report shows, so that only their thumbnails are made. */
export function wantedThumbnails({ mistakes }: Evaluation): string[] {
  return mistakes.map(({ key }) => key);
}

/** Those that go into the page, the worst mistakes first, as far as the bytes allow. */
export function embeddedThumbnails(
  evaluation: Evaluation,
  thumbnails: ReportInput['thumbnails'],
): ReportInput['thumbnails'] {
  const embedded = new Map<string, Thumbnail>();
  let leftBytes = MAX_THUMBNAILS_BYTES;
  for (const key of wantedThumbnails(evaluation)) {
    const thumbnail = thumbnails.get(key);
    if (thumbnail === undefined || thumbnail.bytes.length > Math.min(MAX_THUMBNAIL_BYTES, leftBytes)) continue;
    leftBytes -= thumbnail.bytes.length;
    embedded.set(key, thumbnail);
  }
  return embedded;
}

/** The picture inside the page, or a blank of the same size. */
export function drawThumbnail(thumbnail: Thumbnail | undefined, alternative: string): Markup {
  if (thumbnail === undefined) return markup`<span class="thumb blank">no preview</span>`;
  const data = Buffer.from(thumbnail.bytes).toString('base64');
  return markup`<img class="thumb" alt="${alternative}" decoding="async" src="data:${thumbnail.mediaType};base64,${data}">`;
}

/** The file's name large, its folder small. */
export function pathOf(key: string): Markup {
  const cut = key.lastIndexOf('/') + 1;
  return markup`<span class="path" title="${key}"><span class="folder">${name(key.slice(0, cut))}</span>${name(key.slice(cut))}</span>`;
}
