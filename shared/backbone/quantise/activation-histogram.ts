import { InvalidInputError } from '../../errors.ts';

/** Even at the worst moment of growing, a quarter of them cover the values. */
const BIN_COUNT = 8192;

/** How often a tensor takes which values, over all calibration pictures. Grows by doubling its range, so one pass is enough. */
export class ActivationHistogram {
  readonly bins = new Float64Array(BIN_COUNT);
  min = Infinity;
  max = -Infinity;
  /** Bins cover [-limit, limit). */
  limit = 0;

  /** @throws InvalidInputError when a value is not finite */
  add(name: string, values: Float32Array): void {
    let min = this.min;
    let max = this.max;
    let sum = 0;
    for (const value of values) {
      if (value < min) min = value;
      if (value > max) max = value;
      sum += value;
    }
    // NaN is neither smaller nor larger, but no sum hides it.
    if (!Number.isFinite(sum)) {
      throw new InvalidInputError(
        `expected finite numbers in tensor "${name}" while calibrating, received a sum of ${String(sum)}; ` +
          'check the normalisation of the pictures',
      );
    }
    this.min = min;
    this.max = max;
    this.#cover(Math.max(-min, max));
    this.#count(values);
  }

  /** Centre of a bin. */
  valueAt(bin: number): number {
    return ((bin + 0.5) / BIN_COUNT) * 2 * this.limit - this.limit;
  }

  #count(values: Float32Array): void {
    const { bins, limit } = this;
    const perUnit = BIN_COUNT / 2 / limit;
    for (const value of values) {
      const bin = Math.min(BIN_COUNT - 1, Math.floor((value + limit) * perUnit));
      bins[bin] = (bins[bin] ?? 0) + 1;
    }
  }

  #cover(largest: number): void {
    if (this.limit === 0) this.limit = largest > 0 ? largest : 1;
    while (largest > this.limit) {
      const merged = new Float64Array(BIN_COUNT);
      for (let pair = 0; pair < BIN_COUNT / 2; pair++) {
        merged[BIN_COUNT / 4 + pair] = (this.bins[2 * pair] ?? 0) + (this.bins[2 * pair + 1] ?? 0);
      }
      this.bins.set(merged);
      this.limit *= 2;
    }
  }
}
