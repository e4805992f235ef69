import type { ChannelWeights, WeightedNode } from './channel-weights.ts';

/** Mean of each channel of a value, over all calibration pictures and positions. */
export class ChannelMeans {
  #sums = new Float64Array(0);
  #count = 0;

  /** @param dims `[1, channels, ...positions]` */
  add(values: Float32Array, dims: readonly number[]): void {
    const channels = dims[1] ?? 1;
    const positions = values.length / channels;
    if (this.#sums.length === 0) this.#sums = new Float64Array(channels);
    for (let channel = 0; channel < channels; channel++) {
      let sum = 0;
      for (let at = channel * positions; at < (channel + 1) * positions; at++) sum += values[at] ?? 0;
      this.#sums[channel] = (this.#sums[channel] ?? 0) + sum;
    }
    this.#count += positions;
  }

  /** `[channels]`. */
  get means(): Float64Array {
    return this.#sums.map((sum) => sum / this.#count);
  }
}

/**
 * By how much rounding the weights moves the mean of each output channel: `sum((rounded - weight) * mean of its input)`. Taken off the
 * bias, it leaves an error that is random and no longer systematic, which later layers average out.
 *
 * @param inputMeans of the node's input, by channel
 * @returns `[output channels]`
 * @see Nagel et al., Data-Free Quantization through Weight Equalization and Bias Correction, 2019, section 4.2
 */
export function roundingBias(
  { weight: { dims, data }, axis }: WeightedNode,
  { quantised, scales }: ChannelWeights,
  inputMeans: Float64Array,
): Float32Array {
  const outputs = scales.length;
  const inputs = dims[1 - axis] ?? 1;
  const perPair = data.length / outputs / inputs;
  // Of a grouped convolution, whose weights see their group's inputs only.
  const groups = inputMeans.length / inputs;
  const bias = new Float64Array(outputs);
  for (let at = 0; at < data.length; at++) {
    const outer = Math.floor(at / perPair / (dims[1] ?? 1));
    const inner = Math.floor(at / perPair) % (dims[1] ?? 1);
    const [output, input] = axis === 0 ? [outer, inner] : [inner, outer];
    const channel = Math.floor((output * groups) / outputs) * inputs + input;
    const error = (quantised[at] ?? 0) * (scales[output] ?? 0) - (data[at] ?? 0);
    bias[output] = (bias[output] ?? 0) + error * (inputMeans[channel] ?? 0);
  }
  return Float32Array.from(bias);
}
