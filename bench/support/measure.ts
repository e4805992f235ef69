/** Of a variant that times itself: its set-up is not part of what is compared. */
export interface TimedWork {
  readonly work: number;
  readonly seconds: number;
}

/** One of the things that are compared. */
export interface Variant {
  readonly name: string;
  /** Does the work once and says how much it was; a plain number took the whole call. */
  readonly run: () => Promise<number | TimedWork>;
}

export interface Measurement {
  readonly name: string;
  /** Work a second of each round, in the order of the rounds. */
  readonly rates: readonly number[];
}

/**
 * Measures the variants in turn, round by round, so that whatever else the machine does meets all of them. The order within a round turns
 * round each time. One round before the first is not counted.
 */
export async function measureInterleaved(variants: readonly Variant[], rounds: number): Promise<Measurement[]> {
  const rates = variants.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    const order = round % 2 === 0 ? [...variants.entries()] : [...variants.entries()].reverse();
    for (const [i, variant] of order) {
      const startedAt = performance.now();
      const done = await variant.run();
      const { work, seconds } =
        typeof done === 'number' ? { work: done, seconds: (performance.now() - startedAt) / 1000 } : done;
      if (round >= 0) rates[i]?.push(work / seconds);
    }
  }
  return variants.map(({ name }, i) => ({ name, rates: rates[i] ?? [] }));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Ratios of two variants round by round: what else ran then was about the same for both. */
export function ratiosOf(measured: Measurement, reference: Measurement): number[] {
  return measured.rates.map((rate, round) => rate / (reference.rates[round] ?? Number.NaN));
}

/** The fastest of several settings of one thing, chosen anew in each round. */
export function bestOf(name: string, measured: readonly Measurement[]): Measurement {
  const rounds = measured[0]?.rates ?? [];
  return { name, rates: rounds.map((_, round) => Math.max(...measured.map(({ rates }) => rates[round] ?? 0))) };
}

/** `0.97 (0.95-0.99)`: median, then smallest and largest. */
export function formatSpread(values: readonly number[], digits = 2): string {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return `${median(values).toFixed(digits)} (${low.toFixed(digits)}-${high.toFixed(digits)})`;
}
