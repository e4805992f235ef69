import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DamagedFileError } from '../../../shared/errors.ts';
import { FeatureStore } from '../../../shared/features/feature-store.ts';
import { FileObjectStore } from '../../../shared/storage/file-object-store.ts';

const DIMENSIONS = 5;
const KEYS = Array.from({ length: 40 }, (_, i) => `label/${String(i).padStart(2, '0')}.jpg`);

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'headstart-rows-'));
});
afterEach(() => rm(root, { recursive: true }));

function vectorOf(i: number): number[] {
  return Array.from({ length: DIMENSIONS }, (_, d) => i * 10 + d);
}

/** Two shards of 20 rows. */
async function setUp() {
  const location = { dataset: 'd', featureSpaceId: 'f', dimensions: DIMENSIONS };
  const features = new FeatureStore(new FileObjectStore(root), location);
  const rows = KEYS.map((key, i) => {
    const embedding = Float16Array.from(vectorOf(i));
    return { key, eTag: key, sequencer: '01', sha256: new Uint8Array(32).fill(i), width: 1, height: 1, embedding };
  });
  const [shardKey = ''] = await features.append(rows.slice(0, 20));
  await features.append(rows.slice(20));
  return { index: await features.open(), shardPath: path.join(root, shardKey) };
}

describe('rows of shards in files', () => {
  const orders: Readonly<Record<string, number[]>> = {
    'all in stored order': [...KEYS.keys()],
    'all backwards': [...KEYS.keys()].reverse(),
    'seven of ten': [...KEYS.keys()].filter((i) => i % 10 < 7),
    'some twice': [3, 4, 4, 5, 21, 3],
  };
  for (const [title, order] of Object.entries(orders)) {
    it(`are the same loaded and streamed, ${title}`, async () => {
      const { index } = await setUp();
      const keys = order.map((i) => KEYS[i] ?? '');
      const expected = order.flatMap(vectorOf);

      const loaded = await index.loadRows(keys);
      const streamed = new Float16Array(order.length * DIMENSIONS);
      await index.streamRows(keys).read(Uint32Array.from(order.keys()), streamed);

      expect([...loaded.values]).toEqual(expected);
      expect([...streamed]).toEqual(expected);
    });
  }

  for (const [title, wanted] of [
    ['whole', KEYS],
    ['with gaps', KEYS.filter((_, i) => i % 2 === 1)],
  ] as const) {
    it(`are refused when one became not finite or the file ends before them, read ${title}`, async () => {
      const { index, shardPath } = await setUp();
      const bytes = await readFile(shardPath);
      const at = bytes.indexOf(Buffer.from(Float16Array.from(vectorOf(7)).buffer));
      expect(at).toBeGreaterThan(0);

      const poisoned = Buffer.from(bytes);
      poisoned.writeUInt16LE(0x7e00, at + 4);
      await writeFile(shardPath, poisoned);
      await expect(index.loadRows(wanted)).rejects.toThrow(DamagedFileError);
      await writeFile(shardPath, bytes.subarray(0, at + 4));
      await expect(index.loadRows(wanted)).rejects.toThrow(DamagedFileError);
    });
  }
});
