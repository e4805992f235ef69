import { InvalidInputError } from '../errors.ts';
import type { PictureRef } from './dataset.ts';

/** One to learn from and one to judge by. */
export const DEFAULT_MINIMUM_PER_LABEL = 2;

export interface TrainableOptions {
  /** Pictures that every label needs. @default DEFAULT_MINIMUM_PER_LABEL */
  readonly minimumPerLabel?: number;
  /** For messages. @default 'the dataset' */
  readonly location?: string;
}

/**
 * Refuses pictures from which nothing can be learned. Call it on the listing, to fail before anything is embedded,
 * and again with what is left after decoding: assignSplits does that.
 *
 * @throws InvalidInputError `one_class`, or `too_few_pictures` naming every label concerned
 */
export function assertTrainable(
  pictures: readonly Pick<PictureRef, 'key' | 'label'>[],
  options: TrainableOptions = {},
): void {
  const { minimumPerLabel = DEFAULT_MINIMUM_PER_LABEL, location = 'the dataset' } = options;
  const byLabel = Map.groupBy(pictures, ({ label }) => label);
  const [onlyLabel] = byLabel.keys();
  if (byLabel.size === 1 && onlyLabel !== undefined) {
    throw new InvalidInputError(
      `expected at least 2 labels in ${location}, found only "${onlyLabel}" (${pictures.length} pictures); ` +
        whatToDo(pictures, onlyLabel),
      { code: 'one_class' },
    );
  }
  const tooFew = [...byLabel].filter(([, group]) => group.length < minimumPerLabel);
  if (tooFew.length === 0) return;
  const shown = tooFew.slice(0, MAX_SHOWN).map(([label, group]) => `"${label}" (${group.length})`);
  const more = tooFew.length > MAX_SHOWN ? ` and ${tooFew.length - MAX_SHOWN} more` : '';
  throw new InvalidInputError(
    `expected at least ${minimumPerLabel} different usable pictures for every label in ${location}, found fewer for ` +
      `${shown.join(', ')}${more}; add pictures or remove these folders`,
    { code: 'too_few_pictures' },
  );
}

const MAX_SHOWN = 10;

/** An unpacked archive often has all labels one folder deeper. */
function whatToDo(pictures: readonly Pick<PictureRef, 'key'>[], label: string): string {
  const inner = new Set<string>();
  for (const { key } of pictures) {
    const segments = key.split('/');
    const below = segments.slice(segments.findIndex((segment) => segment.normalize('NFC') === label) + 1, -1);
    if (below[0] !== undefined) inner.add(below[0]);
  }
  return inner.size > 1
    ? `it holds ${inner.size} folders such as "${[...inner][0] ?? ''}": if these are the labels, name "${label}" as the dataset`
    : 'add a folder of other pictures, or name the folder above if this one is itself a label';
}
