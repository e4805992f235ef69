/**
 * Pictures a second of the whole embedding pipeline, from files to stored shards, beside the bare `session.run`. Runs in any clone: without the
 * photographs beside our own checkout it makes pictures of their size.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { embedPictures, type PictureToEmbed } from '../shared/features/embed-pictures.ts';
import { featureLocationOf } from '../shared/features/feature-location.ts';
import { FeatureStore } from '../shared/features/feature-store.ts';
import type { Backbone } from '../shared/backbone/backbone.ts';
import type { ObjectStore } from '../shared/storage/object-store.ts';
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
    return { rows: await benchPipelines(folder, pictures.folder, rounds), notes };
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
