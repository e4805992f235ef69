import { InvalidInputError } from '../errors.ts';
import type { ObjectInfo, ObjectStore } from '../storage/object-store.ts';
import { compareKeys } from '../storage/object-key.ts';
import type { DatasetListing, PictureRef, SkippedFile } from './dataset.ts';
import { emptyDatasetError } from './empty-dataset-error.ts';
import { detectSplitFolders } from './detect-split-folders.ts';
import { parsePictureKey } from './parse-picture-key.ts';
import { SkippedFiles } from './skipped-files.ts';

export interface ListDatasetOptions {
  readonly signal?: AbortSignal;
}

/** A file that may be a picture, without a label. */
export type UnlabelledPicture = Pick<PictureRef, 'key' | 'sizeBytes' | 'eTag'>;

export interface PictureListing {
  /** In ascending byte order of the key. */
  readonly pictures: readonly UnlabelledPicture[];
  readonly skipped: readonly SkippedFile[];
}

/**
 * The labelled pictures of a dataset: `<label>/<file>`, or `<split>/<label>/<file>` when every top folder that holds
 * pictures is called train, valid (val, validation) or test, and they hold label folders. Files are judged by their
 * names only; nothing is read.
 *
 * Labels that differ in Unicode normalisation are one. Labels that differ in case are two, with a warning. What is
 * hidden, written by the system or no picture is skipped and reported, a folder once; `.headstart/` at the root, our
 * own, is left out silently.
 *
 * @param prefix of the dataset in the store: empty, or ending in `/`
 * @throws InvalidInputError `empty_dataset` when no labelled picture is found, `mixed_split_folders` when split folders and others are mixed
 */
export async function listDataset(
  store: ObjectStore,
  prefix: string,
  options: ListDatasetOptions = {},
): Promise<DatasetListing> {
  const files = await listFiles(store, prefix, options);
  const hasSplitFolders = detectSplitFolders(files.map(({ path }) => path));
  const skipped = new SkippedFiles(prefix);
  const pictures: PictureRef[] = [];
  for (const { path, info } of files) {
    const parsed = parsePictureKey(path, hasSplitFolders);
    if ('skip' in parsed) skipped.add(path, parsed);
    else pictures.push({ ...parsed, key: info.key, sizeBytes: info.sizeBytes, eTag: info.eTag });
  }
  const location = prefix === '' ? store.location : `${store.location}/${prefix}`;
  if (pictures.length === 0) throw emptyDatasetError(location, skipped.all());
  const labels = [...new Set(pictures.map(({ label }) => label))].sort(compareKeys);
  return { pictures, labels, skipped: skipped.all(), hasSplitFolders, warnings: sameButForCase(labels) };
}

/**
 * Every picture below a prefix, whatever folders it is in: what `predict` takes for a folder. Skips as listDataset
 * does; an empty result is no error.
 */
export async function listPictures(
  store: ObjectStore,
  prefix: string,
  options: ListDatasetOptions = {},
): Promise<PictureListing> {
  const skipped = new SkippedFiles(prefix);
  const pictures: UnlabelledPicture[] = [];
  for (const { path, info } of await listFiles(store, prefix, options)) {
    const parsed = parsePictureKey(`any-label/${path}`, false);
    if (!('skip' in parsed)) {
      pictures.push({ key: info.key, sizeBytes: info.sizeBytes, eTag: info.eTag });
    } else {
      skipped.add(path, { ...parsed, folder: parsed.folder?.slice('any-label/'.length) ?? null });
    }
  }
  return { pictures, skipped: skipped.all() };
}

interface FoundFile {
  /** Below the dataset's root. */
  readonly path: string;
  readonly info: ObjectInfo;
}

async function listFiles(store: ObjectStore, prefix: string, { signal }: ListDatasetOptions): Promise<FoundFile[]> {
  if (prefix !== '' && !prefix.endsWith('/')) {
    throw new InvalidInputError(`expected a dataset prefix that is empty or ends in "/", got "${prefix}"; append "/"`);
  }
  const files: FoundFile[] = [];
  for await (const info of store.list(prefix, signal === undefined ? {} : { signal })) {
    const path = info.key.slice(prefix.length);
    // A key that ends in "/" is how S3's console shows an empty folder.
    if (!path.startsWith(OWN_FOLDER) && !path.endsWith('/') && path !== '') files.push({ path, info });
  }
  return files;
}

const OWN_FOLDER = '.headstart/';

function sameButForCase(labels: readonly string[]): string[] {
  const spellings = Map.groupBy(labels, (label) => label.toLowerCase());
  return [...spellings.values()]
    .filter((group) => group.length > 1)
    .map((group) => {
      const names = group.map((label) => `"${label}"`).join(' and ');
      return `labels ${names} differ only in case and are trained as ${group.length} classes; merge the folders if they are one`;
    });
}
