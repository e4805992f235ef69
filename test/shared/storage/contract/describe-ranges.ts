import { expect, it } from 'vitest';
import { InvalidInputError } from '../../../../shared/errors.ts';
import type { ByteRange, ObjectStore } from '../../../../shared/storage/object-store.ts';
import { bytesOf, textOf } from './store-under-test.ts';

export function describeRanges(getStore: () => ObjectStore): void {
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
