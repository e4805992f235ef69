import type { FeatureRow } from './feature-row.ts';
import type { FeatureStore } from './feature-store.ts';

/** Collects rows, and stores a shard when there are enough of them or the oldest has waited long enough. */
export class ShardWriter {
  readonly shardKeys: string[] = [];
  readonly #features: FeatureStore;
  readonly #maxRows: number;
  readonly #maxAgeMs: number;
  #rows: FeatureRow[] = [];
  #oldestAt = 0;

  constructor(features: FeatureStore, maxRows: number, maxAgeMs: number) {
    this.#features = features;
    this.#maxRows = maxRows;
    this.#maxAgeMs = maxAgeMs;
  }

  async add(row: FeatureRow): Promise<void> {
    if (this.#rows.length === 0) this.#oldestAt = performance.now();
    this.#rows.push(row);
    const isOld = performance.now() - this.#oldestAt >= this.#maxAgeMs;
    if (this.#rows.length >= this.#maxRows || isOld) await this.flush();
  }

  /** After it, every row that was added is durable. */
  async flush(): Promise<void> {
    if (this.#rows.length === 0) return;
    const rows = this.#rows;
    this.#rows = [];
    this.shardKeys.push(...(await this.#features.append(rows)));
  }
}
