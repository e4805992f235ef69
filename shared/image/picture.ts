import { HeadstartError } from '../errors.ts';

/** Changes whenever the same file would give other pixels: it is part of every backboneId, so old vectors are not mixed in. */
export const PREPROCESSING_VERSION = 1;

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** A picture as a backbone sees it, before normalisation. */
export interface DecodedPicture {
  /** `[height, width, 3]` HWC uint8 RGB, at the requested size. */
  readonly pixels: Uint8Array;
  /** Size before resizing, after EXIF orientation. */
  readonly original: PictureSize;
  /** As sharp names it: `jpeg`, `png`, ... */
  readonly format: string;
}

/** Why a file cannot be used as a picture. */
export const UNUSABLE_REASONS = [
  'empty-file',
  'not-a-picture',
  'damaged-picture',
  'too-many-pixels',
  'too-many-bytes',
  'unsupported-format',
] as const;
export type UnusableReason = (typeof UNUSABLE_REASONS)[number];

/** The file is skipped and reported; a run never stops for it. */
export class UnusablePictureError extends HeadstartError {
  readonly reason: UnusableReason;

  constructor(reason: UnusableReason, message: string, options?: ErrorOptions) {
    super('unusable_picture', message, options);
    this.reason = reason;
  }
}
