import { featureLocationOf } from '../features/feature-location.ts';
import { HeadstartError } from '../errors.ts';
import { ModelRegistry } from '../registry/model-registry.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { openServedHead, type ServedHead } from '../workflow/served-head.ts';
import type { BackboneFacts } from '../workflow/training-input.ts';

export interface ServedHeadsOptions {
  /** How long a promotion or rollback may take to be seen. @default 5000 */
  readonly currentMs?: number;
  /** Heads kept in memory; each is about `dimensions * labels * 4` bytes. @default 32 */
  readonly maxHeads?: number;
  /** @default the system's clock */
  readonly now?: () => number;
}

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
    this.#options = { currentMs: 5000, maxHeads: 32, now: () => Date.now(), ...options };
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
    const head = await openServedHead(registry, wanted);
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
    const { currentMs, now, maxHeads } = this.#options;
    const known = this.#current.get(registry.dataset);
    if (known !== undefined && now() - known.readAt < currentMs) return known.version;
    this.#current.delete(registry.dataset);
    const version = await registry.resolve('current');
    if (this.#current.size >= maxHeads) this.#current.clear();
    this.#current.set(registry.dataset, { version, readAt: now() });
    return version;
  }

  #keep(dataset: string, head: ServedHead): void {
    const key = `${dataset}/${head.version}`;
    this.#heads.delete(key);
    this.#heads.set(key, head);
  }

  async #dropOldest(): Promise<void> {
    for (const [key, head] of this.#heads) {
      if (this.#heads.size <= this.#options.maxHeads) return;
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
