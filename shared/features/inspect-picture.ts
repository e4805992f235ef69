import { sha256Of, toHex } from '../image/content-hash.ts';
import { MAX_PICTURE_BYTES } from '../image/decode-picture.ts';
import { PREPROCESSING_VERSION, UnusablePictureError } from '../image/picture.ts';
import { messageOf, NotFoundError } from '../errors.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { FeatureIndex } from './feature-index.ts';
import type { FeatureRow } from './feature-row.ts';
import type { PictureEmbedder } from './picture-embedder.ts';
import { readWithRetry } from './read-with-retry.ts';
import type { RejectRecord, Rejection } from './reject-log.ts';
import { listingSequencer } from './sequencer.ts';

/** A PictureRef of a listing, or what an event tells. */
export interface PictureToEmbed {
  /** In the pictures' store, and in the cache. */
  readonly key: string;
  readonly eTag: string;
  /** @default unknown: the size is checked after reading */
  readonly sizeBytes?: number;
  /** Of the event. @default one from the clock, above that of the row it replaces */
  readonly sequencer?: string;
}

/** What is to be done about a picture. */
export type Inspection = { readonly key: string } & (
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'known-content'; readonly row: FeatureRow }
  | { readonly kind: 'new'; readonly row: FeatureRow }
  | {
      readonly kind: 'refused';
      readonly rejection: Rejection;
      readonly isRecorded: boolean;
      readonly sequencer: string;
    }
  | { readonly kind: 'failed'; readonly error: unknown }
);

export interface InspectionContext {
  readonly store: ObjectStore;
  readonly index: FeatureIndex | null;
  readonly embedder: PictureEmbedder;
  /** Of earlier runs, by key. */
  readonly rejected: ReadonlyMap<string, RejectRecord>;
  readonly signal: AbortSignal | undefined;
}

/**
 * Finds out, as cheaply as possible, whether a picture's vector is there: by eTag, then by content; else it is embedded.
 * @throws what is a fault of the backbone; never for the picture's sake
 */
export async function inspectPicture(picture: PictureToEmbed, context: InspectionContext): Promise<Inspection> {
  const { key } = picture;
  const stored = context.index?.get(key) ?? null;
  if (stored !== null && !stored.isTombstone && stored.eTag === picture.eTag) return { kind: 'unchanged', key };
  const sequencer = picture.sequencer ?? listingSequencer(Date.now(), stored?.sequencer ?? null);
  const known = context.rejected.get(key);
  if (known?.eTag === picture.eTag && known.preprocessingVersion === PREPROCESSING_VERSION) {
    return { kind: 'refused', key, rejection: known, isRecorded: true, sequencer };
  }
  return readAndEmbed(picture, sequencer, context);
}

async function readAndEmbed(
  picture: PictureToEmbed,
  sequencer: string,
  context: InspectionContext,
): Promise<Inspection> {
  const { key } = picture;
  let facts = { key, eTag: picture.eTag, sha256: null as Uint8Array | null };
  try {
    assertSize(picture.sizeBytes ?? 0);
    const object = await read(key, context);
    if (!('bytes' in object)) return { kind: 'failed', key, error: object.error };
    // The eTag of what was read: the picture may have been replaced since it was listed.
    facts = { key, eTag: object.eTag, sha256: object.sha256 };
    const row = { key, eTag: object.eTag, sequencer, sha256: object.sha256 };
    if (object.twin !== null) return { kind: 'known-content', key, row: { ...row, ...object.twin } };
    const { embedding, original } = await context.embedder.embed(object.bytes);
    return { kind: 'new', key, row: { ...row, ...original, embedding } };
  } catch (error) {
    if (!(error instanceof UnusablePictureError)) throw error;
    const rejection = {
      key,
      eTag: facts.eTag,
      sha256: facts.sha256 === null ? null : toHex(facts.sha256),
      reason: error.reason,
      detail: messageOf(error),
    };
    return { kind: 'refused', key, rejection, isRecorded: false, sequencer };
  }
}

type Twin = Pick<FeatureRow, 'width' | 'height' | 'embedding'>;
interface ReadPicture {
  readonly bytes: Uint8Array;
  readonly eTag: string;
  readonly sha256: Uint8Array;
  readonly twin: Twin | null;
}

/** The file, and the vector of the same content where the cache has it. */
async function read(
  key: string,
  { store, index, signal }: InspectionContext,
): Promise<ReadPicture | { readonly error: unknown }> {
  try {
    const object = await readWithRetry(store, key, { signal });
    if (object === null)
      throw new NotFoundError(`expected the picture "${key}", but it was removed meanwhile; run again`);
    const sha256 = sha256Of(object.bytes);
    const twin = index?.findByHash(sha256) ?? null;
    const embedding = twin === null ? null : ((await index?.loadByHash(sha256)) ?? null);
    const found = twin === null || embedding === null ? null : { width: twin.width, height: twin.height, embedding };
    return { bytes: object.bytes, eTag: object.eTag, sha256, twin: found };
  } catch (error) {
    return { error };
  }
}

function assertSize(sizeBytes: number): void {
  if (sizeBytes <= MAX_PICTURE_BYTES) return;
  throw new UnusablePictureError(
    'too-many-bytes',
    `expected a picture of at most ${MAX_PICTURE_BYTES} bytes, received ${sizeBytes}; save it smaller`,
  );
}
