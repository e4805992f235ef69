import { expect, it } from 'vitest';
import type { ObjectStore } from '../../../../shared/storage/object-store.ts';
import { bytesOf, inByteOrder, itNeeding, keysOf, listAll, type Gaps } from './store-under-test.ts';

export function describeListing(getStore: () => ObjectStore, gaps: Gaps): void {
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

  itNeeding(gaps, 'byteOrder', 'lists every key in ascending UTF-8 byte order', async () => {
    const store = getStore();
    for (const key of [...KEYS].reverse()) await store.put(key, bytesOf(key));
    expect(keysOf(await listAll(store))).toEqual(inByteOrder(KEYS));
  });

  it('lists the keys that start with a prefix, which may end within a name', async () => {
    const store = getStore();
    for (const key of KEYS) await store.put(key, bytesOf(key));
    for (const prefix of ['', 'a', 'a/', 'a/b', 'a/b.c/', 'b/', 'b/é', 'a.', 'nothing', 'B/']) {
      const expected = inByteOrder(KEYS.filter((key) => key.startsWith(prefix)));
      // Their order is another case's matter.
      expect(inByteOrder(keysOf(await listAll(store, prefix))), `prefix "${prefix}"`).toEqual(expected);
    }
  });

  itNeeding(gaps, 'byteOrder', 'continues strictly after any key or text', async () => {
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
