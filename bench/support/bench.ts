/** What every benchmark is given. */
export interface BenchOptions {
  /** Times each variant is measured; the variants take turns within a round. */
  readonly rounds: number;
  /** Also what takes many minutes or gigabytes: the million rows. */
  readonly isFull: boolean;
}

export interface BenchResult {
  readonly rows: readonly BenchRow[];
  /** Below the table: conditions, absolute figures that have no peer, columns that are missing and why. One line each. */
  readonly notes: readonly string[];
}

export type Bench = (options: BenchOptions) => Promise<BenchResult>;

/** A line of the table of `npm run bench`. */
export interface BenchRow {
  /** What is measured, with the sizes that matter: `head, 13,500 x 2,048 -> 100, batch 32`. */
  readonly what: string;
  /** Ours, one value a round. */
  readonly ours: readonly number[];
  /** Of `ours`: `s an epoch`, `pictures/s`. */
  readonly unit: string;
  /** The peer or limit that was measured beside it: `Keras fit, 2 threads`. */
  readonly beside: string;
  /** One value a round. `speed`: ours is so many times as fast as it; `time`, `memory`: ours takes so many times as much as it. */
  readonly ratios: readonly number[];
  readonly ratioOf: 'speed' | 'time' | 'memory';
  /** On the ratio, or on `ours` itself. @default none: the row is for information */
  readonly target?: Target;
}

export interface Target {
  readonly on: 'ratio' | 'ours';
  readonly atLeast?: number;
  readonly atMost?: number;
}
