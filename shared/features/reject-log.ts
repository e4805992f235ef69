import { sha256Of, toHex } from '../image/content-hash.ts';
import { PREPROCESSING_VERSION } from '../image/picture.ts';
import type { ObjectStore } from '../storage/object-store.ts';

/** Why a picture was refused. One small JSON object each: `rejects/<dataset>/<first 40 digits of the key's SHA-256>.json`. */
export interface RejectRecord {
  readonly key: string;
  /** Of the refused bytes in the pictures' store. */
  readonly eTag: string;
  /** Hex; null when the file was refused by its size, unread. */
  readonly sha256: string | null;
  /** An UnusableReason (shared/image/picture.ts). */
  readonly reason: string;
  /** One sentence for people. */
  readonly detail: string;
  /** Of the code that refused it: a later one tries again. */
  readonly preprocessingVersion: number;
  /** ISO 8601, UTC. */
  readonly rejectedAt: string;
}

export type Rejection = Pick<RejectRecord, 'key' | 'eTag' | 'sha256' | 'reason' | 'detail'>;

export class RejectLog {
  readonly #state: ObjectStore;
  readonly #prefix: string;

  constructor(state: ObjectStore, dataset: string, options: { readonly prefix?: string } = {}) {
    this.#state = state;
    this.#prefix = `${options.prefix ?? 'rejects/'}${dataset}/`;
  }

  async record(rejection: Rejection): Promise<void> {
    const record: RejectRecord = {
      ...rejection,
      preprocessingVersion: PREPROCESSING_VERSION,
      rejectedAt: new Date().toISOString(),
    };
    const bytes = Buffer.from(`${JSON.stringify(record, null, 1)}\n`);
    await this.#state.put(this.#keyOf(rejection.key), bytes, { contentType: 'application/json' });
  }

  /** The picture is usable now, or gone. */
  async clear(key: string): Promise<void> {
    await this.#state.delete(this.#keyOf(key));
  }

  /** Records that cannot be read are left out: they only save a second look at the picture. */
  async *list(): AsyncIterable<RejectRecord> {
    for await (const { key } of this.#state.list(this.#prefix)) {
      const object = await this.#state.get(key);
      const record = object === null ? null : parseRecord(object.bytes);
      if (record !== null) yield record;
    }
  }

  #keyOf(key: string): string {
    return `${this.#prefix}${toHex(sha256Of(Buffer.from(key))).slice(0, 40)}.json`;
  }
}

function parseRecord(bytes: Uint8Array): RejectRecord | null {
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes)) as Partial<RejectRecord> | null;
    const texts = [value?.key, value?.eTag, value?.reason, value?.detail];
    return texts.every((text) => typeof text === 'string') ? (value as RejectRecord) : null;
  } catch {
    return null;
  }
}
