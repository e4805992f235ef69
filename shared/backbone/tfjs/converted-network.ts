/** A network rewritten as ONNX and cut at its last feature map. */
export interface ConvertedNetwork {
  /** Input `image` NCHW float32, outputs `features` and `embedding`. */
  readonly model: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly featureSize: { readonly height: number; readonly width: number };
}
