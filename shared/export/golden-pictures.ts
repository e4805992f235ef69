import path from 'node:path';
import type { AssignedPicture } from '../dataset/split-plan.ts';
import { sha256Of, toHex } from '../image/content-hash.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { drawSyntheticPictures } from './synthetic-pictures.ts';

/** A picture that travels with an exported model, to prove on any machine that it still answers the same. */
export interface GoldenPicture {
  /** Of the file in the bundle. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** `test`: of the user's own pictures, held out in training. `synthetic`: drawn, where there are none. */
  readonly source: 'test' | 'synthetic';
  /** Null for a drawn one. */
  readonly label: string | null;
}

/** A handful: enough to see every layer at work, few enough to send with the model. */
const MOST_PICTURES = 8;
/** A larger file would weigh more than the model. */
const MAX_PICTURE_BYTES = 5_000_000;

/**
 * Pictures that were held out when the model was trained, of as many labels as possible; drawn ones when there are none: no store, or
 * every file is gone or has other bytes than then.
 *
 * @param pictures where the keys of the split lie; null when only the model is at hand
 */
export async function goldenPictures(
  split: readonly AssignedPicture[],
  pictures: ObjectStore | null,
): Promise<readonly GoldenPicture[]> {
  const own = pictures === null ? [] : await heldOut(split, pictures);
  if (own.length > 0) return own;
  return drawSyntheticPictures().map(({ name, bytes }) => ({ name, bytes, source: 'synthetic', label: null }));
}

async function heldOut(split: readonly AssignedPicture[], pictures: ObjectStore): Promise<GoldenPicture[]> {
  const found: GoldenPicture[] = [];
  for (const { key, label, sha256 } of inTurns(split.filter((picture) => picture.split === 'test'))) {
    if (found.length === MOST_PICTURES) break;
    const facts = await pictures.head(key);
    if (facts === null || facts.sizeBytes > MAX_PICTURE_BYTES) continue;
    const bytes = (await pictures.get(key))?.bytes;
    if (bytes === undefined || toHex(sha256Of(bytes)) !== sha256) continue;
    const name = `${String(found.length + 1).padStart(2, '0')}${extensionOf(key)}`;
    found.push({ name, bytes, source: 'test', label });
  }
  return found;
}

/** One of each label, then the second of each, in the order of the keys. */
function inTurns(pictures: readonly AssignedPicture[]): AssignedPicture[] {
  const seen = new Map<string, number>();
  return pictures
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map((picture) => {
      const turn = seen.get(picture.label) ?? 0;
      seen.set(picture.label, turn + 1);
      return { picture, turn };
    })
    .sort((a, b) => a.turn - b.turn)
    .map(({ picture }) => picture);
}

/** The file's kind is told by its bytes; the ending is for people. */
function extensionOf(key: string): string {
  const extension = path.posix.extname(key).toLowerCase();
  return /^\.[a-z0-9]{1,5}$/.test(extension) ? extension : '';
}
