import { expect } from 'vitest';
import { PreconditionFailedError, type ObjectInfo, type ObjectStore } from '../../../../shared/storage/object-store.ts';
import { bytesOf, itNeeding, textOf, type Gaps } from './store-under-test.ts';

const WRITERS = 20;
const ROUNDS = 5;

export function describeConditions(getStore: () => ObjectStore, gaps: Gaps): void {
  itNeeding(gaps, 'ifAbsent', 'writes with ifAbsent only when there is no object', async () => {
    const store = getStore();
    await store.put('key', bytesOf('first'), { ifAbsent: true });
    const second = store.put('key', bytesOf('second'), { ifAbsent: true });
    await expect(second).rejects.toBeInstanceOf(PreconditionFailedError);
    expect(textOf((await store.get('key'))?.bytes)).toBe('first');
    await store.delete('key');
    await store.put('key', bytesOf('third'), { ifAbsent: true });
    expect(textOf((await store.get('key'))?.bytes)).toBe('third');
  });

  itNeeding(gaps, 'ifMatch', 'writes with ifMatch only over the version that was read', async () => {
    const store = getStore();
    const { eTag } = await store.put('key', bytesOf('first'));
    const next = await store.put('key', bytesOf('second'), { ifMatch: eTag });
    await expect(store.put('key', bytesOf('lost'), { ifMatch: eTag })).rejects.toBeInstanceOf(PreconditionFailedError);
    expect(textOf((await store.get('key'))?.bytes)).toBe('second');
    await store.put('key', bytesOf('third'), { ifMatch: next.eTag });
  });

  itNeeding(gaps, 'ifMatch', 'refuses ifMatch when the object is absent', async () => {
    const store = getStore();
    const { eTag } = await store.put('key', bytesOf('first'));
    await store.delete('key');
    const writing = store.put('key', bytesOf('second'), { ifMatch: eTag });
    await expect(writing).rejects.toMatchObject({ code: 'precondition_failed' });
    expect(await store.get('key')).toBeNull();
  });

  describeRaces(getStore, gaps);
}

function describeRaces(getStore: () => ObjectStore, gaps: Gaps): void {
  itNeeding(gaps, 'ifAbsent', 'lets exactly one of twenty ifAbsent writers win, in every round', async () => {
    const store = getStore();
    for (let round = 0; round < ROUNDS; round++) {
      const key = `race-${round}`;
      const { index } = await raceOnce((writer) => store.put(key, bytesOf(`writer ${writer}`), { ifAbsent: true }));
      expect(textOf((await store.get(key))?.bytes)).toBe(`writer ${index}`);
    }
  });

  itNeeding(gaps, 'ifMatch', 'lets exactly one of twenty ifMatch writers win, in every round', async () => {
    const store = getStore();
    let { eTag } = await store.put('race', bytesOf('start'));
    for (let round = 0; round < ROUNDS; round++) {
      const read = eTag;
      const { index, info } = await raceOnce((writer) =>
        store.put('race', bytesOf(`${round}/${writer}`), { ifMatch: read }),
      );
      eTag = info.eTag;
      const stored = await store.get('race');
      expect([textOf(stored?.bytes), stored?.eTag]).toEqual([`${round}/${index}`, eTag]);
    }
  });

  itNeeding(gaps, 'ifMatch', 'loses no update of twenty writers that read again and retry', async () => {
    const store = getStore();
    await store.put('log', bytesOf('start'));
    await Promise.all(Array.from({ length: WRITERS }, (_, writer) => appendLine(store, 'log', `writer ${writer}`)));
    const lines = textOf((await store.get('log'))?.bytes).split('\n');
    expect(lines[0]).toBe('start');
    expect(lines.slice(1).sort()).toEqual(Array.from({ length: WRITERS }, (_, writer) => `writer ${writer}`).sort());
  });
}

/** The one that won; every other one has to be told that it lost, and by nothing else than that error. */
async function raceOnce(
  write: (writer: number) => Promise<ObjectInfo>,
): Promise<{ readonly index: number; readonly info: ObjectInfo }> {
  const results = await Promise.allSettled(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
  const won = results.flatMap((result, index) =>
    result.status === 'fulfilled' ? [{ index, info: result.value }] : [],
  );
  for (const result of results) {
    if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(PreconditionFailedError);
  }
  expect(won).toHaveLength(1);
  const [winner] = won;
  if (winner === undefined) throw new Error('expected a winner, every writer lost');
  return winner;
}

/** Read, change, write if nobody else did: how `current.json` moves. */
async function appendLine(store: ObjectStore, key: string, line: string): Promise<void> {
  for (;;) {
    const read = await store.get(key);
    if (read === null) throw new Error(`expected ${key} to exist`);
    try {
      await store.put(key, bytesOf(`${textOf(read.bytes)}\n${line}`), { ifMatch: read.eTag });
      return;
    } catch (error) {
      if (!(error instanceof PreconditionFailedError)) throw error;
    }
  }
}
