import { createHash } from 'node:crypto';
import { SPLIT_FILE_NAME } from '../dataset/split-file.ts';
import { DamagedFileError, InvalidInputError, messageOf, NotFoundError } from '../errors.ts';
import { assertKeyPrefix, assertObjectKey, compareKeys } from '../storage/object-key.ts';
import { PreconditionFailedError, type ObjectStore } from '../storage/object-store.ts';
import {
  parsePointer,
  pointBack,
  pointerBytes,
  pointTo,
  safeParsePointer,
  type CurrentPointer,
} from './current-pointer.ts';
import { manifestBytes, parseManifest, parseManifestDraft } from './manifest-file.ts';
import {
  MANIFEST_FILE_NAME,
  MANIFEST_FORMAT_VERSION,
  type ModelFile,
  type ModelListEntry,
  type ModelManifest,
  type ModelManifestDraft,
} from './model-manifest.ts';
import { contentHashOf, createdAtOf, modelVersion, VERSION_HASH_LENGTHS, VERSION_PATTERN } from './model-version.ts';

export interface ModelRegistryOptions {
  /** Of all models in the store; empty or ending in `/`. @default 'models/' */
  readonly prefix?: string;
  /** @default the system's clock */
  readonly now?: () => Date;
}

export interface PublishRequest {
  readonly manifest: ModelManifestDraft;
  /** By name below the model's folder; split.json must be among them. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export interface PromoteOptions {
  /**
   * The version that must be served now, or null for none: for whoever has compared the new one with it. @default any
   */
  readonly expected?: string | null;
}

/** Manifests read at a time by `list`. */
const LIST_BATCH = 16;

/** Each round was lost to another promotion that went through. */
const PROMOTE_ATTEMPTS = 10;

/**
 * The versions of one dataset's model: `models/<dataset>/<version>/<file>`, each written once and never changed, and
 * `models/<dataset>/current.json`, which says what is served and changes only by compare-and-swap.
 */
export class ModelRegistry {
  readonly dataset: string;
  readonly #store: ObjectStore;
  readonly #root: string;
  readonly #now: () => Date;
  /** Manifests never change. */
  readonly #manifests = new Map<string, ModelManifest>();

  /** @throws InvalidInputError when the dataset's name is not one part of a key */
  constructor(store: ObjectStore, dataset: string, options: ModelRegistryOptions = {}) {
    const { prefix = 'models/', now = () => new Date() } = options;
    assertObjectKey(dataset);
    assertKeyPrefix(prefix);
    if (dataset.includes('/') || (prefix !== '' && !prefix.endsWith('/'))) {
      throw new InvalidInputError(
        `expected a dataset name without "/" below a prefix that ends in "/", got "${prefix}${dataset}"`,
      );
    }
    this.dataset = dataset;
    this.#store = store;
    this.#root = `${prefix}${dataset}/`;
    this.#now = now;
  }

  /**
   * Stores a new version: its files, and then, as the last step, the manifest that makes it visible. Publishing the
   * same content twice within a second, or again after a crash, gives the same version.
   *
   * @throws InvalidInputError `invalid_manifest` when a field does not fit or split.json is not the file that the manifest names
   */
  async publish({ manifest: draft, files }: PublishRequest): Promise<ModelManifest> {
    const fileList = describeFiles(files);
    assertSplitFile(draft, fileList);
    const content = { ...(await parseManifestDraft(draft)), files: fileList };
    const createdAt = createdAtOf(this.#now());
    const base = { formatVersion: MANIFEST_FORMAT_VERSION, dataset: this.dataset } as const;
    const contentHash = contentHashOf({ ...base, ...content });
    for (const hashLength of VERSION_HASH_LENGTHS) {
      const version = modelVersion(createdAt, contentHash, hashLength);
      const manifest: ModelManifest = { ...base, version, createdAt, ...content };
      if (await this.#writeFolder(version, files, manifestBytes(manifest))) return manifest;
    }
    throw new DamagedFileError(
      `expected "${this.#folder(modelVersion(createdAt, contentHash, 64))}" to be free or the same model, found other files; remove that folder`,
    );
  }

  /**
   * @param version a whole version id; see `resolve` for `current` and abbreviations
   * @throws NotFoundError, DamagedFileError
   */
  async readManifest(version: string): Promise<ModelManifest> {
    const known = this.#manifests.get(version);
    if (known !== undefined) return known;
    const key = this.#folder(version) + MANIFEST_FILE_NAME;
    const object = VERSION_PATTERN.test(version) ? await this.#store.get(key) : null;
    if (object === null) throw this.#notFound(version);
    const manifest = await parseManifest(object.bytes, version, `${this.#store.location}/${key}`);
    this.#manifests.set(version, manifest);
    return manifest;
  }

  /**
   * One file, checked against size and SHA-256 of the manifest.
   *
   * @throws NotFoundError when there is no such version or the manifest lists no such file, DamagedFileError
   */
  async readFile(version: string, name: string): Promise<Uint8Array> {
    const { files } = await this.readManifest(version);
    const file = files.find((candidate) => candidate.name === name);
    if (file === undefined) {
      const names = files.map((candidate) => candidate.name).join(', ');
      throw new NotFoundError(`expected one of the files ${names} of model ${version}, got "${name}"`);
    }
    const key = this.#folder(version) + name;
    const object = await this.#store.get(key);
    const problem = object === null ? 'nothing' : problemOf(object.bytes, file);
    if (object !== null && problem === null) return object.bytes;
    throw new DamagedFileError(
      `expected ${file.sizeBytes} bytes with SHA-256 ${file.sha256.slice(0, 12)}… in "${this.#store.location}/${key}", ` +
        `got ${problem ?? 'nothing'}; use another version (models rollback) or restore this file`,
    );
  }

  /**
   * Reads every file of a version and checks it.
   *
   * @throws NotFoundError, DamagedFileError naming every file that is missing or altered
   */
  async verify(version: string): Promise<ModelManifest> {
    this.#manifests.delete(version);
    const manifest = await this.readManifest(version);
    const problems: string[] = [];
    for (const { name } of manifest.files) {
      try {
        await this.readFile(version, name);
      } catch (error) {
        if (!(error instanceof DamagedFileError)) throw error;
        problems.push(error.message);
      }
    }
    if (problems.length > 0) throw new DamagedFileError(problems.join('\n'));
    return manifest;
  }

  /** Newest first. Folders without a manifest, of a publication that has not finished, are not listed. */
  async list(options: { readonly signal?: AbortSignal } = {}): Promise<ModelListEntry[]> {
    const versions: string[] = [];
    for await (const { key } of this.#store.list(this.#root, options)) {
      const [version = '', name, ...rest] = key.slice(this.#root.length).split('/');
      if (name === MANIFEST_FILE_NAME && rest.length === 0 && VERSION_PATTERN.test(version)) versions.push(version);
    }
    versions.sort((a, b) => compareKeys(b, a));
    const served = (await this.#readPointer()).pointer?.version ?? null;
    const entries: ModelListEntry[] = [];
    for (let start = 0; start < versions.length; start += LIST_BATCH) {
      options.signal?.throwIfAborted();
      const batch = versions.slice(start, start + LIST_BATCH);
      entries.push(...(await Promise.all(batch.map((version) => this.#listEntry(version, version === served)))));
    }
    return entries;
  }

  /**
   * The version that is meant: `current`, a whole version id, or the start of exactly one.
   *
   * @throws NotFoundError when there is none, InvalidInputError when several start so
   */
  async resolve(name: string): Promise<string> {
    if (name === 'current') {
      const pointer = await this.current();
      if (pointer !== null) return pointer.version;
      throw new NotFoundError(`expected a served model of "${this.dataset}", found none; train or promote one first`);
    }
    const matches: string[] = [];
    if (/^[\dA-Za-z-]+$/.test(name)) {
      for await (const { key } of this.#store.list(this.#root + name)) {
        const [version = '', file] = key.slice(this.#root.length).split('/');
        if (file === MANIFEST_FILE_NAME) matches.push(version);
      }
    }
    const [first] = matches;
    if (first === undefined) throw this.#notFound(name);
    if (matches.length === 1 || matches.includes(name)) return matches.includes(name) ? name : first;
    throw new InvalidInputError(
      `expected the start of one version of "${this.dataset}", "${name}" is that of ${matches.length}; write more of it`,
    );
  }

  /** Null when no version has been promoted. @throws DamagedFileError */
  async current(): Promise<CurrentPointer | null> {
    const key = this.#pointerKey();
    const object = await this.#store.get(key);
    return object === null ? null : parsePointer(object.bytes, `${this.#store.location}/${key}`);
  }

  /**
   * Serves this version from now on, after checking all of its files. Does nothing when it is served already. A
   * damaged current.json is replaced.
   *
   * @throws NotFoundError, DamagedFileError, PreconditionFailedError when `expected` is not what is served
   */
  async promote(version: string, options: PromoteOptions = {}): Promise<CurrentPointer> {
    await this.verify(version);
    for (let attempt = 1; ; attempt++) {
      const { pointer, eTag } = await this.#readPointer();
      if (options.expected !== undefined && options.expected !== (pointer?.version ?? null)) {
        throw new PreconditionFailedError(this.#pointerKey(), `${options.expected ?? 'no version'} to be served`);
      }
      if (pointer?.version === version) return pointer;
      try {
        return await this.#swapPointer(pointTo(version, this.#now().toISOString(), pointer), eTag);
      } catch (error) {
        if (!(error instanceof PreconditionFailedError) || attempt === PROMOTE_ATTEMPTS) throw error;
      }
    }
  }

  /**
   * Serves the version again that was served before, and forgets the one that is served now. Versions that are
   * missing or damaged are passed over.
   *
   * @throws NotFoundError when no earlier version is left, PreconditionFailedError when somebody else changed it meanwhile: it is not tried
   *   again, because two rollbacks at once would go back twice
   */
  async rollback(): Promise<CurrentPointer> {
    const { pointer, eTag } = await this.#readPointer();
    const passedOver: string[] = [];
    for (const [index, { version }] of (pointer?.previous ?? []).entries()) {
      try {
        await this.verify(version);
      } catch (error) {
        if (!(error instanceof NotFoundError || error instanceof DamagedFileError)) throw error;
        passedOver.push(version);
        continue;
      }
      const back = pointer === null ? null : pointBack(pointer, index, this.#now().toISOString());
      if (back !== null) return this.#swapPointer(back, eTag);
    }
    const unusable = passedOver.length === 0 ? '' : ` that can be read (${passedOver.join(', ')} cannot)`;
    throw new NotFoundError(
      `expected an earlier served version of "${this.dataset}" to go back to, found none${unusable}; promote one of the list`,
    );
  }

  /** @returns false when other content is stored under this version */
  async #writeFolder(version: string, files: ReadonlyMap<string, Uint8Array>, manifest: Uint8Array): Promise<boolean> {
    for (const [name, bytes] of [...files, [MANIFEST_FILE_NAME, manifest] as const]) {
      const key = this.#folder(version) + name;
      const contentType = contentTypeOf(name);
      try {
        await this.#store.put(key, bytes, { ifAbsent: true, contentType });
      } catch (error) {
        if (!(error instanceof PreconditionFailedError)) throw error;
        const stored = await this.#store.get(key);
        if (stored === null || sha256Of(stored.bytes) !== sha256Of(bytes)) return false;
      }
    }
    return true;
  }

  async #listEntry(version: string, isCurrent: boolean): Promise<ModelListEntry> {
    try {
      return { version, isCurrent, manifest: await this.readManifest(version) };
    } catch (error) {
      if (!(error instanceof DamagedFileError || error instanceof NotFoundError)) throw error;
      return { version, isCurrent, damage: messageOf(error) };
    }
  }

  /** `pointer` is null when there is no file, or a damaged one; `eTag` only when there is no file. */
  async #readPointer(): Promise<{ readonly pointer: CurrentPointer | null; readonly eTag: string | null }> {
    const object = await this.#store.get(this.#pointerKey());
    if (object === null) return { pointer: null, eTag: null };
    return { pointer: safeParsePointer(object.bytes), eTag: object.eTag };
  }

  async #swapPointer(pointer: CurrentPointer, eTag: string | null): Promise<CurrentPointer> {
    const condition = eTag === null ? { ifAbsent: true } : { ifMatch: eTag };
    await this.#store.put(this.#pointerKey(), pointerBytes(pointer), { ...condition, contentType: 'application/json' });
    return pointer;
  }

  #pointerKey(): string {
    return `${this.#root}current.json`;
  }

  #folder(version: string): string {
    return `${this.#root}${version}/`;
  }

  #notFound(version: string): NotFoundError {
    return new NotFoundError(
      `expected a version of the model "${this.dataset}", found no "${version}" in "${this.#store.location}/${this.#root}"; ` +
        'list the versions (models list)',
    );
  }
}

function describeFiles(files: ReadonlyMap<string, Uint8Array>): ModelFile[] {
  const described = [...files].map(([name, bytes]) => {
    assertObjectKey(name);
    return { name, sizeBytes: bytes.byteLength, sha256: sha256Of(bytes) };
  });
  if (files.has(MANIFEST_FILE_NAME)) {
    throw new InvalidInputError(`expected files besides ${MANIFEST_FILE_NAME}, which the registry writes itself`);
  }
  return described.sort((a, b) => compareKeys(a.name, b.name));
}

function assertSplitFile(draft: ModelManifestDraft, files: readonly ModelFile[]): void {
  const file = files.find(({ name }) => name === SPLIT_FILE_NAME);
  if (file?.sha256 === draft.split.sha256) return;
  throw new InvalidInputError(
    `expected the file ${SPLIT_FILE_NAME} with SHA-256 ${draft.split.sha256}, got ${file?.sha256 ?? 'no such file'}`,
    { code: 'invalid_manifest' },
  );
}

function problemOf(bytes: Uint8Array, file: ModelFile): string | null {
  if (bytes.length !== file.sizeBytes) return `${bytes.length} bytes`;
  const found = sha256Of(bytes);
  return found === file.sha256 ? null : `SHA-256 ${found.slice(0, 12)}…`;
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const CONTENT_TYPES: ReadonlyMap<string, string> = new Map([
  ['json', 'application/json'],
  ['html', 'text/html; charset=utf-8'],
  ['csv', 'text/csv; charset=utf-8'],
  ['txt', 'text/plain; charset=utf-8'],
]);

function contentTypeOf(name: string): string {
  return CONTENT_TYPES.get(name.slice(name.lastIndexOf('.') + 1)) ?? 'application/octet-stream';
}
