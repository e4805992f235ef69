import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InstalledBackbone } from '../../../shared/backbone/backbone.ts';
import { openBackboneLazily } from '../../../shared/backbone/open-backbone.ts';
import { DamagedFileError } from '../../../shared/errors.ts';
import { openEmbedder } from '../../../shared/features/open-embedder.ts';
import type { EmbeddedPicture, PictureEmbedder } from '../../../shared/features/picture-embedder.ts';
import { NORMALISATIONS } from '../../../shared/image/normalisation.ts';
import { UnusablePictureError } from '../../../shared/image/picture.ts';
import { GraphBuilder } from '../../../shared/onnx/graph-builder.ts';

const SIZE = 32;
const CHANNELS = 24;

/** A convolution, as its sums are where another number of threads or pictures could change the last bits. */
function convolution(): Uint8Array {
  const graph = new GraphBuilder('convolution');
  graph.addInput('image', 'float32', ['N', 3, SIZE, SIZE]);
  const weights = Float32Array.from({ length: CHANNELS * 3 * 49 }, (_, i) => Math.sin(i * 12.9898) / 12);
  const kernel = graph.addConstant('float32', [CHANNELS, 3, 7, 7], weights);
  const features = graph.add('Conv', ['image', kernel], { strides: [2n, 2n], pads: [3n, 3n, 3n, 3n] });
  const pooled = graph.add('GlobalAveragePool', [graph.add('Relu', [features])]);
  graph.addOutput(graph.add('Flatten', [pooled]), 'float32', ['N', CHANNELS], 'embedding');
  return graph.toModel({ purpose: 'test' });
}

let folder: string;
let installed: InstalledBackbone;
const opened: PictureEmbedder[] = [];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'headstart-embedder-'));
  const model = convolution();
  installed = {
    id: 'convolution-float32-000000000000-p1',
    name: 'convolution',
    precision: 'float32',
    licence: 'MIT',
    parameterCount: 0,
    input: { name: 'image', width: SIZE, height: SIZE, layout: 'NCHW', normalisation: NORMALISATIONS.caffe },
    outputs: { features: null, embedding: { name: 'embedding', dimensions: CHANNELS } },
    sha256: '',
    sizeBytes: model.length,
    modelPath: path.join(folder, 'model.onnx'),
    importedFrom: 'test',
  };
  await writeFile(installed.modelPath, model);
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((embedder) => embedder.close()));
  await rm(folder, { recursive: true });
});

function open(workers: number, threads = 2): PictureEmbedder {
  const backbone = openBackboneLazily(installed, { threads });
  const { embedder } = openEmbedder(backbone, { workers, batchSize: 4 });
  opened.push(embedder, { embed: embedder.embed.bind(embedder), close: () => backbone.close() });
  return embedder;
}

/** A gradient of its own for each. */
function picture(seed: number): Promise<Uint8Array> {
  const pixels = Uint8Array.from({ length: 40 * 50 * 3 }, (_, i) => (i * seed + (i >> 3)) % 251);
  return sharp(pixels, { raw: { width: 40, height: 50, channels: 3 } })
    .png()
    .toBuffer();
}

const bitsOf = ({ embedding }: EmbeddedPicture): string => Buffer.from(embedding.buffer).toString('hex');

// In this thread, in one other and in more of them than there are pictures.
describe.each([0, 1, 12])('PictureEmbedder with %i workers', (workers) => {
  it('gives each picture its own vector, the same for every number of workers, threads and neighbours', async () => {
    const pictures = await Promise.all(Array.from({ length: 9 }, (_, i) => picture(i + 1)));
    const alone = open(0, 1);
    const expected = [];
    for (const bytes of pictures) expected.push(bitsOf(await alone.embed(bytes)));

    const embedder = open(workers, 3);
    const received = await Promise.all(pictures.map((bytes) => embedder.embed(bytes)));

    expect(received.map(bitsOf)).toEqual(expected);
    expect(new Set(expected).size).toBe(9);
    expect(received.map(({ original }) => original)).toEqual(pictures.map(() => ({ width: 40, height: 50 })));
  });

  it('refuses a bad picture with its reason, and goes on', async () => {
    const embedder = open(workers);
    const good = await picture(3);

    const results = await Promise.allSettled([good, Buffer.from('no picture'), good].map((one) => embedder.embed(one)));

    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    const [, refused] = results;
    if (refused?.status !== 'rejected') throw new Error('expected a refusal');
    expect(refused.reason).toBeInstanceOf(UnusablePictureError);
    expect(refused.reason).toMatchObject({ reason: 'not-a-picture' });
  });

  it('fails with the backbone’s own error when its file was cut', async () => {
    await truncate(installed.modelPath, 100);
    const embedder = open(workers);

    const failure: unknown = await embedder.embed(await picture(1)).catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(DamagedFileError);
    expect(failure).toHaveProperty(
      'message',
      expect.stringMatching(/backbone "convolution".*found 100; install it again/),
    );
    opened.pop();
  });
});

describe('WorkerEmbedder', () => {
  it('lets nobody wait for ever once it is closed', async () => {
    const embedder = open(2);
    const bytes = await picture(1);
    const many = Array.from({ length: 20 }, () => embedder.embed(bytes));

    const settled = Promise.allSettled(many);
    await embedder.close();

    const statuses = (await settled).map(({ status }) => status);
    expect(statuses).toContain('rejected');
    await expect(embedder.embed(bytes)).rejects.toMatchObject({ code: 'closed' });
  });
});
