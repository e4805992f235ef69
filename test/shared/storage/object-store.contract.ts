import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../shared/errors.ts';
import {
  PreconditionFailedError,
  type ByteRange,
  type ListOptions,
  type ObjectInfo,
  type ObjectStore,
} from '../../../shared/storage/object-store.ts';

export interface StoreUnderTest {
  /** Empty. */
  readonly store: ObjectStore;
  close(): Promise<void>;
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

async function listAll(store: ObjectStore, prefix = '', options?: ListOptions): Promise<ObjectInfo[]> {
  return Array.fromAsync(store.list(prefix, options));
}

const keysOf = (infos: readonly ObjectInfo[]): string[] => infos.map(({ key }) => key);

/** Same keys, sorted by an implementation that shares nothing with ours: the bytes themselves. */
const inByteOrder = (keys: readonly string[]): string[] =>
  [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

/** Every promise of ObjectStore, for any implementation. */
export function describeObjectStore(name: string, makeStore: () => Promise<StoreUnderTest>): void {
  describe(`${name} as an ObjectStore`, () => {
    let underTest: StoreUnderTest;
    let store: ObjectStore;
    beforeEach(async () => {
      underTest = await makeStore();
      store = underTest.store;
    });
    afterEach(() => underTest.close());

    describeReadingAndWriting(() => store);
    describeRanges(() => store);
    describeListing(() => store);
    describeConditions(() => store);
    describeKeys(() => store);
  });
}

function describeReadingAndWriting(getStore: () => ObjectStore): void {
  it('returns null for an absent object and for a folder of objects', async () => {
    const store = getStore();
    await store.put('folder/one', bytesOf('1'));
    expect(await store.head('absent')).toBeNull();
    expect(await store.get('absent')).toBeNull();
    expect(await store.get('absent', { start: 3 })).toBeNull();
    expect(await store.head('folder')).toBeNull();
    expect(await store.get('folder')).toBeNull();
    expect(await store.get('folder/one/below-a-file')).toBeNull();
  });

  it('reads back every byte that was written, with the same facts from put, head, get and list', async () => {
    const store = getStore();
    const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 31) % 256);
    const written = await store.put('a/b.bin', bytes, { contentType: 'image/png' });
    const read = await store.get('a/b.bin');
    expect(Buffer.compare(read?.bytes ?? new Uint8Array(), bytes)).toBe(0);
    expect(written).toMatchObject({ key: 'a/b.bin', sizeBytes: 70_000 });
    expect(written.eTag).not.toMatch(/^$|"/);
    for (const info of [await store.head('a/b.bin'), read, (await listAll(store))[0]]) {
      expect(info).toMatchObject({ key: 'a/b.bin', sizeBytes: 70_000, eTag: written.eTag });
      // S3 keeps whole seconds and its own clock.
      expect(Math.abs((info?.lastModifiedEpochMs ?? 0) - Date.now())).toBeLessThan(60_000);
    }
  });

  it('stores an empty object', async () => {
    const store = getStore();
    expect((await store.put('empty', new Uint8Array())).sizeBytes).toBe(0);
    expect((await store.get('empty'))?.bytes).toHaveLength(0);
  });

  it('stores the part that a view shows, and keeps it when the caller changes its array', async () => {
    const store = getStore();
    const backing = bytesOf('xx-inside-xx');
    await store.put('view', backing.subarray(3, 9));
    backing.fill(0);
    const first = await store.get('view');
    expect(textOf(first?.bytes)).toBe('inside');
    first?.bytes.fill(0);
    expect(textOf((await store.get('view'))?.bytes)).toBe('inside');
  });

  it('replaces an object whole and gives other bytes another eTag', async () => {
    const store = getStore();
    const eTags = new Set<string>();
    for (let round = 0; round < 12; round++) {
      eTags.add((await store.put('key', bytesOf(`round ${String(round).padStart(2, '0')}`))).eTag);
    }
    expect(eTags.size).toBe(12);
    await store.put('key', bytesOf('short'));
    expect(textOf((await store.get('key'))?.bytes)).toBe('short');
  });

  it('never shows a reader a part of a write', async () => {
    const store = getStore();
    const size = 300_000;
    await store.put('key', new Uint8Array(size).fill(1));
    const writes = (async () => {
      for (let value = 2; value < 8; value++) await store.put('key', new Uint8Array(size).fill(value));
    })();
    for (let round = 0; round < 20; round++) {
      const bytes = (await store.get('key'))?.bytes ?? new Uint8Array();
      expect(bytes).toHaveLength(size);
      expect(new Set(bytes).size).toBe(1);
    }
    await writes;
  });

  it('deletes an object once, and does nothing for an absent one', async () => {
    const store = getStore();
    await store.put('a/b/c', bytesOf('1'));
    await store.put('a/d', bytesOf('2'));
    await store.delete('a/b/c');
    await store.delete('a/b/c');
    await store.delete('never/was');
    await store.delete('a');
    expect(await store.get('a/b/c')).toBeNull();
    expect(keysOf(await listAll(store))).toEqual(['a/d']);
    await store.put('a/b', bytesOf('3'));
    expect(textOf((await store.get('a/b'))?.bytes)).toBe('3');
  });
}

function describeRanges(getStore: () => ObjectStore): void {
  const CONTENT = '0123456789';

  it.each<[ByteRange, string]>([
    [{ start: 0 }, CONTENT],
    [{ start: 2, end: 5 }, '234'],
    [{ start: 7 }, '789'],
    [{ start: 9, end: 10 }, '9'],
    [{ start: 4, end: 4_000 }, '456789'],
    [{ start: -3 }, '789'],
    [{ start: -3, end: 9 }, '78'],
    [{ start: -4_000 }, CONTENT],
  ])('reads the range %o as Array.prototype.slice would', async (range, expected) => {
    const store = getStore();
    await store.put('digits', bytesOf(CONTENT));
    const object = await store.get('digits', range);
    expect(textOf(object?.bytes)).toBe(expected);
    expect(object?.sizeBytes).toBe(10);
    expect(CONTENT.slice(range.start, range.end)).toBe(expected);
  });

  it.each([{ start: 10 }, { start: 11, end: 12 }, { start: 5, end: 5 }, { start: 5, end: 2 }, { start: -2, end: 3 }])(
    'throws for the range %o, which holds no byte',
    async (range) => {
      const store = getStore();
      await store.put('digits', bytesOf(CONTENT));
      await expect(store.get('digits', range)).rejects.toMatchObject({ code: 'invalid_range' });
      await expect(store.get('digits', range)).rejects.toBeInstanceOf(InvalidInputError);
    },
  );

  it('throws for a range of an empty object', async () => {
    const store = getStore();
    await store.put('empty', new Uint8Array());
    await expect(store.get('empty', { start: 0 })).rejects.toMatchObject({ code: 'invalid_range' });
    await expect(store.get('empty', { start: -1 })).rejects.toMatchObject({ code: 'invalid_range' });
  });
}

function describeListing(getStore: () => ObjectStore): void {
  // "a/" sorts behind "a." and "a-" but before "a0"; U+FF5E before an emoji, which UTF-16 code units order the other way round.
  const KEYS = [
    'a-b',
    'a.b',
    'a/b',
    'a/b.c/d',
    'a/b0',
    'a0',
    'B',
    'b/\u00e9',
    'b/e\u0301',
    'b/～',
    'b/😀',
    'b/with space+plus%20',
  ];

  it('lists nothing in an empty store', async () => {
    expect(await listAll(getStore())).toEqual([]);
    expect(await listAll(getStore(), 'some/prefix')).toEqual([]);
  });

  it('lists every key in ascending UTF-8 byte order', async () => {
    const store = getStore();
    for (const key of [...KEYS].reverse()) await store.put(key, bytesOf(key));
    expect(keysOf(await listAll(store))).toEqual(inByteOrder(KEYS));
  });

  it('lists the keys that start with a prefix, which may end within a name', async () => {
    const store = getStore();
    for (const key of KEYS) await store.put(key, bytesOf(key));
    for (const prefix of ['', 'a', 'a/', 'a/b', 'a/b.c/', 'b/', 'b/é', 'a.', 'nothing', 'B/']) {
      const expected = inByteOrder(KEYS.filter((key) => key.startsWith(prefix)));
      expect(keysOf(await listAll(store, prefix)), `prefix "${prefix}"`).toEqual(expected);
    }
  });

  it('continues strictly after any key or text', async () => {
    const store = getStore();
    for (const key of KEYS) await store.put(key, bytesOf(key));
    for (const startAfter of [...KEYS, '', 'a', 'a/', 'a/b.c', 'zzz', 'b/～～']) {
      const expected = inByteOrder(KEYS).filter((key) => Buffer.compare(Buffer.from(key), Buffer.from(startAfter)) > 0);
      expect(keysOf(await listAll(store, '', { startAfter })), `after "${startAfter}"`).toEqual(expected);
    }
    expect(keysOf(await listAll(store, 'a/', { startAfter: 'a/b' }))).toEqual(['a/b.c/d', 'a/b0']);
  });

  it('lists more objects than one page of S3 holds', { timeout: 120_000 }, async () => {
    const store = getStore();
    const keys = Array.from({ length: 1_050 }, (_, index) => `many/${String(index).padStart(5, '0')}`);
    for (let start = 0; start < keys.length; start += 50) {
      await Promise.all(keys.slice(start, start + 50).map((key) => store.put(key, bytesOf('1'))));
    }
    expect(keysOf(await listAll(store, 'many/'))).toEqual(keys);
    expect(keysOf(await listAll(store, 'many/', { startAfter: 'many/01020' }))).toEqual(keys.slice(1_021));
  });

  it('stops when its signal is aborted', async () => {
    const store = getStore();
    await store.put('a', bytesOf('1'));
    const reason = new Error('stop now');
    await expect(listAll(store, '', { signal: AbortSignal.abort(reason) })).rejects.toThrow('stop now');
  });
}

function describeConditions(getStore: () => ObjectStore): void {
  it('writes with ifAbsent only when there is no object', async () => {
    const store = getStore();
    await store.put('key', bytesOf('first'), { ifAbsent: true });
    const second = store.put('key', bytesOf('second'), { ifAbsent: true });
    await expect(second).rejects.toBeInstanceOf(PreconditionFailedError);
    expect(textOf((await store.get('key'))?.bytes)).toBe('first');
    await store.delete('key');
    await store.put('key', bytesOf('third'), { ifAbsent: true });
    expect(textOf((await store.get('key'))?.bytes)).toBe('third');
  });

  it('writes with ifMatch only over the version that was read', async () => {
    const store = getStore();
    const { eTag } = await store.put('key', bytesOf('first'));
    const next = await store.put('key', bytesOf('second'), { ifMatch: eTag });
    await expect(store.put('key', bytesOf('lost'), { ifMatch: eTag })).rejects.toBeInstanceOf(PreconditionFailedError);
    expect(textOf((await store.get('key'))?.bytes)).toBe('second');
    await store.put('key', bytesOf('third'), { ifMatch: next.eTag });
  });

  it('refuses ifMatch when the object is absent', async () => {
    const store = getStore();
    const { eTag } = await store.put('key', bytesOf('first'));
    await store.delete('key');
    const writing = store.put('key', bytesOf('second'), { ifMatch: eTag });
    await expect(writing).rejects.toMatchObject({ code: 'precondition_failed' });
    expect(await store.get('key')).toBeNull();
  });

  it('lets exactly one of many ifAbsent writers win', async () => {
    const store = getStore();
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => store.put('race', bytesOf(`writer ${index}`), { ifAbsent: true })),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const winner = results.findIndex(({ status }) => status === 'fulfilled');
    expect(textOf((await store.get('race'))?.bytes)).toBe(`writer ${winner}`);
  });

  it('lets exactly one of many ifMatch writers win, in every round', async () => {
    const store = getStore();
    let { eTag } = await store.put('race', bytesOf('start'));
    for (let round = 0; round < 5; round++) {
      const results = await Promise.allSettled(
        Array.from({ length: 20 }, (_, index) => store.put('race', bytesOf(`${round}/${index}`), { ifMatch: eTag })),
      );
      const won = results.filter((result) => result.status === 'fulfilled');
      expect(won).toHaveLength(1);
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(PreconditionFailedError);
      }
      eTag = won[0]?.value.eTag ?? '';
      expect((await store.head('race'))?.eTag).toBe(eTag);
    }
  });
}

function describeKeys(getStore: () => ObjectStore): void {
  const HOSTILE = [
    '',
    '/',
    '/a',
    'a/',
    'a//b',
    '.',
    '..',
    '../a',
    'a/../../b',
    'a/./b',
    'a\0b',
    'a\ud800',
    'k'.repeat(1_025),
  ];

  it.each(HOSTILE)('refuses the key %j in every method', async (key) => {
    const store = getStore();
    const calls = [
      () => store.head(key),
      () => store.get(key),
      () => store.put(key, bytesOf('1')),
      () => store.delete(key),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'invalid_key' });
    expect(await listAll(store)).toEqual([]);
  });

  it.each(['../', '/', 'a/../', 'a//', './a'])('refuses to list below the prefix %j', async (prefix) => {
    await expect(listAll(getStore(), prefix)).rejects.toMatchObject({ code: 'invalid_key' });
  });

  it.each(['..a', 'a..', '...', 'ü/日本語', 'a b+c%2F', '__proto__', 'n'.repeat(200), `${'deep/'.repeat(60)}file`])(
    'accepts the odd key %j',
    async (key) => {
      const store = getStore();
      await store.put(key, bytesOf(key));
      expect(textOf((await store.get(key))?.bytes)).toBe(key);
      expect(keysOf(await listAll(store))).toEqual([key]);
    },
  );
}
