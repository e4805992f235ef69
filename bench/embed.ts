/**
 * Pictures a second of the whole embedding pipeline beside the bare `session.run`, and loading shards beside reading plain files. Runs in
 * any clone: without the models and pictures beside our own checkout, it makes pictures and a graph of the same cost.
 */
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { embedPictures, type PictureToEmbed } from '../shared/features/embed-pictures.ts';
import { featureLocationOf } from '../shared/features/feature-location.ts';
import type { FeatureRow } from '../shared/features/feature-row.ts';
import { FeatureStore } from '../shared/features/feature-store.ts';
import type { Backbone } from '../shared/backbone/backbone.ts';
import type { ObjectStore } from '../shared/storage/object-store.ts';
import { sha256Of } from '../shared/image/content-hash.ts';
import { FileObjectStore } from '../shared/storage/file-object-store.ts';
import type { BenchOptions, BenchResult, BenchRow } from './support/bench.ts';
import { measureInterleaved, ratiosOf, type Variant } from './support/measure.ts';
import { findBenchPictures } from './support/bench-pictures.ts';
import { openBenchBackbones } from './support/bench-backbones.ts';

const BATCH_SIZES = [1, 8, 16];
const MEASURED_MS = 10_000;

export async function benchEmbed({ rounds }: BenchOptions): Promise<BenchResult> {
  const folder = await mkdtemp(path.join(tmpdir(), 'headstart-bench-'));
  try {
    const pictures = await findBenchPictures(folder);
    const notes = [`embedding: ${pictures.origin}`];
    return {
      rows: [...(await benchPipelines(folder, pictures.folder, rounds)), ...(await benchShards(folder, rounds))],
      notes,
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function benchPipelines(folder: string, pictureFolder: string, rounds: number): Promise<BenchRow[]> {
  const store = new FileObjectStore(pictureFolder);
  const found: PictureToEmbed[] = [];
  for await (const info of store.list('')) if (info.key.endsWith('.jpg')) found.push(info);
  const table: BenchRow[] = [];
  for (const { backbone, title } of await openBenchBackbones(folder)) {
    const variants = BATCH_SIZES.map((batchSize) => sessionAlone(backbone, batchSize));
    const state = path.join(folder, 'state', backbone.installed.id);
    const [ours, ...bare] = await measureInterleaved([pipeline(backbone, store, found, state), ...variants], rounds);
    if (ours === undefined) throw new Error('expected a measurement');
    const best = { name: 'bare', rates: ours.rates.map((_, i) => Math.max(...bare.map(({ rates }) => rates[i] ?? 0))) };
    table.push({
      what: `embedding ${title}: files to shards`,
      ours: ours.rates,
      unit: 'pictures/s',
      beside: `session.run alone, ${backbone.threads} threads, best of batch ${BATCH_SIZES.join(', ')}`,
      ratios: ratiosOf(ours, best),
      ratioOf: 'speed',
      target: { on: 'ratio', atLeast: 0.95 },
    });
    await backbone.close();
  }
  return table;
}

/** On every processor, without pictures. */
function sessionAlone(backbone: Backbone, batchSize: number): Variant {
  const { width, height } = backbone.installed.input;
  const values = new Float32Array(batchSize * width * height * 3).fill(0.1);
  return {
    name: `batch ${batchSize}`,
    run: async () => {
      const end = performance.now() + MEASURED_MS / 2;
      let count = 0;
      for (; performance.now() < end; count += batchSize) await backbone.embed(values, batchSize);
      return count;
    },
  };
}

/** What `headstart embed` does, its start included; as many pictures as take a few seconds. */
function pipeline(backbone: Backbone, store: ObjectStore, found: readonly PictureToEmbed[], state: string): Variant {
  let round = 0;
  return {
    name: 'pipeline',
    run: async () => {
      const shards = new FileObjectStore(path.join(state, String(round++)));
      const features = new FeatureStore(shards, featureLocationOf('bench', backbone));
      const end = performance.now() + MEASURED_MS;
      function* untilEnd(): Generator<PictureToEmbed> {
        for (let i = 0; performance.now() < end; i++) {
          const picture = found[i % found.length];
          if (picture !== undefined) yield picture;
        }
      }
      return (await embedPictures({ pictures: untilEnd(), store, backbone, features })).embedded;
    },
  };
}

async function benchShards(folder: string, rounds: number): Promise<BenchRow[]> {
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
      { name: 'readFile, one by one', run: async () => readAll(files, 1) },
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
