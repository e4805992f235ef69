/**
 * Pictures a second of the whole embedding pipeline, from files to stored shards, beside the bare `session.run`, and beside the same processors
 * doing what the pipeline consists of without ever waiting. Runs in any clone: without the photographs beside our own checkout it makes pictures
 * of their size.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { embedPictures, type EmbedProgress, type PictureToEmbed } from '../shared/features/embed-pictures.ts';
import { featureLocationOf } from '../shared/features/feature-location.ts';
import { FeatureStore } from '../shared/features/feature-store.ts';
import type { Backbone } from '../shared/backbone/backbone.ts';
import type { ObjectStore } from '../shared/storage/object-store.ts';
import { FileObjectStore } from '../shared/storage/file-object-store.ts';
import { preparePicture } from '../shared/image/prepare-picture.ts';
import type { BenchOptions, BenchResult, BenchRow } from './support/bench.ts';
import {
  bestOf,
  formatSpread,
  measureInterleaved,
  ratiosOf,
  type Measurement,
  type Variant,
} from './support/measure.ts';
import { findBenchPictures } from './support/bench-pictures.ts';
import { openBenchBackbones } from './support/bench-backbones.ts';
import { picturesInTurns } from './support/pictures-in-turns.ts';

const BATCH_SIZES = [1, 8, 16];
const MEASURED_MS = 10_000;
/** By then every worker has loaded its session and has been given pictures; the rate counts from there. */
const START_PICTURES = 32;

export async function benchEmbed({ rounds }: BenchOptions): Promise<BenchResult> {
  const folder = await mkdtemp(path.join(tmpdir(), 'headstart-bench-'));
  try {
    const pictures = await findBenchPictures(folder);
    const store = new FileObjectStore(pictures.folder);
    const inTurns = await picturesInTurns(store);
    const results: BenchResult[] = [];
    for (const { backbone, title } of await openBenchBackbones(folder)) {
      results.push(await benchPipeline({ backbone, title, store, inTurns, folder }, rounds));
      await backbone.close();
    }
    const notes = results.flatMap((result) => result.notes);
    return { rows: results.flatMap(({ rows }) => rows), notes: [`embedding: ${pictures.origin}`, ...notes] };
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface Pipeline {
  readonly backbone: Backbone;
  readonly title: string;
  readonly store: ObjectStore;
  readonly inTurns: () => Generator<PictureToEmbed>;
  readonly folder: string;
}

async function benchPipeline(pipeline: Pipeline, rounds: number): Promise<BenchResult> {
  const { backbone, title } = pipeline;
  const startSeconds: number[] = [];
  const [ours, preparing, ...bare] = await measureInterleaved(
    [
      wholePipeline(pipeline, startSeconds),
      preparationAlone(pipeline),
      ...BATCH_SIZES.map((size) => sessionAlone(backbone, size)),
    ],
    rounds,
  );
  if (ours === undefined || preparing === undefined) throw new Error('expected a measurement');
  const best = bestOf('bare', bare);
  const both = {
    name: 'both',
    rates: best.rates.map((rate, i) => 1 / (1 / rate + 1 / (backbone.threads * (preparing.rates[i] ?? Number.NaN)))),
  };
  const row = (other: Measurement, beside: string): BenchRow => ({
    what: `embedding ${title}: files to shards`,
    ours: ours.rates,
    unit: 'pictures/s',
    beside,
    ratios: ratiosOf(ours, other),
    ratioOf: 'speed',
  });
  const target = { on: 'ratio', atLeast: 0.95 } as const;
  const perPicture = formatSpread(
    preparing.rates.map((rate) => 1000 / rate),
    1,
  );
  return {
    rows: [
      {
        ...row(best, `session.run alone, ${backbone.threads} threads, best of batch ${BATCH_SIZES.join(', ')}`),
        target,
      },
      row(both, 'the same processors: session.run, then decoding and resizing, no waiting'),
    ],
    notes: [
      `embedding ${title}: decoding, resizing and normalising take ${perPicture} ms of one processor a picture; the start, sessions included, takes ${formatSpread(startSeconds.slice(1), 1)} s`,
    ],
  };
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

/** Work of one processor, in its seconds: other processors may stand still meanwhile. */
function preparationAlone({ backbone, store, inTurns }: Pipeline): Variant {
  return {
    name: 'preparation',
    run: async () => {
      const end = performance.now() + MEASURED_MS / 5;
      const before = process.cpuUsage();
      let count = 0;
      for (const { key } of inTurns()) {
        if (performance.now() >= end) break;
        await preparePicture((await store.get(key))?.bytes ?? new Uint8Array(), backbone.installed.input);
        count++;
      }
      const { user, system } = process.cpuUsage(before);
      return { work: count, seconds: (user + system) / 1e6 };
    },
  };
}

/** What `headstart embed` does, from the moment on when every worker works. */
function wholePipeline({ backbone, store, inTurns, folder }: Pipeline, startSeconds: number[]): Variant {
  let round = 0;
  return {
    name: 'pipeline',
    run: async () => {
      const shards = new FileObjectStore(path.join(folder, 'state', backbone.installed.id, String(round++)));
      const features = new FeatureStore(shards, featureLocationOf('bench', backbone));
      const beginMs = performance.now();
      let startedMs = Number.POSITIVE_INFINITY;
      function* untilEnd(): Generator<PictureToEmbed> {
        for (const picture of inTurns()) {
          if (performance.now() - startedMs >= MEASURED_MS) return;
          yield picture;
        }
      }
      const onProgress = ({ embedded }: EmbedProgress): void => {
        if (embedded === START_PICTURES) startedMs = performance.now();
      };
      const { embedded } = await embedPictures({ pictures: untilEnd(), store, backbone, features, onProgress });
      const [work, seconds] = [embedded - START_PICTURES, (performance.now() - startedMs) / 1000];
      // What the first pictures took beyond their share of the rate.
      startSeconds.push((startedMs - beginMs) / 1000 - (START_PICTURES * seconds) / work);
      return { work, seconds };
    },
  };
}
