import { RecordBatch, Table, tableFromIPC, tableToIPC } from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DamagedFileError, InvalidInputError, NotFoundError } from '../../../shared/errors.ts';
import { tombstoneOf } from '../../../shared/features/embed-pictures.ts';
import { FeatureIndex } from '../../../shared/features/feature-index.ts';
import type { FeatureRow } from '../../../shared/features/feature-row.ts';
import { FeatureStore } from '../../../shared/features/feature-store.ts';
import { MemoryObjectStore } from '../../../shared/storage/memory-object-store.ts';
import { LOCATION, rowOf } from './feature-rows.ts';

const FOLDER = `features/${LOCATION.dataset}/${LOCATION.featureSpaceId}/`;

function setUp(): { store: MemoryObjectStore; features: FeatureStore } {
  const store = new MemoryObjectStore();
  return { store, features: new FeatureStore(store, LOCATION) };
}

async function keysIn(store: MemoryObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(FOLDER)) keys.push(key);
  return keys;
}

async function contentOf(index: FeatureIndex): Promise<Record<string, unknown>> {
  const keys = [...index.keys()].sort();
  const { values, dimensions } = await index.loadRows(keys);
  return Object.fromEntries(
    keys.map((key, i) => [
      key,
      { ...index.get(key), vector: [...values.subarray(i * dimensions, (i + 1) * dimensions)] },
    ]),
  );
}

describe('FeatureStore', () => {
  it('gives back what was appended, by key and by content', async () => {
    const { features } = setUp();
    const rows = [rowOf('roses/a b+ä.jpg', '01'), rowOf('roses/漢字.jpg', '02')];
    await features.append(rows);

    const index = await features.open();

    expect(index.size).toBe(2);
    const { embedding, ...facts } = rows[1] ?? rowOf('', '');
    expect(index.get(facts.key)).toEqual({ ...facts, isTombstone: false });
    expect(index.get('roses/none.jpg')).toBeNull();
    expect(index.findByHash(facts.sha256)?.key).toBe(facts.key);
    expect(await index.loadByHash(facts.sha256)).toEqual(embedding);
    expect(await index.loadByHash(new Uint8Array(32))).toBeNull();
  });

  it('keeps the row with the highest sequencer, compared after right-padding', async () => {
    const { features } = setUp();
    await features.append([rowOf('a', '0055AED6DCD90281E5', 'new'), rowOf('b', '0f', 'old')]);
    await features.append([rowOf('a', '0055aed6dcd90281e4ff', 'old'), rowOf('b', '0f01', 'new')]);

    const index = await features.open();

    expect([index.get('a')?.eTag, index.get('b')?.eTag]).toEqual(['"new"', '"new"']);
  });

  it('forgets a removed picture, and knows it again when it comes back', async () => {
    const { features } = setUp();
    await features.append([rowOf('a', '01')]);
    await features.append([tombstoneOf('a', '02')]);
    const removed = await features.open();
    await features.append([rowOf('a', '03')]);
    const back = await features.open();

    expect([removed.size, removed.has('a'), removed.get('a')?.isTombstone]).toEqual([0, false, true]);
    expect(removed.findByHash(rowOf('a', '01').sha256)?.key).toBe('a');
    await expect(removed.loadRows(['a'])).rejects.toThrow(NotFoundError);
    expect([...back.keys()]).toEqual(['a']);
  });

  it('leaves the same content whatever the order and repetition of the events, also after compaction', async () => {
    const event = fc.record({
      key: fc.constantFrom('a/1', 'a/2', 'b/1'),
      sequencer: fc.integer({ min: 0, max: 5 }).map((n) => `0${n}`),
      isRemoval: fc.boolean(),
    });
    // One event for each key and sequencer, as S3 has it; its content follows from the two.
    const events = fc.uniqueArray(event, {
      selector: ({ key, sequencer }) => key + sequencer,
      minLength: 1,
      maxLength: 12,
    });
    const shuffled = events.chain((all) =>
      fc.tuple(
        fc.constant(all),
        fc.array(fc.array(fc.constantFrom(...all), { minLength: 1, maxLength: 4 }), { maxLength: 4 }),
        fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }),
      ),
    );
    const toRow = ({
      key,
      sequencer,
      isRemoval,
    }: {
      key: string;
      sequencer: string;
      isRemoval: boolean;
    }): FeatureRow => (isRemoval ? tombstoneOf(key, sequencer) : rowOf(key, sequencer, key + sequencer));

    await fc.assert(
      fc.asyncProperty(shuffled, async ([inOrder, repetitions, inAnyOrder]) => {
        const reference = setUp();
        await reference.features.append(inOrder.map(toRow));
        const { features } = setUp();
        for (const batch of repetitions) await features.append(batch.map(toRow));
        for (const one of inAnyOrder) await features.append([toRow(one)]);

        const expected = await contentOf(await reference.features.open());
        expect(await contentOf(await features.open())).toEqual(expected);
        for (let round = 0; round < 2; round++) {
          await features.compact({ tombstoneRetentionMs: 0 });
          expect(await contentOf(await features.open())).toEqual(expected);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('reads chosen rows in the order asked for, from memory and from the shards alike', async () => {
    const { features } = setUp();
    for (let shard = 0; shard < 3; shard++) {
      await features.append(Array.from({ length: 7 }, (_, i) => rowOf(`${shard}/${i}`, '01')));
    }
    const index = await features.open();
    const keys = ['2/6', '0/0', '0/1', '0/2', '1/5', '0/6', '2/0'];
    const loaded = await index.loadRows(keys);
    const streamed = index.streamRows(keys);
    const rows = Uint32Array.of(6, 0, 1, 1, 5);

    const [a, b] = [new Float16Array(25), new Float16Array(25)];
    await loaded.read(rows, a);
    await streamed.read(rows, b);

    const expected = [...rows].flatMap((row) => [...(rowOf(keys[row] ?? '', '01').embedding ?? [])]);
    expect([...a]).toEqual(expected);
    expect([...b]).toEqual(expected);
    await expect(streamed.read(Uint32Array.of(7), b)).rejects.toThrow('expected a row below 7, received 7');
  });

  it('knows in which order rows are stored, in memory and in the shards alike', async () => {
    const { features } = setUp();
    for (let shard = 0; shard < 2; shard++) {
      await features.append(Array.from({ length: 4 }, (_, i) => rowOf(`${shard}/${i}`, '01')));
    }
    const index = await features.open();
    const keys = ['1/3', '0/2', '1/0', '0/1'];

    const stored = [index.streamRows(keys), await index.loadRows(keys)].map((rows) => rows.storedOrder?.());

    expect(stored).toEqual([Uint32Array.of(3, 1, 2, 0), Uint32Array.of(3, 1, 2, 0)]);
  });

  it('skips a shard cut at any place, names it, and uses the others', async () => {
    const { store, features } = setUp();
    const [cut = ''] = await features.append([rowOf('lost', '01')]);
    await features.append([rowOf('kept', '01')]);
    const whole = (await store.get(cut))?.bytes ?? new Uint8Array();

    for (const length of [0, 5, 100, whole.length >> 1, whole.length - 11, whole.length - 1]) {
      await store.put(cut, whole.subarray(0, length));
      const index = await features.open();
      expect([...index.keys()]).toEqual(['kept']);
      expect(index.warnings).toHaveLength(1);
      expect(index.warnings[0]).toContain(cut);
    }
    await features.compact({ tombstoneRetentionMs: 0 });
    expect(await keysIn(store)).toContain(cut);
  });

  it('reads, skips or refuses a shard with any altered byte, and never fails otherwise', async () => {
    const { store, features } = setUp();
    const [key = ''] = await features.append([rowOf('a', '01'), rowOf('b', '01')]);
    const whole = (await store.get(key))?.bytes ?? new Uint8Array();

    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), async (at, byte) => {
        const altered = Uint8Array.from(whole);
        altered[at] = byte;
        await store.put(key, altered);
        const index = await features.open().catch((error: unknown) => error);
        // A higher format version is the one thing that stops a run.
        if (index instanceof DamagedFileError) return;
        expect(index).toBeInstanceOf(FeatureIndex);
        if (!(index instanceof FeatureIndex)) return;
        expect(index.warnings.length === 1 ? index.size === 0 : index.size <= 2).toBe(true);
        for (const stored of index.keys()) {
          const loaded: unknown = await index.loadRows([stored]).catch((error: unknown) => error);
          if (loaded instanceof Error) expect(loaded).toBeInstanceOf(DamagedFileError);
          else expect(loaded).toMatchObject({ rowCount: 1, dimensions: 5 });
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('refuses shards of another feature space, of other dimensions, and of a newer format', async () => {
    const { store, features } = setUp();
    const other = new FeatureStore(store, { ...LOCATION, featureSpaceId: 'other' });
    const wider = new FeatureStore(new MemoryObjectStore(), { ...LOCATION, dimensions: 6 });
    const [foreign = ''] = await other.append([rowOf('a', '01')]);
    await store.put(`${FOLDER}foreign.arrow`, (await store.get(foreign))?.bytes ?? new Uint8Array());

    const index = await features.open();

    expect(index.size).toBe(0);
    expect(index.warnings[0]).toContain('received 1, other, 5');
    await expect(wider.append([rowOf('a', '01')])).rejects.toThrow('expected a vector of 6 values for "a", received 5');
    const [mine = ''] = await features.append([rowOf('b', '01')]);
    const table = tableFromIPC((await store.get(mine))?.bytes ?? new Uint8Array());
    table.schema.metadata.set('headstart.format', '2');
    const batches = table.batches.map((batch) => new RecordBatch(table.schema, batch.data));
    await store.put(mine, tableToIPC(new Table(batches), 'file'));
    await expect(features.open()).rejects.toThrow('received 2; install the headstart that wrote it');
  });

  it('stores no value that is not finite, and refuses to load one', async () => {
    const { store, features } = setUp();
    const poison = { ...rowOf('a', '01'), embedding: Float16Array.of(1, 2, Number.NaN, 4, 5) };
    await expect(features.append([poison])).rejects.toThrow(InvalidInputError);
    expect(await keysIn(store)).toEqual([]);

    const [key = ''] = await features.append([
      { ...poison, embedding: Float16Array.of(1, 2, 3, 4, 5) },
      rowOf('b', '01'),
    ]);
    const bytes = Buffer.from((await store.get(key))?.bytes ?? []);
    const at = bytes.indexOf(Buffer.from(Float16Array.of(1, 2, 3, 4, 5).buffer));
    bytes.writeUInt16LE(0x7e00, at + 4);
    await store.put(key, bytes);
    const index = await features.open();

    await expect(index.loadRows(['a'])).rejects.toThrow(DamagedFileError);
    await expect(index.streamRows(['a']).read(Uint32Array.of(0), new Float16Array(5))).rejects.toThrow(key);
    expect((await index.loadRows(['b'])).values).toEqual(rowOf('b', '01').embedding);
  });

  it('opens without reading vectors', async () => {
    const location = { ...LOCATION, dimensions: 4096 };
    const store = new MemoryObjectStore();
    const features = new FeatureStore(store, location);
    await features.append(Array.from({ length: 200 }, (_, i) => rowOf(`k${i}`, '01', `k${i}`, 4096)));
    let readBytes = 0;
    const get = store.get.bind(store);
    store.get = async (...args: Parameters<typeof get>) => {
      const object = await get(...args);
      readBytes += object?.bytes.length ?? 0;
      return object;
    };

    const index = await features.open();

    expect(index.size).toBe(200);
    expect(readBytes).toBeLessThan((200 * 4096 * 2) / 8);
  });
});
