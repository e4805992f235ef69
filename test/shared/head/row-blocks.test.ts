import { describe, expect, it } from 'vitest';
import type { FeatureRows } from '../../../shared/features/feature-row.ts';
import { rowsOf } from '../../../shared/features/load-rows.ts';
import { batchFeeds } from '../../../shared/head/batch-feeds.ts';
import { permutation, Random } from '../../../shared/head/random.ts';
import { RowBlocks, rowsPerBlock, type RowBlock } from '../../../shared/head/row-blocks.ts';
import { clusteredRows, valuesOf } from '../../support/features.ts';

/** What a graph sees of the blocks: the rows in order, and their labels. */
async function seen(blocks: AsyncIterable<RowBlock>, dimensions: number) {
  const rows: number[][] = [];
  const labels: number[] = [];
  for await (const block of blocks) {
    for (const row of block.rows)
      rows.push(Array.from(block.features.subarray(row * dimensions, (row + 1) * dimensions)));
    labels.push(...block.labels);
  }
  return { rows, labels };
}

describe('RowBlocks', () => {
  it('gives the same rows in the same order whether they are kept or streamed', async () => {
    const rows = clusteredRows(103, 6, 4);
    const order = permutation(103, new Random(1, 2));

    const kept = await seen(new RowBlocks(rows, 103, 'train').inOrder(order), 6);
    const streamed = await seen(new RowBlocks(rows, 16, 'train').inOrder(order), 6);

    expect(kept.rows).toHaveLength(103);
    expect(streamed).toEqual(kept);
  });

  it('uses rows that are in memory where they are, without reading them, and still refuses what is not finite', async () => {
    const { features, labels } = clusteredRows(40, 6, 4);
    const values = await valuesOf(features);
    const read = () => Promise.reject(new Error('expected no read'));
    const inMemory = { features: { ...rowsOf(values, 40, 6), read }, labels };
    const order = permutation(40, new Random(1, 2));

    const used = await seen(new RowBlocks(inMemory, 40, 'train').inOrder(order), 6);

    expect(used).toEqual(await seen(new RowBlocks({ features, labels }, 40, 'train').inOrder(order), 6));
    values[6 * 7] = Number.NaN;
    await expect(seen(new RowBlocks(inMemory, 40, 'train').inOrder(order), 6)).rejects.toThrow('of row 7');
  });

  it('reads rows that fit one block once for all epochs, and never more than a block at a time', async () => {
    const rows = clusteredRows(40, 6, 4);
    const reads: number[] = [];
    const features: FeatureRows = {
      ...rows.features,
      read: (wanted, out) => {
        reads.push(wanted.length);
        return rows.features.read(wanted, out);
      },
    };
    const order = permutation(40, new Random(1, 2));

    const small = new RowBlocks({ ...rows, features }, 40, 'train');
    await seen(small.inOrder(order), 6);
    await seen(small.inOrder(order), 6);
    expect(reads).toEqual([40]);

    reads.length = 0;
    await seen(new RowBlocks({ ...rows, features }, 16, 'train').inOrder(order), 6);
    expect(reads).toEqual([16, 16, 8]);
  });
});

describe('rowsPerBlock', () => {
  it.each([
    [2048, 32, 65_536],
    [100_352, 32, 1_312],
    [100_352, 5000, 5000],
  ])('for %i values a row and batches of %i is %i: whole batches, 256 MB', (dimensions, batchSize, rows) => {
    expect(rowsPerBlock(dimensions, batchSize, 40_000)).toBe(rows);
  });

  it('stays below the steps that the scale of the moments allows', () => {
    expect(rowsPerBlock(8, 1, 40_000)).toBe(40_000);
  });
});

describe('batchFeeds', () => {
  it('fills the last batch up with rows of weight 0, and divides by the rows that it has', () => {
    const block = {
      features: new Uint16Array(),
      rowCount: 5,
      rows: Uint32Array.of(4, 3, 2, 1, 0),
      labels: Uint32Array.of(1, 0, 1, 0, 1),
    };

    const feeds = batchFeeds(block, 3, Float32Array.of(1, 2));

    expect(feeds).toEqual({
      steps: 2,
      batchSize: 3,
      rows: BigInt64Array.of(4n, 3n, 2n, 1n, 0n, 0n),
      labels: BigInt64Array.of(1n, 0n, 1n, 0n, 1n, 0n),
      rowWeights: Float64Array.of(2 / 3, 1 / 3, 2 / 3, 1 / 2, 2 / 2, 0),
    });
  });
});
