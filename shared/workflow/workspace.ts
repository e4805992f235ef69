import path from 'node:path';
import { DamagedFileError, InvalidInputError } from '../errors.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { openFolder } from '../storage/open-folder.ts';
import { openStore } from '../storage/open-store.ts';
import { isS3Location, parseS3Location } from '../storage/s3-location.ts';
import { bucketWorkspace } from './bucket-workspace.ts';

/** One dataset: where its pictures are, and where its vectors, models and rejects are kept. */
export interface Workspace {
  /** As the user named it, for messages: `./photos`. */
  readonly location: string;
  readonly dataset: string;
  readonly pictures: ObjectStore;
  /** In front of every picture's key: empty for a folder, `datasets/<dataset>/` in a bucket. */
  readonly picturesPrefix: string;
  /** Holds `features/`, `models/` and `rejects/`. */
  readonly state: ObjectStore;
  /** Whether `state` serves this folder alone, and so remembers its name. */
  readonly isStateOwn: boolean;
}

export interface OpenWorkspaceOptions {
  /** Folder or `s3://bucket` for vectors and models. @default `.headstart` in the pictures' folder, or the pictures' bucket */
  readonly stateLocation?: string;
  /** @default the name under which the folder was first used, else the folder's name */
  readonly dataset?: string;
}

/** The folder that a pictures' folder carries with it. Hidden, so that no listing takes it for a label. */
export const STATE_FOLDER = '.headstart';

/**
 * @param location a folder of pictures, or `s3://bucket/dataset`
 * @throws InvalidInputError when `location` is neither
 */
export async function openWorkspace(location: string, options: OpenWorkspaceOptions = {}): Promise<Workspace> {
  if (isS3Location(location)) return openBucketWorkspace(location, options);
  const pictures = await openFolder(location);
  const { stateLocation } = options;
  const state = await openStore(stateLocation ?? path.join(location, STATE_FOLDER));
  const remembered = stateLocation === undefined ? await rememberedDataset(state) : null;
  const dataset = options.dataset ?? remembered ?? datasetNameOf(location);
  return { location, dataset, pictures, picturesPrefix: '', state, isStateOwn: stateLocation === undefined };
}

async function openBucketWorkspace(
  location: string,
  { stateLocation, dataset }: OpenWorkspaceOptions,
): Promise<Workspace> {
  const { bucket, prefix } = parseS3Location(location);
  if (prefix === '') {
    throw new InvalidInputError(
      `expected a dataset of the bucket, received "${location}"; name it as s3://${bucket}/<dataset>`,
      { code: 'invalid_location' },
    );
  }
  const workspace = bucketWorkspace(await openStore(`s3://${bucket}`), prefix);
  const state = stateLocation === undefined ? workspace.state : await openStore(stateLocation);
  return { ...workspace, location, state, dataset: dataset ?? prefix };
}

/** A folder's last segment, reduced to what may stand in a key: letters, digits, dot, dash and underscore. */
export function datasetNameOf(folder: string): string {
  const name = path
    .basename(path.resolve(folder))
    .normalize('NFC')
    .replaceAll(/[^\p{L}\p{N}._-]+/gu, '-');
  return name.replace(/^[.-]+/, '') || 'dataset';
}

interface StateFile {
  readonly formatVersion: 1;
  readonly dataset: string;
}

const STATE_FILE = 'state.json';

/**
 * Keeps the dataset's name beside its vectors, so that renaming the pictures' folder does not orphan them. Called before the first
 * write; a workspace that is only read stays untouched.
 */
export async function claimWorkspace({ state, dataset, isStateOwn }: Workspace): Promise<void> {
  if (!isStateOwn || (await state.head(STATE_FILE)) !== null) return;
  const content: StateFile = { formatVersion: 1, dataset };
  const bytes = new TextEncoder().encode(`${JSON.stringify(content)}\n`);
  await state.put(STATE_FILE, bytes, { contentType: 'application/json' });
}

async function rememberedDataset(state: ObjectStore): Promise<string | null> {
  const stored = await state.get(STATE_FILE);
  if (stored === null) return null;
  const text = new TextDecoder().decode(stored.bytes);
  try {
    const content = JSON.parse(text) as Partial<StateFile>;
    if (content.formatVersion === 1 && typeof content.dataset === 'string') return content.dataset;
  } catch {
    // Falls through to the message below, which tells all that is known.
  }
  throw new DamagedFileError(
    `expected {"formatVersion": 1, "dataset": "<name>"} in ${STATE_FILE} of ${state.location}, ` +
      `received ${JSON.stringify(text.slice(0, 80))}; write the name of the folder below features/ there, ` +
      'or delete the file to start under the name of the pictures folder',
  );
}
