import type { ConvWeights } from './resnet50-source.ts';

/** A convolution that does its batch normalisation's work too. */
export interface FoldedConv {
  /** `[O, I, H, W]` float32. */
  readonly kernel: Float32Array;
  /** `[O]` float32. */
  readonly bias: Float32Array;
}

/**
 * `kernel' = kernel * s`, `bias' = (bias - mean) * s + beta` with `s = gamma / sqrt(variance + epsilon)`, per output channel, in
 * float64 and rounded once. Exact also at the border: batch normalisation comes after the padding. The kernel is changed in place.
 */
export function foldBatchNorm(weights: ConvWeights, epsilon: number): FoldedConv {
  const { kernel, gamma, beta, mean, variance } = weights;
  const outputs = gamma.length;
  const perOutput = kernel.length / outputs;
  const bias = new Float32Array(outputs);
  for (let o = 0; o < outputs; o++) {
    const scale = (gamma[o] ?? NaN) / Math.sqrt((variance[o] ?? NaN) + epsilon);
    const before = weights.bias?.[o] ?? 0;
    bias[o] = (before - (mean[o] ?? NaN)) * scale + (beta[o] ?? NaN);
    for (let at = o * perOutput; at < (o + 1) * perOutput; at++) kernel[at] = (kernel[at] ?? NaN) * scale;
  }
  return { kernel, bias };
}
