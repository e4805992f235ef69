import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Backbone } from '../../../shared/backbone/backbone.ts';
import { openBackbone } from '../../../shared/backbone/open-backbone.ts';
import { CancelledError } from '../../../shared/errors.ts';
import { embedPictures, type EmbedReport, type EmbedRequest } from '../../../shared/features/embed-pictures.ts';
import { featureLocationOf } from '../../../shared/features/feature-location.ts';
import { FeatureStore } from '../../../shared/features/feature-store.ts';
import { RejectLog } from '../../../shared/features/reject-log.ts';
import { NORMALISATIONS } from '../../../shared/image/normalisation.ts';
import { GraphBuilder } from '../../../shared/onnx/graph-builder.ts';
import { MemoryObjectStore } from '../../../shared/storage/memory-object-store.ts';

const SIZE = 6;

/** The mean of each channel: a real ONNX graph that is quick, and whose answers can be checked by eye. */
async function openMeanBackbone(): Promise<Backbone> {
  const graph = new GraphBuilder('mean');
  graph.addInput('image', 'float32', ['N', 3, SIZE, SIZE]);
  const pooled = graph.add('GlobalAveragePool', ['image']);
  graph.addOutput(graph.add('Flatten', [pooled]), 'float32', ['N', 3], 'embedding');
  const model = graph.toModel({ purpose: 'test' });
  const modelPath = path.join(folder, 'model.onnx');
  await writeFile(modelPath, model);
  return openBackbone(
    {
      id: 'mean-float32-000000000000-p1',
      name: 'mean',
      precision: 'float32',
      licence: 'MIT',
      parameterCount: 0,
      input: { name: 'image', width: SIZE, height: SIZE, layout: 'NCHW', normalisation: NORMALISATIONS.unit },
      outputs: { features: null, embedding: { name: 'embedding', dimensions: 3 } },
      sha256: '',
      sizeBytes: model.length,
      modelPath,
      importedFrom: 'test',
    },
    { threads: 1 },
  );
}

const png = (red: number, green: number, blue: number): Promise<Uint8Array> =>
  sharp({ create: { width: 9, height: 7, channels: 3, background: { r: red, g: green, b: blue } } })
    .png()
    .toBuffer();

let folder: string;
let backbone: Backbone;
let pictures: MemoryObjectStore;
let state: MemoryObjectStore;
let features: FeatureStore;
let rejects: RejectLog;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'headstart-embed-'));
  backbone = await openMeanBackbone();
  pictures = new MemoryObjectStore();
  state = new MemoryObjectStore();
  features = new FeatureStore(state, featureLocationOf('colours', backbone));
  rejects = new RejectLog(state, 'colours');
  for (let i = 0; i < 20; i++) await pictures.put(`label/${i}.png`, await png(i * 10, 255 - i * 10, 51));
});
afterEach(async () => {
  await backbone.close();
  await rm(folder, { recursive: true });
});

async function listed(): Promise<EmbedRequest['pictures']> {
  const all = [];
  for await (const info of pictures.list('')) all.push(info);
  return all;
}

async function embed(options: Partial<EmbedRequest> = {}): Promise<EmbedReport> {
  const index = await features.open();
  const fixed = { store: pictures, backbone, features, index, rejects, workers: 0, removeVanished: true };
  return embedPictures({ pictures: await listed(), ...fixed, ...options });
}

describe('embedPictures', () => {
  it.each([0, 2])('stores the backbone’s answer for each picture, with %i workers', async (workers) => {
    const report = await embed({ workers, batchSize: 3, flushRows: 8 });

    expect(report).toMatchObject({ embedded: 20, reused: 0, skipped: [], failed: [] });
    expect(report.shardKeys).toHaveLength(3);
    const index = await features.open();
    const keys = Array.from({ length: 20 }, (_, i) => `label/${i}.png`);
    const { values } = await index.loadRows(keys);
    keys.forEach((key, i) => {
      const expected = [(i * 10) / 255, (255 - i * 10) / 255, 0.2];
      expected.forEach((value, c) => {
        expect(values[i * 3 + c]).toBeCloseTo(value, 3);
      });
      expect(index.get(key)).toMatchObject({ width: 9, height: 7 });
    });
  });

  it('embeds only what is new after adding, renaming, touching and removing pictures', async () => {
    await embed();
    const renamed = await pictures.get('label/3.png');
    await pictures.delete('label/3.png');
    await pictures.put('other/3.png', renamed?.bytes ?? new Uint8Array());
    await pictures.put('label/new.png', await png(1, 2, 3));
    await pictures.delete('label/4.png');

    const report = await embed();

    expect(report).toMatchObject({ embedded: 1, unchanged: 18, sameContent: 1, reused: 19, removed: 2 });
    const index = await features.open();
    expect([index.size, index.has('label/3.png'), index.has('label/4.png')]).toEqual([20, false, false]);
    const [moved] = (await index.loadRows(['other/3.png'])).values;
    expect(moved).toBeCloseTo(30 / 255, 3);
  });

  it('records refused pictures, does not read them again, and forgets the record of a repaired one', async () => {
    await embed();
    await pictures.put('label/5.png', Buffer.from('no picture at all'));
    await pictures.put('label/empty.jpg', new Uint8Array());

    const first = await embed();
    const reads: string[] = [];
    const get = pictures.get.bind(pictures);
    pictures.get = (key, range) => {
      reads.push(key);
      return get(key, range);
    };
    const second = await embed();
    await pictures.put('label/5.png', await png(9, 9, 9));
    const third = await embed();

    const reasons = (report: EmbedReport): string[] =>
      report.skipped.map(({ key, reason }) => `${key} ${reason}`).sort();
    expect(reasons(first)).toEqual(['label/5.png not-a-picture', 'label/empty.jpg empty-file']);
    expect(reasons(second)).toEqual(reasons(first));
    expect(third).toMatchObject({ embedded: 1, skipped: [{ key: 'label/empty.jpg' }] });
    expect(reads).toEqual(['label/5.png']);
    const records = [];
    for await (const record of rejects.list()) records.push(record);
    expect(records).toMatchObject([{ key: 'label/empty.jpg', reason: 'empty-file' }]);
  });

  it('does not let the vector of a good picture stand for the broken one that replaced it', async () => {
    await embed();
    await pictures.put('label/7.png', Buffer.from('broken now'));

    await embed();

    expect((await features.open()).has('label/7.png')).toBe(false);
  });

  it('keeps what is finished when it is cancelled, and continues', async () => {
    const controller = new AbortController();
    const run = embed({
      batchSize: 2,
      signal: controller.signal,
      onProgress: ({ embedded }) => {
        if (embedded >= 6) controller.abort();
      },
    });

    await expect(run).rejects.toThrow(CancelledError);
    const kept = (await features.open()).size;
    const report = await embed();

    expect(kept).toBe(6);
    expect(report).toMatchObject({ unchanged: 6, embedded: 14 });
  });

  it('retries a read that fails for a moment, and reports one that keeps failing', async () => {
    const get = pictures.get.bind(pictures);
    let faults = 2;
    pictures.get = (key, range) => {
      if (key === 'label/1.png' && faults-- > 0) return Promise.reject(new Error('socket hang up'));
      if (key === 'label/2.png')
        return Promise.reject(Object.assign(new Error('denied'), { $metadata: { httpStatusCode: 403 } }));
      return get(key, range);
    };

    const report = await embed();

    expect(report).toMatchObject({ embedded: 19, failed: [{ key: 'label/2.png' }] });
  });

  it('takes pictures from the source only as fast as it works', async () => {
    let taken = 0;
    let most = 0;
    let done = 0;
    async function* endless(): AsyncGenerator<{ key: string; eTag: string }> {
      for (; taken < 500; taken++) {
        most = Math.max(most, taken - done);
        yield await Promise.resolve({ key: `label/${taken % 20}.png`, eTag: String(taken) });
      }
    }

    const report = await embed({
      pictures: endless(),
      index: null,
      batchSize: 4,
      onProgress: (progress) => (done = progress.done),
    });

    expect(report.embedded).toBe(500);
    expect(most).toBeLessThanOrEqual(4 * 5);
  });
});
