import { describe, expect, it } from 'vitest';
import { listModelDatasets } from '../../../shared/registry/list-model-datasets.ts';
import { MemoryObjectStore } from '../../../shared/storage/memory-object-store.ts';
import type { ListOptions } from '../../../shared/storage/object-store.ts';

class CountingStore extends MemoryObjectStore {
  listings = 0;

  override list(prefix: string, options?: ListOptions) {
    this.listings++;
    return super.list(prefix, options);
  }
}

describe('listModelDatasets', () => {
  it('names each dataset once, with one listing each, however many files it has', async () => {
    const store = new CountingStore();
    const names = ['a', 'a-b', 'a.b', 'ab', 'birds', 'Ärzte'];
    for (const name of names) {
      for (let file = 0; file < 20; file++) await store.put(`models/${name}/v${file}/manifest.json`, new Uint8Array(1));
    }
    await store.put('models/no-folder', new Uint8Array(1));
    await store.put('uploads/other/x', new Uint8Array(1));
    expect((await listModelDatasets(store)).sort()).toEqual([...names].sort());
    expect(store.listings).toBe(names.length + 1);
  });

  it('returns nothing for an empty store', async () => {
    expect(await listModelDatasets(new MemoryObjectStore())).toEqual([]);
  });
});
