import type { Backbone } from '../backbone/backbone.ts';
import type { SkippedFile, Split } from '../dataset/dataset.ts';
import type { FeatureIndex } from '../features/feature-index.ts';

/** The facts of a backbone that a training needs: its vectors are there already, so the graph itself is not loaded. */
export type BackboneFacts = Pick<Backbone, 'installed' | 'pooling' | 'dimensions'>;

/** Labelled pictures that have vectors. */
export interface EmbeddedPictures {
  readonly index: FeatureIndex;
  /** Those without a vector are left out. */
  readonly pictures: readonly { readonly key: string; readonly label: string; readonly split: Split | null }[];
  /** For the report. */
  readonly skipped: readonly SkippedFile[];
  /** One sentence each, for the report. */
  readonly warnings: readonly string[];
}
