/** What the cache knows of a picture, without its vector. */
export interface StoredFacts {
  readonly key: string;
  readonly eTag: string;
  readonly sequencer: string;
  /** Of the file's bytes, 32 bytes; empty in a tombstone. */
  readonly sha256: Uint8Array;
  /** Pixels, after EXIF orientation. */
  readonly width: number;
  readonly height: number;
  readonly isTombstone: boolean;
}
