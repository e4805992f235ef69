/**
 * How pixels become a backbone's input, as data: `value = (pixel * scale - mean[c]) / std[c]`, channel c in `channelOrder`.
 */
export interface Normalisation {
  readonly channelOrder: 'RGB' | 'BGR';
  readonly scale: number;
  /** In `channelOrder`, after scaling. */
  readonly mean: readonly [number, number, number];
  /** In `channelOrder`, after scaling. */
  readonly std: readonly [number, number, number];
}

export const LAYOUTS = ['NCHW', 'NHWC'] as const;
export type Layout = (typeof LAYOUTS)[number];

/** The named ones. `caffe`, `torch` and `tf` are the three modes of Keras' `imagenet_utils.preprocess_input`. */
export const NORMALISATIONS = {
  caffe: { channelOrder: 'BGR', scale: 1, mean: [103.939, 116.779, 123.68], std: [1, 1, 1] },
  torch: { channelOrder: 'RGB', scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  tf: { channelOrder: 'RGB', scale: 1 / 127.5, mean: [1, 1, 1], std: [1, 1, 1] },
  unit: { channelOrder: 'RGB', scale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] },
  none: { channelOrder: 'RGB', scale: 1, mean: [0, 0, 0], std: [1, 1, 1] },
} as const satisfies Record<string, Normalisation>;
export type NormalisationName = keyof typeof NORMALISATIONS;
