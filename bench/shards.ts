/**
 * MB a second of loading vectors from shards, all rows and seven of ten, beside plain reads of the files, and beside the hardest peer: the same
 * files read into one array made for them, as many pieces at once and as long as ours, and nothing looked at.
 */
import { mkdtemp, open, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { FeatureRow } from '../shared/features/feature-row.ts';
import { FeatureStore } from '../shared/features/feature-store.ts';
import { mapParallel } from '../shared/features/map-parallel.ts';
import { sha256Of } from '../shared/image/content-hash.ts';
import { FileObjectStore } from '../shared/storage/file-object-store.ts';
import type { BenchOptions, BenchResult, BenchRow } from './support/bench.ts';
import { measureInterleaved, ratiosOf } from './support/measure.ts';

const PLAIN_READ = 'readFile, one by one';

export async function benchShards({ rounds }: BenchOptions): Promise<BenchResult> {
  const folder = await mkdtemp(path.join(tmpdir(), 'headstart-bench-'));
  try {
    return { rows: await benchLoading(folder, rounds), notes: [] };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function benchLoading(folder: string, rounds: number): Promise<BenchRow[]> {
  const dimensions = 2048;
  const rowsEach = 8192;
  const root = path.join(folder, 'shards');
  const location = { dataset: 'bench', featureSpaceId: 'bench', dimensions };
  const features = new FeatureStore(new FileObjectStore(root), location);
  for (let shard = 0; shard < 8; shard++) {
    const rows = Array.from({ length: rowsEach }, (_, i): FeatureRow => {
      const key = `label/${shard}-${i}.jpg`;
      const embedding = new Float16Array(dimensions).fill(i % 100);
      return { key, eTag: key, sequencer: '01', sha256: sha256Of(Buffer.from(key)), width: 1, height: 1, embedding };
    });
    await features.append(rows);
  }
  const shardFolder = path.join(root, 'features/bench/bench');
  const files = (await readdir(shardFolder)).map((name) => path.join(shardFolder, name));
  const index = await features.open();
  const keys = [...index.keys()];
  const megabytes = (keys.length * dimensions * 2) / 1e6;
  const chosen = keys.filter((_, i) => i % 10 < 7);
  const [ours, partly, ...others] = await measureInterleaved(
    [
      {
        name: 'loadRows, opened before',
        run: async () => {
          await index.loadRows(keys);
          return megabytes;
        },
      },
      {
        name: 'loadRows, 7 rows of 10',
        run: async () => {
          await index.loadRows(chosen);
          return megabytes * 0.7;
        },
      },
      { name: 'read into one array, four at once', run: async () => readInto(files) },
      { name: PLAIN_READ, run: async () => readAll(files, 1) },
      { name: 'readFile, four at once', run: async () => readAll(files, 4) },
    ],
    rounds,
  );
  if (ours === undefined || partly === undefined) throw new Error('expected a measurement');
  return [ours, partly].flatMap((measured) =>
    others.map((other) => ({
      what: `shards, ${Math.round(megabytes)} MB, ${measured.name}`,
      ours: measured.rates,
      unit: 'MB/s',
      beside: other.name,
      ratios: ratiosOf(measured, other),
      ratioOf: 'speed' as const,
      ...(measured === ours && other.name === PLAIN_READ && { target: { on: 'ratio', atLeast: 0.8 } as const }),
    })),
  );
}

async function readAll(files: readonly string[], atOnce: number): Promise<number> {
  let bytes = 0;
  for (let start = 0; start < files.length; start += atOnce) {
    const read = await Promise.all(files.slice(start, start + atOnce).map((file) => readFile(file)));
    for (const one of read) bytes += one.length;
  }
  return bytes / 1e6;
}

const PIECE_BYTES = 8 * 1024 * 1024;

async function readInto(files: readonly string[]): Promise<number> {
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  const out = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  let offset = 0;
  const pieces = files.flatMap((file, i) => {
    const [start, size] = [offset, sizes[i] ?? 0];
    offset += size;
    return Array.from({ length: Math.ceil(size / PIECE_BYTES) }, (_, piece) => {
      const position = piece * PIECE_BYTES;
      return { file, position, into: out.subarray(start + position, start + Math.min(size, position + PIECE_BYTES)) };
    });
  });
  await mapParallel(pieces, 4, async ({ file, position, into }) => {
    const handle = await open(file, 'r');
    await handle.read(into, 0, into.length, position);
    await handle.close();
  });
  return out.length / 1e6;
}
