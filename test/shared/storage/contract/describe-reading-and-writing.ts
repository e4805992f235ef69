import { expect, it } from 'vitest';
import type { ObjectStore } from '../../../../shared/storage/object-store.ts';
import { bytesOf, keysOf, listAll, textOf } from './store-under-test.ts';

export function describeReadingAndWriting(getStore: () => ObjectStore): void {
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
