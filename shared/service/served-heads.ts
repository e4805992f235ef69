import { featureLocationOf } from '../features/feature-location.ts';
import { HeadstartError } from '../errors.ts';
import { ModelRegistry } from '../registry/model-registry.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { openServedHead, type ServedHead } from '../workflow/served-head.ts';
import type { BackboneFacts } from '../workflow/training-input.ts';

export interface ServedHeadsOptions {
  /** How long a promotion or rollback may take to be seen. @default 5000 */
  readonly currentMs?: number;
  /** Weights kept in memory, `dimensions * labels * 4` bytes a head; the head in use is kept however large. @default 256 MiB */
  readonly maxBytes?: number;
  /** @default the system's clock */
  readonly now?: () => number;
}

/** Three hundred heads of 100 labels on ResNet50's 2,048 values: a seventh of the function's memory. */
const MAX_BYTES = 256 * 2 ** 20;
/** Names of versions; far more datasets than have heads in memory. */
const MAX_CURRENT = 10_000;

/**
 * The heads of every dataset, loaded when they are first asked for and kept by version, which never changes. Only what `current` means is read
 * again after a while. For one request at a time, as a function has them: a head that is dropped is closed at once.
 */
export class ServedHeads {
  readonly #store: ObjectStore;
  readonly #backbone: BackboneFacts;
  readonly #options: Required<ServedHeadsOptions>;
  /** By dataset and version; the least recently used first. */
  readonly #heads = new Map<string, ServedHead>();
  readonly #current = new Map<string, { readonly version: string; readonly readAt: number }>();

  constructor(store: ObjectStore, backbone: BackboneFacts, options: ServedHeadsOptions = {}) {
    this.#store = store;
    this.#backbone = backbone;
    this.#options = { currentMs: 5000, maxBytes: MAX_BYTES, now: () => Date.now(), ...options };
  }

  /**
   * @param version an id, the unique start of one, or `current`
   * @throws NotFoundError; DamagedFileError; HeadstartError (`backbone_mismatch`) for a model of another backbone
   */
  async get(dataset: string, version: string): Promise<ServedHead> {
    const registry = new ModelRegistry(this.#store, dataset);
    const wanted = version === 'current' ? await this.#currentOf(registry) : version;
    const known = this.#heads.get(`${dataset}/${wanted}`);
    if (known !== undefined) {
      this.#keep(dataset, known);
      return known;
    }
    // One vector at a time is too little work to share among threads, and every session would start its own.
    const head = await openServedHead(registry, wanted, { threads: 1 });
    try {
      this.#assertBackbone(dataset, head);
    } catch (error) {
      await head.close();
      throw error;
    }
    this.#keep(dataset, head);
    await this.#dropOldest();
    return head;
  }

  async close(): Promise<void> {
    const heads = [...this.#heads.values()];
    this.#heads.clear();
    await Promise.all(heads.map((head) => head.close()));
  }

  async #currentOf(registry: ModelRegistry): Promise<string> {
    const { currentMs, now } = this.#options;
    const known = this.#current.get(registry.dataset);
    if (known !== undefined && now() - known.readAt < currentMs) return known.version;
    this.#current.delete(registry.dataset);
    const version = await registry.resolve('current');
    if (this.#current.size >= MAX_CURRENT) this.#current.clear();
    this.#current.set(registry.dataset, { version, readAt: now() });
    return version;
  }

  #keep(dataset: string, head: ServedHead): void {
    const key = `${dataset}/${head.version}`;
    this.#heads.delete(key);
    this.#heads.set(key, head);
  }

  async #dropOldest(): Promise<void> {
    let bytes = this.#heads.values().reduce((sum, head) => sum + bytesOf(head), 0);
    for (const [key, head] of this.#heads) {
      if (bytes <= this.#options.maxBytes || this.#heads.size === 1) return;
      bytes -= bytesOf(head);
      this.#heads.delete(key);
      await head.close();
    }
  }

  #assertBackbone(dataset: string, { version, manifest }: ServedHead): void {
    const { featureSpaceId } = featureLocationOf(dataset, this.#backbone);
    if (manifest.features.featureSpaceId === featureSpaceId) return;
    throw new HeadstartError(
      'backbone_mismatch',
      `expected a model of backbone ${featureSpaceId}, version ${version} was trained on ${manifest.features.featureSpaceId}; ` +
        'ask for another version, or train this dataset again',
    );
  }
}

function bytesOf({ dimensions, labels }: ServedHead): number {
  return dimensions * labels.length * Float32Array.BYTES_PER_ELEMENT;
}
