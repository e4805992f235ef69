import type { PictureSize } from '../image/picture.ts';

/** A picture's vector, as it is cached. */
export interface EmbeddedPicture {
  /** `[D]`. */
  readonly embedding: Float16Array;
  /** Size before resizing, after EXIF orientation. */
  readonly original: PictureSize;
}

/** Decodes and embeds files. Give it many at once: it works on some of them side by side, and keeps the others waiting. */
export interface PictureEmbedder {
  /**
   * @param bytes of the file; not changed
   * @throws UnusablePictureError for this picture; anything else is a fault of the backbone, and no other picture would fare better
   */
  embed(bytes: Uint8Array): Promise<EmbeddedPicture>;
  /** Pictures that are not done fail. */
  close(): Promise<void>;
}
