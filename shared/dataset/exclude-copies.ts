import { compareKeys } from '../storage/object-key.ts';
import { SPLITS } from './dataset.ts';
import type { ExcludedPicture, ExclusionReason, HashedPicture } from './split-plan.ts';

export interface DistinctPictures {
  /** One for each content, in ascending byte order of the key. */
  readonly kept: readonly HashedPicture[];
  /** In ascending byte order of the key. */
  readonly excluded: readonly ExcludedPicture[];
}

/**
 * Keeps one picture of each content, because a copy on the other side makes the accuracy a lie, and a copy on the
 * same side narrows its interval without adding knowledge. Of copies in several splits the one in test stays, then
 * the one in valid; among equals the first key.
 */
export function excludeCopies(pictures: readonly HashedPicture[]): DistinctPictures {
  const kept: HashedPicture[] = [];
  const excluded: ExcludedPicture[] = [];
  for (const group of Map.groupBy(pictures, ({ sha256 }) => sha256).values()) {
    const copies = group.toSorted((a, b) => rankOf(b) - rankOf(a) || compareKeys(a.key, b.key));
    const [best] = copies;
    if (best === undefined) continue;
    const isConflict = copies.some(({ label }) => label !== best.label);
    if (!isConflict) kept.push(best);
    for (const copy of isConflict ? copies : copies.slice(1)) excluded.push(exclude(copy, best, copies, isConflict));
  }
  return { kept: kept.sort(byKey), excluded: excluded.sort(byKey) };
}

function exclude(
  copy: HashedPicture,
  best: HashedPicture,
  copies: readonly HashedPicture[],
  isConflict: boolean,
): ExcludedPicture {
  const reason: ExclusionReason = isConflict ? 'label-conflict' : copy.split === best.split ? 'duplicate' : 'leak';
  const others = copies.filter((other) => other !== copy);
  return {
    key: copy.key,
    label: copy.label,
    reason,
    detail: detailOf(reason, best, others),
    otherKeys: others.map(({ key }) => key),
  };
}

function detailOf(reason: ExclusionReason, best: HashedPicture, others: readonly HashedPicture[]): string {
  switch (reason) {
    case 'duplicate':
      return `the same picture as "${best.key}", which is used`;
    case 'leak':
      return `the same picture as "${best.key}" in ${best.split ?? 'another split'}, where it stays`;
    case 'label-conflict':
      return `the same picture as ${others.map(({ key }) => `"${key}"`).join(' and ')} under another label; remove the wrong one, none is used until then`;
  }
}

/** Later splits judge earlier ones, so a copy there counts more. */
function rankOf({ split }: HashedPicture): number {
  return split === null ? -1 : SPLITS.indexOf(split);
}

function byKey(a: { readonly key: string }, b: { readonly key: string }): number {
  return compareKeys(a.key, b.key);
}
