import { describe, expect, it } from 'vitest';
import { tombstoneOf } from '../../../shared/features/embed-pictures.ts';
import { FeatureStore } from '../../../shared/features/feature-store.ts';
import { MemoryObjectStore } from '../../../shared/storage/memory-object-store.ts';
import { LOCATION, rowOf } from './feature-rows.ts';

async function setUp(): Promise<{ store: MemoryObjectStore; features: FeatureStore }> {
  const store = new MemoryObjectStore();
  const features = new FeatureStore(store, LOCATION);
  await features.append([rowOf('a', '01', 'old'), rowOf('b', '01')]);
  await features.append([rowOf('a', '02', 'new')]);
  await features.append([rowOf('c', '01')]);
  await features.append([tombstoneOf('c', '02')]);
  return { store, features };
}

async function facts(features: FeatureStore): Promise<unknown> {
  const index = await features.open();
  return ['a', 'b', 'c'].map((key) => (index.has(key) ? index.get(key)?.eTag : null));
}
const EXPECTED = ['"new"', '"b"', null];

describe('FeatureStore.compact', () => {
  it('merges shards, drops superseded rows, and has nothing to do the second time', async () => {
    const { features } = await setUp();

    const first = await features.compact();
    const second = await features.compact();

    expect(first).toMatchObject({ mergedShards: 4, writtenShards: 2, keptRows: 3, droppedRows: 2 });
    expect(second).toMatchObject({ mergedShards: 0, writtenShards: 0 });
    expect(await facts(features)).toEqual(EXPECTED);
  });

  it('drops a tombstone only when it is old and alone', async () => {
    const { features } = await setUp();

    await features.compact({ tombstoneRetentionMs: 0 });
    expect((await features.open()).get('c')?.isTombstone).toBe(true);
    await features.compact({ tombstoneRetentionMs: 1000, now: () => Date.now() - 1 });
    expect((await features.open()).get('c')?.isTombstone).toBe(true);
    await features.compact({ tombstoneRetentionMs: 0 });
    expect((await features.open()).get('c')).toBeNull();
    expect(await facts(features)).toEqual(EXPECTED);
  });

  it('loses and revives nothing when it is killed at any write or delete', async () => {
    for (let allowed = 0; ; allowed++) {
      const { store, features } = await setUp();
      const [put, remove] = [store.put.bind(store), store.delete.bind(store)];
      let left = allowed;
      const spend = (): void => {
        if (left-- === 0) throw new Error('killed');
      };
      store.put = (...args: Parameters<typeof put>) => {
        spend();
        return put(...args);
      };
      store.delete = (...args: Parameters<typeof remove>) => {
        spend();
        return remove(...args);
      };
      const wasKilled = await features.compact({ tombstoneRetentionMs: 0 }).then(
        () => false,
        () => true,
      );
      Object.assign(store, { put, delete: remove });

      expect(await facts(features)).toEqual(EXPECTED);
      for (let round = 0; round < 3; round++) await features.compact({ tombstoneRetentionMs: 0 });
      expect(await facts(features)).toEqual(EXPECTED);
      if (!wasKilled) {
        expect(allowed).toBe(6);
        return;
      }
    }
  });

  it('keeps rows appended while it runs, also beside another compaction', async () => {
    const { store, features } = await setUp();
    const put = store.put.bind(store);
    let appended = 0;
    store.put = async (...args: Parameters<typeof put>) => {
      store.put = put;
      await new FeatureStore(store, LOCATION).append([rowOf(`late${appended++}`, '01')]);
      return put(...args);
    };

    await Promise.allSettled([features.compact(), new FeatureStore(store, LOCATION).compact()]);

    expect((await features.open()).has('late0')).toBe(true);
    expect(await facts(features)).toEqual(EXPECTED);
  });

  it('cuts large merges into shards of the target size', async () => {
    const { features } = await setUp();
    for (let i = 0; i < 60; i += 15) {
      await features.append(Array.from({ length: 15 }, (_, j) => rowOf(`many/${i + j}`, '01')));
    }

    const report = await features.compact({ targetShardBytes: 40 * LOCATION.dimensions * 2 });

    expect(report.writtenShards).toBe(3);
    expect((await features.open()).size).toBe(62);
  });
});
