import { wantedThumbnails } from '../evaluation/report/render-report.ts';
import type { Evaluation } from '../evaluation/evaluation.ts';
import { REPORT_THUMBNAIL_EDGE_PX, type ReportInput } from '../evaluation/report/report-input.ts';
import { makeThumbnail } from '../image/thumbnail.ts';
import type { ObjectStore } from '../storage/object-store.ts';

/** Small pictures of the worst mistakes. One that is gone by now, or cannot be drawn, is left out: the report names it all the same. */
export async function reportThumbnails(
  pictures: ObjectStore,
  evaluation: Evaluation,
): Promise<ReportInput['thumbnails']> {
  const made = await Promise.all(
    wantedThumbnails(evaluation).map(async (key) => {
      try {
        const stored = await pictures.get(key);
        if (stored === null) return [];
        const bytes = await makeThumbnail(stored.bytes, REPORT_THUMBNAIL_EDGE_PX);
        return [[key, { mediaType: 'image/webp', bytes }] as const];
      } catch {
        return [];
      }
    }),
  );
  return new Map(made.flat());
}
