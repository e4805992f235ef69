import type { Split } from './dataset.ts';
import { nameSkipCause, suffixSkipCause, type SkipCause } from './picture-name.ts';

/** Names of split folders, in lower case. */
const SPLIT_NAMES: ReadonlyMap<string, Split> = new Map([
  ['train', 'train'],
  ['valid', 'valid'],
  ['val', 'valid'],
  ['validation', 'valid'],
  ['test', 'test'],
]);

export interface ParsedPictureKey {
  /** NFC, so that the decomposed names of macOS are the same label. */
  readonly label: string;
  readonly split: Split | null;
}

export interface SkippedPictureKey {
  readonly skip: SkipCause;
  /** The path up to and with the folder that rules the file out, ending in `/`; null when it is the file itself. */
  readonly folder: string | null;
}

/** The split that a folder's name stands for, in any case: `train`, `valid`, `val`, `validation`, `test`; else null. */
export function splitOfFolder(name: string): Split | null {
  return SPLIT_NAMES.get(name.toLowerCase()) ?? null;
}

/**
 * Reads label and split off a path. The label is the first folder (below the split folder, if there are any); deeper
 * folders only group the files of one label, as in torchvision's ImageFolder.
 *
 * @param path below the dataset's root: `tulip/1.jpg`, `train/tulip/greenhouse/2.jpg`
 * @param hasSplitFolders whether the dataset has them, which one path cannot tell: a class may be called "train"
 */
export function parsePictureKey(path: string, hasSplitFolders: boolean): ParsedPictureKey | SkippedPictureKey {
  const segments = path.split('/');
  const name = segments.pop() ?? '';
  for (const [index, folder] of segments.entries()) {
    const skip = nameSkipCause(folder);
    if (skip !== null) return { skip, folder: `${segments.slice(0, index + 1).join('/')}/` };
  }
  const skip = nameSkipCause(name) ?? suffixSkipCause(name);
  if (skip !== null) return { skip, folder: null };
  const split = hasSplitFolders ? splitOfFolder(segments.shift() ?? '') : null;
  const [label] = segments;
  return label === undefined || (hasSplitFolders && split === null)
    ? { skip: { reason: 'no-label-folder', detail: noLabelDetail(hasSplitFolders) }, folder: null }
    : { label: label.normalize('NFC'), split };
}

function noLabelDetail(hasSplitFolders: boolean): string {
  return hasSplitFolders
    ? 'expected <train|valid|test>/<label>/<file>, as for the other pictures'
    : 'expected <label>/<file>: the folder is the label';
}
