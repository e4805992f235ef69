import { InvalidInputError } from '../errors.ts';
import type { SkippedFile } from './dataset.ts';

/** No labelled picture was found: says what was found instead and what to do about it. */
export function emptyDatasetError(location: string, skipped: readonly SkippedFile[]): InvalidInputError {
  const expected = `expected pictures in folders named after their labels (<label>/<file>) in "${location}"`;
  return new InvalidInputError(`${expected}, found ${foundInstead(skipped)}`, { code: 'empty_dataset' });
}

function foundInstead(skipped: readonly SkippedFile[]): string {
  if (skipped.length === 0) return 'no file at all; check the path';
  const loose = skipped.filter(({ reason }) => reason === 'no-label-folder');
  if (loose.length > 0) {
    return `${loose.length} ${loose.length === 1 ? 'picture' : 'pictures'} outside of any label folder; move them into one folder per label`;
  }
  const counts = new Map<string, number>();
  for (const { reason, fileCount = 1 } of skipped) counts.set(reason, (counts.get(reason) ?? 0) + fileCount);
  const reasons = [...counts].map(([reason, count]) => `${count} ${reason}`).join(', ');
  const [first] = skipped;
  return `only files that are no pictures (${reasons}), such as "${first?.key ?? ''}": ${first?.detail ?? ''}`;
}
