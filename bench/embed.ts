/**
 * Pictures a second of the whole embedding pipeline beside the bare `session.run`, and loading shards beside reading plain files. Runs in
 * any clone: without the models and pictures beside our own checkout, it makes pictures and a graph of the same cost.
 */
import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { embedPictures, type PictureToEmbed } from '../shared/features/embed-pictures.ts';
import { featureLocationOf } from '../shared/features/feature-location.ts';
import type { FeatureRow } from '../shared/features/feature-row.ts';
import { FeatureStore } from '../shared/features/feature-store.ts';
import { sha256Of } from '../shared/image/content-hash.ts';
import { FileObjectStore } from '../shared/storage/file-object-store.ts';
import { measureInterleaved, type Variant } from './support/measure.ts';
import { openBenchBackbones } from './support/bench-backbones.ts';
import { formatRatioTable } from './support/ratio-table.ts';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const BATCH_SIZES = [1, 4, 8, 16];
const FLOWERS = path.resolve(import.meta.dirname, '../../shared/data/flowers');

const folder = await mkdtemp(path.join(tmpdir(), 'headstart-bench-'));
try {
  await benchPipelines();
  await benchShards();
} finally {
  await rm(folder, { recursive: true });
}

async function benchPipelines(): Promise<void> {
  const pictureFolder = await findPictures();
  const store = new FileObjectStore(pictureFolder);
  const all: PictureToEmbed[] = [];
  for await (const info of store.list('')) if (info.key.endsWith('.jpg')) all.push(info);
  for (const { backbone, title, pictureCount } of await openBenchBackbones()) {
    const pictures = Array.from({ length: pictureCount }, (_, i) => all[i % all.length]).filter(
      (one) => one !== undefined,
    );
    const { width, height } = backbone.installed.input;
    const input = new Float32Array(Math.max(...BATCH_SIZES) * width * height * 3).fill(0.1);
    let round = 0;
    const bare = (batchSize: number): Variant => ({
      name: `session.run, batch ${batchSize}`,
      run: async () => {
        const values = input.subarray(0, batchSize * width * height * 3);
        const runs = Math.ceil(pictureCount / batchSize / 2);
        for (let i = 0; i < runs; i++) await backbone.embed(values, batchSize);
        return runs * batchSize;
      },
    });
    const pipeline = (decodeWorkers: number): Variant => ({
      name: `pipeline, ${decodeWorkers} workers`,
      run: async () => {
        const state = new FileObjectStore(path.join(folder, 'state', backbone.installed.id, String(round++)));
        const features = new FeatureStore(state, featureLocationOf('bench', backbone));
        return (await embedPictures({ pictures, store, backbone, features, decodeWorkers })).embedded;
      },
    });
    const variants = [...BATCH_SIZES.map(bare), pipeline(0), pipeline(1), pipeline(2)];
    const measurements = await measureInterleaved(variants, ROUNDS);
    const reference = `session.run, batch 8`;
    const targets = { 'pipeline, 2 workers': 0.95 };
    console.log(`${formatRatioTable({ title, unit: 'pictures/s', measurements, reference, targets })}\n`);
    await backbone.close();
  }
  console.log(
    `${availableParallelism()} processors, ${all.length} pictures from ${pictureFolder === FLOWERS ? '../shared/data/flowers' : 'sharp'}\n`,
  );
}

async function findPictures(): Promise<string> {
  if ((await readdir(FLOWERS).catch(() => [])).length > 0) return FLOWERS;
  const made = path.join(folder, 'pictures');
  await mkdir(made);
  for (let i = 0; i < 100; i++) {
    const noise = { type: 'gaussian', mean: 128, sigma: 20 } as const;
    const small = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#777', noise } })
      .png()
      .toBuffer();
    await sharp(small)
      .resize(500, 375)
      .jpeg({ quality: 85 })
      .toFile(path.join(made, `${i}.jpg`));
  }
  return made;
}

async function benchShards(): Promise<void> {
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
  const measurements = await measureInterleaved(
    [
      { name: 'readFile, one by one', run: async () => readAll(files, 1) },
      { name: 'readFile, four at once', run: async () => readAll(files, 4) },
      {
        name: 'loadRows, opened before',
        run: async () => {
          await index.loadRows(keys);
          return megabytes;
        },
      },
      {
        name: 'open and loadRows',
        run: async () => {
          await (await features.open()).loadRows(keys);
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
    ],
    ROUNDS,
  );
  const reference = 'readFile, one by one';
  const targets = { 'loadRows, opened before': 0.8 };
  console.log(
    formatRatioTable({ title: `shards, ${Math.round(megabytes)} MB`, unit: 'MB/s', measurements, reference, targets }),
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
