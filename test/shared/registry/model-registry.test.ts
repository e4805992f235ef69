import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DamagedFileError, InvalidInputError, NotFoundError } from '../../../shared/errors.ts';
import { MAX_PREVIOUS } from '../../../shared/registry/current-pointer.ts';
import { ModelRegistry } from '../../../shared/registry/model-registry.ts';
import { contentHashOf } from '../../../shared/registry/model-version.ts';
import { FileObjectStore } from '../../../shared/storage/file-object-store.ts';
import { MemoryObjectStore } from '../../../shared/storage/memory-object-store.ts';
import { PreconditionFailedError, type ObjectStore } from '../../../shared/storage/object-store.ts';
import { sampleModel } from './sample-model.ts';

/** One second later at every look. */
function tickingClock(start = '2026-11-24T10:45:12.345Z'): () => Date {
  let time = Date.parse(start);
  return () => new Date((time += 1_000));
}

const FOLDER = 'models/flowers/';
const textOf = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

async function edit(store: ObjectStore, key: string, change: (text: string) => string): Promise<void> {
  const before = textOf((await store.get(key))?.bytes);
  expect(change(before)).not.toBe(before);
  await store.put(key, bytesOf(change(before)));
}

describe('ModelRegistry', () => {
  let store: MemoryObjectStore;
  let registry: ModelRegistry;
  beforeEach(() => {
    store = new MemoryObjectStore();
    registry = new ModelRegistry(store, 'flowers', { now: tickingClock() });
  });

  const publish = async (seed: number): Promise<string> => (await registry.publish(sampleModel(seed))).version;

  describe('publish', () => {
    it('stores every file and a manifest with their sizes and hashes', async () => {
      const request = sampleModel();
      const manifest = await registry.publish(request);
      expect(manifest.version).toMatch(/^20261124T104513Z-[0-9a-f]{6}$/);
      expect(manifest).toMatchObject({ formatVersion: 1, dataset: 'flowers', createdAt: '2026-11-24T10:45:13Z' });
      expect(manifest.files.map(({ name }) => name)).toEqual(['head.safetensors', 'report/index.html', 'split.json']);
      for (const [name, bytes] of request.files) expect(await registry.readFile(manifest.version, name)).toEqual(bytes);
      const fresh = new ModelRegistry(store, 'flowers');
      expect(await fresh.readManifest(manifest.version)).toEqual(manifest);
      expect(await fresh.verify(manifest.version)).toEqual(manifest);
    });

    it('gives the same training the same manifest except for version and time', async () => {
      const first = await registry.publish(sampleModel());
      const shuffled = sampleModel();
      const second = await registry.publish({
        manifest: Object.fromEntries(Object.entries(shuffled.manifest).reverse()) as typeof shuffled.manifest,
        files: new Map([...shuffled.files].reverse()),
      });
      expect(second.version).not.toBe(first.version);
      expect(second.version.slice(-6)).toBe(first.version.slice(-6));
      expect({ ...second, version: '', createdAt: '' }).toEqual({ ...first, version: '', createdAt: '' });
      expect(contentHashOf(second)).toBe(contentHashOf(first));
    });

    it('gives the same version when the same content is published again in the same second', async () => {
      const now = () => new Date('2026-11-24T10:45:12.345Z');
      const frozen = new ModelRegistry(store, 'flowers', { now });
      const versions = await Promise.all([1, 2, 3].map(async () => (await frozen.publish(sampleModel())).version));
      expect(new Set(versions).size).toBe(1);
      expect(await frozen.list()).toHaveLength(1);
      expect((await frozen.publish(sampleModel(1))).version).not.toBe(versions[0]);
      expect(await frozen.list()).toHaveLength(2);
    });

    it('takes a longer hash when the folder of the short one holds something else', async () => {
      const now = () => new Date('2026-11-24T10:45:12.345Z');
      const probe = await new ModelRegistry(new MemoryObjectStore(), 'flowers', { now }).publish(sampleModel());
      await store.put(`${FOLDER}${probe.version}/head.safetensors`, bytesOf('another model whose hash starts alike'));
      const frozen = new ModelRegistry(store, 'flowers', { now });
      const { version } = await frozen.publish(sampleModel());
      expect(version).toMatch(/-[0-9a-f]{12}$/);
      expect(version.startsWith(probe.version)).toBe(true);
      await frozen.verify(version);
    });

    it('leaves nothing visible when it dies before the manifest, and continues when it is tried again', async () => {
      const now = () => new Date('2026-11-24T10:45:12.345Z');
      const dying = new ModelRegistry(new DyingStore(store, 'manifest.json'), 'flowers', { now });
      await expect(dying.publish(sampleModel())).rejects.toThrow('power cut');
      const frozen = new ModelRegistry(store, 'flowers', { now });
      expect(await Array.fromAsync(store.list(FOLDER))).toHaveLength(3);
      expect(await frozen.list()).toEqual([]);
      const { version } = await frozen.publish(sampleModel());
      expect(version).toMatch(/-[0-9a-f]{6}$/);
      expect((await frozen.list()).map((entry) => entry.version)).toEqual([version]);
    });

    it('throws InvalidInputError naming every field that does not fit', async () => {
      const broken = sampleModel(0, { labels: ['only one'], temperature: 0 });
      const publishing = registry.publish(broken);
      await expect(publishing).rejects.toMatchObject({
        code: 'invalid_manifest',
        message: /labels: .*; temperature: /,
      });
      expect(await Array.fromAsync(store.list(''))).toEqual([]);
    });

    it('throws when split.json is missing or not the one of the manifest', async () => {
      const { manifest, files } = sampleModel();
      const without = new Map([...files].filter(([name]) => name !== 'split.json'));
      await expect(registry.publish({ manifest, files: without })).rejects.toThrow(/got no such file/);
      const other = new Map(files).set('split.json', bytesOf('{}'));
      await expect(registry.publish({ manifest, files: other })).rejects.toMatchObject({ code: 'invalid_manifest' });
    });

    it.each(['manifest.json', '../escape', '/absolute', ''])('refuses the file name %j', async (name) => {
      const { manifest, files } = sampleModel();
      const publishing = registry.publish({ manifest, files: new Map(files).set(name, bytesOf('x')) });
      await expect(publishing).rejects.toBeInstanceOf(InvalidInputError);
      expect(await Array.fromAsync(store.list(''))).toEqual([]);
    });
  });

  describe('reading', () => {
    it.each(['20261124T104513Z-abcdef', 'current', '../other', ''])(
      'throws NotFoundError for the version %j',
      async (name) => {
        await publish(0);
        await expect(registry.readManifest(name)).rejects.toBeInstanceOf(NotFoundError);
      },
    );

    it('throws NotFoundError for a file that the manifest does not list', async () => {
      const version = await publish(0);
      await expect(registry.readFile(version, 'manifest.json')).rejects.toThrow(/head.safetensors, report/);
    });

    it.each([
      ['truncated', (bytes: Uint8Array) => bytes.slice(0, -1)],
      ['altered in one bit', (bytes: Uint8Array) => bytes.with(7, (bytes[7] ?? 0) ^ 1)],
      ['emptied', () => new Uint8Array()],
    ])('throws DamagedFileError for a file that was %s', async (_, damage) => {
      const version = await publish(0);
      const key = `${FOLDER}${version}/head.safetensors`;
      await store.put(key, damage((await store.get(key))?.bytes ?? new Uint8Array()));
      await expect(registry.readFile(version, 'head.safetensors')).rejects.toBeInstanceOf(DamagedFileError);
      await expect(registry.verify(version)).rejects.toThrow(key);
      expect(await registry.readFile(version, 'split.json')).toBeInstanceOf(Uint8Array);
    });

    it('names every damaged file when it verifies', async () => {
      const version = await publish(0);
      await store.delete(`${FOLDER}${version}/head.safetensors`);
      await store.put(`${FOLDER}${version}/split.json`, bytesOf('{}'));
      await expect(registry.verify(version)).rejects.toThrow(/head\.safetensors".*\n.*split\.json"/);
    });

    it.each<[string, (text: string) => string]>([
      ['another temperature', (text) => text.replace('"temperature": 1.25', '"temperature": 1.5')],
      ['another label', (text) => text.replaceAll('"tulip"', '"tulips"')],
      ['no JSON', (text) => text.slice(0, 300)],
      ['another version', (text) => text.replace(/"version": "2026/, '"version": "2027')],
      ['a missing field', (text) => text.replace('"pooling": "avg",', '')],
      ['no object', () => '3'],
    ])('throws DamagedFileError for a manifest with %s', async (_, change) => {
      const version = await publish(0);
      await edit(store, `${FOLDER}${version}/manifest.json`, change);
      await expect(new ModelRegistry(store, 'flowers').readManifest(version)).rejects.toBeInstanceOf(DamagedFileError);
      await expect(registry.verify(version)).rejects.toBeInstanceOf(DamagedFileError);
    });

    it('says to update headstart for a manifest of a newer format', async () => {
      const version = await publish(0);
      await edit(store, `${FOLDER}${version}/manifest.json`, (text) =>
        text.replace('"formatVersion": 1', '"formatVersion": 9'),
      );
      await expect(registry.verify(version)).rejects.toThrow(/newer format 9; update headstart/);
    });
  });

  describe('list', () => {
    it('is empty without models', async () => {
      expect(await registry.list()).toEqual([]);
    });

    it('shows the newest first with metrics, and which one is served', async () => {
      const versions = [await publish(0), await publish(1), await publish(2)];
      await registry.promote(versions[1] ?? '');
      const entries = await registry.list();
      expect(entries.map(({ version, isCurrent }) => [version, isCurrent])).toEqual([
        [versions[2], false],
        [versions[1], true],
        [versions[0], false],
      ]);
      expect(entries[0]).toMatchObject({ manifest: { metrics: { accuracy: 0.75 } } });
    });

    it('shows a damaged version with the reason beside the sound ones', async () => {
      const [first] = [await publish(0), await publish(1)];
      await store.put(`${FOLDER}${first}/manifest.json`, bytesOf('garbage'));
      const entries = await new ModelRegistry(store, 'flowers').list();
      expect(entries).toHaveLength(2);
      expect(entries[0]).toHaveProperty('manifest');
      expect(entries[1]).toMatchObject({ version: first, damage: expect.stringContaining('no JSON') as string });
    });

    it('keeps datasets apart, also when one name starts with the other', async () => {
      const other = new ModelRegistry(store, 'flowers2', { now: tickingClock() });
      await other.publish(sampleModel(5));
      expect(await registry.list()).toEqual([]);
      expect(await other.list()).toHaveLength(1);
    });
  });

  describe('resolve', () => {
    it('finds the served version, a whole id and a unique start', async () => {
      const versions = [await publish(0), await publish(1)];
      await registry.promote(versions[0] ?? '');
      expect(await registry.resolve('current')).toBe(versions[0]);
      expect(await registry.resolve(versions[1] ?? '')).toBe(versions[1]);
      expect(await registry.resolve('20261124T104514')).toBe(versions[1]);
    });

    it('throws for an ambiguous start, an unknown one, and a hostile one', async () => {
      await publish(0);
      await publish(1);
      await expect(registry.resolve('2026')).rejects.toThrow(/that of 2; write more/);
      for (const name of ['2025', '', '../', 'current']) {
        await expect(registry.resolve(name), name).rejects.toBeInstanceOf(NotFoundError);
      }
    });
  });

  describe('promote and rollback', () => {
    it('serves nothing until a version is promoted', async () => {
      await publish(0);
      expect(await registry.current()).toBeNull();
      await expect(registry.rollback()).rejects.toBeInstanceOf(NotFoundError);
    });

    it('goes back step by step through what was served', async () => {
      const [a, b, c] = [await publish(0), await publish(1), await publish(2)];
      for (const version of [a, b, b, c]) await registry.promote(version);
      expect((await registry.current())?.previous.map(({ version }) => version)).toEqual([b, a]);
      expect((await registry.rollback()).version).toBe(b);
      expect((await registry.rollback()).version).toBe(a);
      await expect(registry.rollback()).rejects.toBeInstanceOf(NotFoundError);
      expect((await registry.current())?.version).toBe(a);
      expect((await registry.promote(c)).previous.map(({ version }) => version)).toEqual([a]);
    });

    it('passes over versions that are gone or damaged when it goes back', async () => {
      const [a, b, c] = [await publish(0), await publish(1), await publish(2)];
      for (const version of [a, b, c]) await registry.promote(version);
      await store.delete(`${FOLDER}${b}/head.safetensors`);
      expect(await registry.rollback()).toMatchObject({ version: a, previous: [] });
    });

    it('refuses to serve a version that is unknown or damaged', async () => {
      const [a, b] = [await publish(0), await publish(1)];
      await registry.promote(a);
      await store.put(`${FOLDER}${b}/head.safetensors`, bytesOf('x'));
      await expect(registry.promote(b)).rejects.toBeInstanceOf(DamagedFileError);
      await expect(registry.promote('20200101T000000Z-000000')).rejects.toBeInstanceOf(NotFoundError);
      expect((await registry.current())?.version).toBe(a);
    });

    it('promotes only over the version that was compared with', async () => {
      const [a, b, c] = [await publish(0), await publish(1), await publish(2)];
      await registry.promote(a, { expected: null });
      await registry.promote(b, { expected: a });
      await expect(registry.promote(c, { expected: a })).rejects.toBeInstanceOf(PreconditionFailedError);
      await expect(registry.promote(c, { expected: null })).rejects.toBeInstanceOf(PreconditionFailedError);
      expect((await registry.current())?.version).toBe(b);
    });

    it('loses no promotion of many at once', async () => {
      const versions = [];
      for (let seed = 0; seed < 6; seed++) versions.push(await publish(seed));
      await Promise.all(versions.map((version) => new ModelRegistry(store, 'flowers').promote(version)));
      const pointer = await registry.current();
      const served = [pointer?.version, ...(pointer?.previous ?? []).map(({ version }) => version)];
      expect(served.toSorted()).toEqual(versions.toSorted());
      expect(pointer?.sequence).toBe(6);
    });

    it('goes back one step only when two rollbacks run at once', async () => {
      for (let seed = 0; seed < 4; seed++) await registry.promote(await publish(seed));
      const results = await Promise.allSettled([registry.rollback(), new ModelRegistry(store, 'flowers').rollback()]);
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const lost = results.find((result) => result.status === 'rejected');
      expect(lost?.reason).toBeInstanceOf(PreconditionFailedError);
      expect((await registry.current())?.previous).toHaveLength(2);
    });

    it('keeps a bounded history', async () => {
      const [a, b] = [await publish(0), await publish(1)];
      for (let round = 0; round < MAX_PREVIOUS; round++) await registry.promote(round % 2 === 0 ? a : b);
      await registry.promote(a);
      await registry.promote(b);
      const pointer = await registry.current();
      expect(pointer?.previous).toHaveLength(MAX_PREVIOUS);
      expect(pointer?.sequence).toBe(MAX_PREVIOUS + 2);
    });

    it('never writes the same bytes into current.json twice', async () => {
      const fixed = new ModelRegistry(store, 'flowers', { now: () => new Date('2026-11-24T10:45:12Z') });
      const [a, b] = [(await fixed.publish(sampleModel(0))).version, (await fixed.publish(sampleModel(1))).version];
      const states = new Set<string>();
      await fixed.promote(a);
      for (let round = 0; round < 3; round++) {
        await fixed.promote(b);
        states.add(textOf((await store.get(`${FOLDER}current.json`))?.bytes));
        await fixed.rollback();
        states.add(textOf((await store.get(`${FOLDER}current.json`))?.bytes));
      }
      expect(states.size).toBe(6);
    });

    it.each(['', '{', '[]', '{"version":"../x","promotedAt":"","sequence":1,"previous":[]}'])(
      'throws DamagedFileError for the pointer %j, lists all the same, and writes it anew when promoting',
      async (text) => {
        const version = await publish(0);
        await store.put(`${FOLDER}current.json`, bytesOf(text));
        await expect(registry.current()).rejects.toBeInstanceOf(DamagedFileError);
        expect(await registry.list()).toMatchObject([{ version, isCurrent: false }]);
        expect((await registry.promote(version)).version).toBe(version);
        expect((await registry.current())?.version).toBe(version);
      },
    );
  });

  it.each(['', 'a/b', '..', 'a\0'])('refuses the dataset name %j', (dataset) => {
    expect(() => new ModelRegistry(store, dataset)).toThrow(InvalidInputError);
  });
});

describe('ModelRegistry in a folder', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'headstart-registry-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('publishes, serves and goes back', async () => {
    const registry = new ModelRegistry(new FileObjectStore(folder), 'flowers', { now: tickingClock() });
    const first = await registry.publish(sampleModel(0));
    const second = await registry.publish(sampleModel(1));
    await registry.promote(first.version);
    await registry.promote(second.version);
    expect((await new ModelRegistry(new FileObjectStore(folder), 'flowers').rollback()).version).toBe(first.version);
    expect(await registry.list()).toHaveLength(2);
  });
});

/** Fails for good at the first write of a certain file. */
class DyingStore implements ObjectStore {
  readonly location = 'dying:';
  readonly #store: ObjectStore;
  readonly #fatalName: string;

  constructor(store: ObjectStore, fatalName: string) {
    this.#store = store;
    this.#fatalName = fatalName;
  }

  list: ObjectStore['list'] = (...parameters) => this.#store.list(...parameters);
  head: ObjectStore['head'] = (...parameters) => this.#store.head(...parameters);
  get: ObjectStore['get'] = (...parameters) => this.#store.get(...parameters);
  delete: ObjectStore['delete'] = (...parameters) => this.#store.delete(...parameters);
  put: ObjectStore['put'] = (key, ...parameters) =>
    key.endsWith(this.#fatalName) ? Promise.reject(new Error('power cut')) : this.#store.put(key, ...parameters);
}
