export const SPLITS = ['train', 'valid', 'test'] as const;
export type Split = (typeof SPLITS)[number];

/** A file that may be a picture, found under a label. */
export interface PictureRef {
  /** In its store. */
  readonly key: string;
  readonly label: string;
  /** From the folder; null when the dataset has no split folders. */
  readonly split: Split | null;
  readonly sizeBytes: number;
  readonly eTag: string;
}

/** Why a file under a dataset is not used. Those of shared/image/picture.ts are added once it is decoded. */
export const SKIP_REASONS = ['hidden', 'system-file', 'no-label-folder', 'not-a-picture-name', 'hostile-key'] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];

export interface SkippedFile {
  /** Ends in `/` for a folder that is skipped as a whole. */
  readonly key: string;
  /** A SkipReason or an UnusableReason. */
  readonly reason: string;
  /** One sentence for people. */
  readonly detail: string;
  /** Files in a skipped folder. @default 1 */
  readonly fileCount?: number;
}

export interface DatasetListing {
  /** In ascending byte order of the key. */
  readonly pictures: readonly PictureRef[];
  /** Sorted by code point, NFC. */
  readonly labels: readonly string[];
  readonly skipped: readonly SkippedFile[];
  readonly hasSplitFolders: boolean;
  /** One sentence each, for people. */
  readonly warnings: readonly string[];
}
