import type { Evaluation } from '../evaluation.ts';
import { markup, name, type Markup } from './markup.ts';
import { MAX_THUMBNAIL_BYTES, type ReportInput } from './report-input.ts';

/** Keys of the pictures that the report shows, so that only their thumbnails are made. */
export function wantedThumbnails({ mistakes }: Evaluation): string[] {
  return mistakes.map(({ key }) => key);
}

/** The picture inside the page, or a blank of the same size. */
export function thumbnailOf(key: string, alternative: string, thumbnails: ReportInput['thumbnails']): Markup {
  const thumbnail = thumbnails.get(key);
  if (thumbnail === undefined || thumbnail.bytes.length > MAX_THUMBNAIL_BYTES)
    return markup`<span class="thumb blank">no preview</span>`;
  const data = Buffer.from(thumbnail.bytes).toString('base64');
  return markup`<img class="thumb" alt="${alternative}" decoding="async" src="data:${thumbnail.mediaType};base64,${data}">`;
}

/** The file's name large, its folder small. */
export function pathOf(key: string): Markup {
  const cut = key.lastIndexOf('/') + 1;
  return markup`<span class="path" title="${key}"><span class="folder">${name(key.slice(0, cut))}</span>${name(key.slice(cut))}</span>`;
}
