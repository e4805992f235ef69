import { describe, expect, it } from 'vitest';
import { chunkedOrder, epochOrder } from '../../../shared/head/epoch-order.ts';
import { permutation, Random } from '../../../shared/head/random.ts';

const rowsOf = (rowCount: number, dimensions: number, storedOrder?: () => Uint32Array) => ({
  rowCount,
  dimensions,
  read: () => Promise.resolve(),
  ...(storedOrder && { storedOrder }),
});

describe('epochOrder', () => {
  it('is a plain permutation for what fits into memory anywhere', () => {
    const stored = () => Uint32Array.from({ length: 1000 }, (_, row) => row);

    const order = epochOrder(rowsOf(1000, 2048, stored), 64, new Random(3, 2));

    expect(order).toEqual(permutation(1000, new Random(3, 2)));
  });

  it('goes chunk by chunk from 2 GiB on, where neighbours are known', () => {
    const dimensions = 2 ** 20;
    const rowCount = 1024;
    const stored = Uint32Array.from({ length: rowCount }, (_, row) => rowCount - 1 - row);

    const order = epochOrder(
      rowsOf(rowCount, dimensions, () => stored),
      64,
      new Random(3, 2),
    );

    expect(order).toEqual(chunkedOrder(stored, 1, 64, new Random(3, 2)));
    expect(epochOrder(rowsOf(rowCount, dimensions), 64, new Random(3, 2))).toEqual(
      permutation(rowCount, new Random(3, 2)),
    );
  });
});

describe('chunkedOrder', () => {
  const stored = Uint32Array.from(permutation(1003, new Random(9, 9)));
  const place = new Map([...stored].map((row, at) => [row, at]));
  const order = chunkedOrder(stored, 10, 200, new Random(1, 2));

  it('has every row once', () => {
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1003 }, (_, row) => row));
  });

  it('takes the rows of a block from few chunks, and mixes them', () => {
    for (let start = 0; start < order.length; start += 200) {
      const block = [...order.subarray(start, start + 200)];
      const chunks = block.map((row) => Math.floor((place.get(row) ?? -1) / 10));
      // The last chunk of all is smaller, so that blocks may share one at their edges.
      expect(new Set(chunks).size).toBeLessThanOrEqual(22);
      const changes = chunks.filter((chunk, i) => i > 0 && chunk !== chunks[i - 1]).length;
      if (block.length === 200) expect(changes).toBeGreaterThan(150);
    }
  });

  it('is another one in each epoch, and the same for the same seed', () => {
    const random = new Random(1, 2);
    expect(chunkedOrder(stored, 10, 200, random)).toEqual(order);
    expect(chunkedOrder(stored, 10, 200, random)).not.toEqual(order);
  });
});
