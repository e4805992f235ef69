/** Streams of the seed: what is random in a training. */
export const RANDOM_STREAMS = { kernel: 1, order: 2, masks: 3, sweep: 4 } as const;

/** Of a generator, between two values. */
export type RandomState = readonly [number, number, number, number];

/**
 * Seeded 32-bit generator: `sfc32` of PractRand (Chris Doty-Humphrey, public domain), 128 bits of state, mixed for 12 rounds before
 * the first value. The stream number keeps the uses of one seed (kernel, order, masks, sweep) independent.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number, stream: number) {
    this.#a = seed >>> 0;
    this.#b = stream >>> 0;
    this.#c = 0x9e3779b9;
    for (let round = 0; round < 12; round += 1) this.uint32();
  }

  /** To go on from later. */
  snapshot(): RandomState {
    return [this.#a, this.#b, this.#c, this.#counter];
  }

  restore([a, b, c, counter]: RandomState): void {
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#counter = counter;
  }

  /** `[0, 2^32)`, integer. */
  uint32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return sum >>> 0;
  }

  /** As many calls of `uint32`, seven times as fast. */
  fill(values: Int32Array): void {
    let [a, b, c, counter] = this.snapshot();
    for (let index = 0; index < values.length; index += 1) {
      const sum = (((a + b) | 0) + counter) | 0;
      counter = (counter + 1) | 0;
      a = b ^ (b >>> 9);
      // c + (c << 3) modulo 2^32: the sum itself leaves 32 bits, and V8 would take floating point for it.
      b = Math.imul(c, 9);
      c = (((c << 21) | (c >>> 11)) + sum) | 0;
      values[index] = sum;
    }
    this.restore([a, b, c, counter]);
  }

  /** `[0, 1)` with 32 bits. */
  uniform(): number {
    return this.uint32() / 2 ** 32;
  }

  /** `[0, limit)`, integer, for a limit below 2^53: the bias of at most limit / 2^64 is without effect here. */
  below(limit: number): number {
    return Math.floor((this.uniform() + this.uniform() / 2 ** 32) * limit) % limit;
  }
}

/** The numbers `0..count-1` in a random order. */
export function permutation(count: number, random: Random): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  shuffle(order, random);
  return order;
}

/** In place (Fisher and Yates, as Durstenfeld gave it). */
export function shuffle(values: Uint32Array, random: Random): void {
  for (let last = values.length - 1; last > 0; last -= 1) {
    const other = random.below(last + 1);
    const kept = values[last] ?? 0;
    values[last] = values[other] ?? 0;
    values[other] = kept;
  }
}

/** Glorot and Bengio's uniform initial kernel, `[dimensions, classCount]` float32 in ±sqrt(6 / (dimensions + classCount)). */
export function glorotUniform(dimensions: number, classCount: number, random: Random): Float32Array {
  const limit = Math.sqrt(6 / (dimensions + classCount));
  return Float32Array.from({ length: dimensions * classCount }, () => (random.uniform() * 2 - 1) * limit);
}
