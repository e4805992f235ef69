/** One row of the embedding cache. */
export interface FeatureRow {
  /** Of the picture, as in its store: `<label>/<file>` below the dataset's root. */
  readonly key: string;
  /** Of the picture in its store; lets an unchanged picture be recognised without reading it. */
  readonly eTag: string;
  /** Hex; compared after right-padding with zeros. The highest one for a key wins. */
  readonly sequencer: string;
  /** Of the file's bytes, 32 bytes; empty in a tombstone. */
  readonly sha256: Uint8Array;
  /** Pixels, after EXIF orientation. */
  readonly width: number;
  readonly height: number;
  /** `[D]`; null is a tombstone: the picture was removed. */
  readonly embedding: Float16Array | null;
}

/** Where the vectors of one dataset and one feature space are. */
export interface FeatureLocation {
  readonly dataset: string;
  /** The backboneId; for pooling `flatten` with `-flatten` behind it. */
  readonly featureSpaceId: string;
  /** D. */
  readonly dimensions: number;
}

/** Random access to stored vectors, in memory or streamed from shards. */
export interface FeatureRows {
  readonly rowCount: number;
  readonly dimensions: number;
  /** Fills `out`, `[rows.length, dimensions]` row-major, with the rows of these indices in this order. */
  read(rows: Uint32Array, out: Float16Array): Promise<void>;
  /** All of them, `[rowCount, dimensions]`, where they are in memory; from a multiple of four bytes on, and never changed. */
  readonly values?: Float16Array<ArrayBuffer>;
  /** Every index once, stored neighbours beside each other: those are read together. Absent where all orders are equal. */
  storedOrder?(): Uint32Array;
}
