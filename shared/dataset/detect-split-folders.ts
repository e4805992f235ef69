import { InvalidInputError } from '../errors.ts';
import { parsePictureKey, splitOfFolder } from './parse-picture-key.ts';

/**
 * Whether a dataset's top folders are splits rather than labels: all of those that hold pictures are called as
 * splits, and at least one holds folders of its own (the labels).
 *
 * So a dataset of the two classes "train" and "test" is read as labels as long as these folders hold pictures
 * directly; a class called "train" with sub-folders and without other classes is read as a split, and has to be
 * renamed.
 *
 * @param paths of all files below the dataset's root
 * @throws InvalidInputError `mixed_split_folders` when two or more splits with label folders stand beside another folder of pictures
 */
export function detectSplitFolders(paths: readonly string[]): boolean {
  const tops = topFoldersOf(paths);
  const names = [...tops.keys()];
  const splits = names.filter((name) => splitOfFolder(name) !== null);
  const withLabels = splits.filter((name) => tops.get(name) === true);
  if (withLabels.length === 0) return false;
  if (splits.length === names.length) return true;
  const others = names.filter((name) => splitOfFolder(name) === null);
  if (withLabels.length >= 2) {
    throw new InvalidInputError(
      `expected either split folders or label folders, found both: ${quoted(withLabels)} hold folders of labels, and ${quoted(others)} ` +
        'holds pictures beside them; move the others out of the dataset or into a split folder',
      { code: 'mixed_split_folders' },
    );
  }
  return false;
}

/** Top folders that hold pictures, and whether some picture lies in a folder below them. */
function topFoldersOf(paths: readonly string[]): Map<string, boolean> {
  const tops = new Map<string, boolean>();
  for (const path of paths) {
    if ('skip' in parsePictureKey(path, false)) continue;
    const [top = '', ...rest] = path.split('/');
    tops.set(top, tops.get(top) === true || rest.length > 1);
  }
  return tops;
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}
