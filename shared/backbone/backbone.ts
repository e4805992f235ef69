import type { Layout, Normalisation } from '../image/normalisation.ts';

export const PRECISIONS = ['float32', 'int8-weights', 'int8'] as const;
/** `int8-weights`: stored as int8, computed as float32. `int8`: computed in int8, calibrated on pictures. */
export type Precision = (typeof PRECISIONS)[number];

export const POOLINGS = ['avg', 'flatten'] as const;
/** `avg`: the mean over positions, D = channels. `flatten`: all positions in NHWC order, D = height * width * channels. */
export type Pooling = (typeof POOLINGS)[number];

/** Where the weights come from and what they are: one entry of the registry, before anything is installed. */
export interface BackboneEntry {
  /** kebab-case, unique. */
  readonly name: string;
  readonly title: string;
  readonly sources: readonly BackboneSource[];
  readonly licence: string;
  readonly input: BackboneInput;
  readonly outputs: BackboneOutputs;
  /** Trainable numbers in the published network, without its classifier. */
  readonly parameterCount: number;
}

export interface FileHash {
  readonly algorithm: 'md5' | 'sha256';
  readonly hex: string;
}

export interface BackboneSource {
  /** `https:` to be pulled, `npm:<package>/<path>` when an installed package carries it. */
  readonly url: string;
  readonly format: 'keras-h5' | 'tfjs-graph' | 'onnx' | 'safetensors';
  /** As the publisher states it, or as seen on a real download; null is shown as `unverified`. */
  readonly hash: FileHash | null;
  /** For `onnx` of a network without a feature map: the value that holds its vectors. @default what importOnnx finds */
  readonly embeddingValue?: string;
  /** @default unknown */
  readonly sizeBytes?: number;
}

export interface BackboneInput {
  /** Of the graph's input tensor. */
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly layout: Layout;
  readonly normalisation: Normalisation;
}

export interface BackboneOutputs {
  /** Last feature map, `[N, channels, height, width]` float32 NCHW; null when the graph has none (a transformer). */
  readonly features: {
    readonly name: string;
    readonly channels: number;
    readonly height: number;
    readonly width: number;
  } | null;
  /** Pooled, `[N, dimensions]` float32. */
  readonly embedding: { readonly name: string; readonly dimensions: number };
}

/** An installed backbone: `<home>/backbones/<name>/<precision>/{model.onnx, backbone.json}`. */
export interface InstalledBackbone {
  /**
   * `<name>-<precision>-<first 12 hex digits of the model's SHA-256>-p<PREPROCESSING_VERSION>`. Vectors of two ids never mix.
   */
  readonly id: string;
  readonly name: string;
  readonly precision: Precision;
  readonly licence: string;
  readonly parameterCount: number;
  readonly input: BackboneInput;
  readonly outputs: BackboneOutputs;
  /** Of model.onnx, hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Absolute path of model.onnx. */
  readonly modelPath: string;
  /** Where it was imported from, for people. */
  readonly importedFrom: string;
}

/** A loaded backbone. */
export interface Backbone {
  readonly installed: InstalledBackbone;
  readonly pooling: Pooling;
  /** Length D of one vector. */
  readonly dimensions: number;
  /** Processors it may use. */
  readonly threads: number;
  /**
   * @param input normalised pictures, `[count, ...]` float32 in the backbone's layout (shared/image/normalise.ts)
   * @returns `[count, D]` float32
   */
  embed(input: Float32Array, count: number): Promise<Float32Array>;
  close(): Promise<void>;
}
