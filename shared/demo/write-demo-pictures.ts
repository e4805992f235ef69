import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SPLITS, type Split } from '../dataset/dataset.ts';
import { InvalidInputError } from '../errors.ts';
import { explainFileErrors } from '../storage/file-error.ts';
import { attributionText } from './attribution.ts';
import { readDemoMarker, writeDemoMarker, type DemoMarker } from './demo-marker.ts';
import { drawDemoPicture } from './draw-demo-picture.ts';
import { EMOJI_SETS, loadEmojiSet, loadEmojiSetInfo, type EmojiSet, type EmojiSetName } from './emoji-set.ts';
import { planDemoPictures, type DemoArtists, type PlannedPicture } from './plan-demo-pictures.ts';

/**
 * Fluent judges: of the artists that draw every sport it is neither the easiest nor the hardest
 * (docs/demo-pictures.md has all of them), and its flat style descends from none of the others. Twemoji stops the
 * training early and calibrates it: an artist not learned from as well, because pictures of the training artists
 * would be recognised too easily, and the temperature would promise too much.
 */
export const DEFAULT_DEMO_ARTISTS: DemoArtists = {
  train: ['noto', 'openmoji', 'emojione', 'fxemoji'],
  valid: ['twemoji'],
  test: ['fluent-emoji-flat'],
};

export interface WriteDemoPicturesOptions {
  /** An artist may be in one split only. @default DEFAULT_DEMO_ARTISTS */
  readonly artists?: DemoArtists;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface DemoPictures {
  /** Absolute. */
  readonly folder: string;
  readonly labels: readonly string[];
  readonly counts: Readonly<Record<Split, number>>;
  readonly artists: DemoArtists;
  /** True when everything was there already and nothing was drawn. */
  readonly isReused: boolean;
}

/** Changes whenever the same packages would give other pictures. */
const RECIPE_VERSION = 1;

/** Drawn at a time: enough for libvips' threads, little memory. */
const BATCH = 8;

export const ATTRIBUTION_FILE_NAME = 'ATTRIBUTION.txt';

/**
 * Draws sports emoji of several artists into `<folder>/{train,valid,test}/<label>/`, with the artists' names and
 * licences beside them. The artists that judge are not among those that are learned from. Does nothing when the same
 * pictures are there; replaces pictures of another recipe; takes up where it was interrupted.
 *
 * @param folder made if absent
 * @throws InvalidInputError `folder_not_empty` when the folder holds anything that this function has not written
 * @throws NotFoundError when an `@iconify-json/*` package is not installed
 */
export async function writeDemoPictures(folder: string, options: WriteDemoPicturesOptions = {}): Promise<DemoPictures> {
  const { artists = DEFAULT_DEMO_ARTISTS } = options;
  const root = resolve(folder);
  const names = artistNames(artists);
  const infos = await Promise.all(names.map(loadEmojiSetInfo));
  const attribution = attributionText(infos);
  const recipe = recipeOf(artists, attribution);
  return explainFileErrors('write', root, async () => {
    const marker = await readDemoMarker(root);
    if (marker?.recipe === recipe && (await isComplete(root, marker))) {
      return describe(root, artists, Object.keys(marker.sizes), true);
    }
    await clear(root, marker);
    const plan = planDemoPictures(await loadSets(names), artists);
    const paths = [ATTRIBUTION_FILE_NAME, ...plan.map(({ path }) => path)];
    // First, so that the files of an interrupted run are known to be ours.
    await writeDemoMarker(root, { recipe, sizes: Object.fromEntries(paths.map((path) => [path, null])) });
    await writeFile(join(root, ATTRIBUTION_FILE_NAME), attribution);
    const sizes = await drawAll(root, plan, options);
    sizes.set(ATTRIBUTION_FILE_NAME, Buffer.byteLength(attribution));
    await writeDemoMarker(root, { recipe, sizes: Object.fromEntries(sizes) });
    return describe(root, artists, paths, false);
  });
}

function artistNames(artists: DemoArtists): readonly EmojiSetName[] {
  const names = SPLITS.flatMap((split) => artists[split]);
  const unknown = names.filter((name) => !EMOJI_SETS.includes(name));
  if (unknown.length === 0 && new Set(names).size === names.length && artists.train.length > 0) return names;
  throw new InvalidInputError(
    `expected every artist of ${EMOJI_SETS.join(', ')} at most once and one at least in train, got ${JSON.stringify(artists)}`,
  );
}

function recipeOf(artists: DemoArtists, attribution: string): string {
  const ordered = SPLITS.map((split) => artists[split]);
  // The attribution names the versions of the packages.
  return createHash('sha256')
    .update(JSON.stringify([RECIPE_VERSION, ordered, attribution]))
    .digest('hex');
}

async function loadSets(names: readonly EmojiSetName[]): Promise<Map<EmojiSetName, EmojiSet>> {
  const sets = new Map<EmojiSetName, EmojiSet>();
  // One after another: each file is tens of megabytes of JSON.
  for (const name of names) sets.set(name, await loadEmojiSet(name));
  return sets;
}

async function drawAll(
  root: string,
  plan: readonly PlannedPicture[],
  { onProgress, signal }: WriteDemoPicturesOptions,
): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (let start = 0; start < plan.length; start += BATCH) {
    signal?.throwIfAborted();
    await Promise.all(
      plan.slice(start, start + BATCH).map(async ({ path, drawing, placement }) => {
        const bytes = await drawDemoPicture(drawing, placement);
        await mkdir(dirname(join(root, path)), { recursive: true });
        await writeFile(join(root, path), bytes);
        sizes.set(path, bytes.length);
      }),
    );
    onProgress?.(Math.min(start + BATCH, plan.length), plan.length);
  }
  return sizes;
}

async function isComplete(root: string, { sizes }: DemoMarker): Promise<boolean> {
  for (const [path, size] of Object.entries(sizes)) {
    const stats = await stat(join(root, path)).catch(() => null);
    if (size === null || stats?.size !== size) return false;
  }
  return true;
}

/** Removes what an earlier recipe wrote, and refuses a folder with anything else. */
async function clear(root: string, marker: DemoMarker | null): Promise<void> {
  if (marker === null) {
    const found = await readdir(root).catch(() => []);
    if (found.length === 0) return;
    throw new InvalidInputError(
      `expected an empty or absent folder for the demo pictures, "${root}" holds "${found[0] ?? ''}"; choose another folder`,
      { code: 'folder_not_empty' },
    );
  }
  for (const path of Object.keys(marker.sizes)) await rm(join(root, path), { force: true });
}

function describe(root: string, artists: DemoArtists, paths: readonly string[], isReused: boolean): DemoPictures {
  const pictures = paths.filter((path) => path !== ATTRIBUTION_FILE_NAME).map((path) => path.split('/'));
  const count = (split: Split): number => pictures.filter(([top]) => top === split).length;
  return {
    folder: root,
    labels: [...new Set(pictures.flatMap(([, label]) => label ?? []))].sort(),
    counts: { train: count('train'), valid: count('valid'), test: count('test') },
    artists,
    isReused,
  };
}
