import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { featureLocationOf } from '../../shared/features/feature-location.ts';
import { FeatureStore } from '../../shared/features/feature-store.ts';
import { RejectLog } from '../../shared/features/reject-log.ts';
import { deployFunction } from '../support/aws/deploy-function.ts';
import type { LambdaRuntime } from '../support/aws/lambda-runtime.ts';
import { ResolvedTemplate } from '../support/aws/resolve-template.ts';
import { synthesiseStack, type SynthesisedStack } from '../support/aws/synthesised-stack.ts';
import { drawPicture } from '../support/pictures.ts';
import { startS3Emulator } from './s3-emulator.ts';

const BUCKET = 'headstart-test-123456789012-eu-central-1';

let stack: SynthesisedStack;
let s3: Awaited<ReturnType<typeof startS3Emulator>>;
let embed: LambdaRuntime;

beforeAll(async () => {
  [stack, s3] = await Promise.all([synthesiseStack(), startS3Emulator(BUCKET)]);
  embed = await deployFunction(new ResolvedTemplate(stack.template), stack.asset, 'embed-images', s3.endpoint);
});
afterAll(async () => {
  await embed.stop();
  await s3.stop();
});

interface EventOptions {
  readonly name?: string;
  readonly sequencer?: string;
  readonly bucket?: string;
  readonly sizeBytes?: number;
}

/** As the AWS documentation gives it: `+` for a space, the slash as it is. */
function s3Event(key: string, options: EventOptions = {}) {
  const { name = 'ObjectCreated:Put', sequencer = '0055AED6DCD90281E5', bucket = BUCKET, sizeBytes = 1024 } = options;
  const encoded = encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/');
  const object = {
    key: encoded,
    size: sizeBytes,
    eTag: 'd41d8cd98f00b204e9800998ecf8427e',
    versionId: 'v1',
    sequencer,
  };
  return {
    Records: [
      { eventVersion: '2.2', eventSource: 'aws:s3', eventName: name, s3: { bucket: { name: bucket }, object } },
    ],
  };
}

const batchOf = (...bodies: readonly unknown[]) => ({
  Records: bodies.map((body, index) => ({
    messageId: `message-${index}`,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })),
});

const failuresOf = (response: unknown): string[] =>
  (response as { readonly batchItemFailures: readonly { readonly itemIdentifier: string }[] }).batchItemFailures.map(
    ({ itemIdentifier }) => itemIdentifier,
  );

async function cacheOf(dataset: string) {
  const pooling = 'avg' as const;
  const dimensions = stack.backbone.outputs.embedding.dimensions;
  const location = featureLocationOf(dataset, { installed: stack.backbone, pooling, dimensions });
  return new FeatureStore(s3.store, location).open();
}

async function put(key: string, bytes: Uint8Array): Promise<string> {
  await s3.store.put(key, bytes);
  return key;
}

describe('embed-images, from the bundled asset under the Runtime API', () => {
  it('embeds the pictures of a batch into one shard, whatever is in their names', async () => {
    const keys = ['datasets/names/rot grün/a b+ä.jpg', 'datasets/names/blue/100%.jpg', 'datasets/names/blue/1.jpg'];
    for (const [number, key] of keys.entries()) await put(key, await drawPicture('red', number));
    const response = await embed.invoke(batchOf(...keys.map((key) => s3Event(key))));
    expect(failuresOf(response)).toEqual([]);
    const cache = await cacheOf('names');
    expect([...cache.keys()].sort()).toEqual([...keys].sort());
    expect(cache.shardKeys).toHaveLength(1);
  });

  it('lets the test event of a new notification pass', async () => {
    const event = { Service: 'Amazon S3', Event: 's3:TestEvent', Time: '2026-11-24T10:00:00.000Z', Bucket: BUCKET };
    expect(failuresOf(await embed.invoke(batchOf(event)))).toEqual([]);
  });

  it('keeps a record of what is no picture, and does not ask for it again', async () => {
    const text = await put('datasets/bad/red/text.jpg', Buffer.from('no picture at all, whatever its name says'));
    const empty = await put('datasets/bad/red/empty.png', new Uint8Array());
    const whole = await drawPicture('red', 1);
    const torn = await put('datasets/bad/red/torn.jpg', whole.subarray(0, 300));
    const good = await put('datasets/bad/red/good.jpg', whole);
    const response = await embed.invoke(batchOf(...[text, empty, torn, good].map((key) => s3Event(key))));
    expect(failuresOf(response)).toEqual([]);
    const rejects = await Array.fromAsync(new RejectLog(s3.store, 'bad').list());
    expect(rejects.map(({ key, reason }) => [key, reason]).sort()).toEqual([
      [empty, 'empty-file'],
      [text, 'not-a-picture'],
      [torn, 'damaged-picture'],
    ]);
    expect([...(await cacheOf('bad')).keys()]).toEqual([good]);
  });

  it('refuses an object of 5 GB by its size, without reading it', async () => {
    const key = await put('datasets/giant/red/1.jpg', await drawPicture('red', 2));
    expect(failuresOf(await embed.invoke(batchOf(s3Event(key, { sizeBytes: 5 * 1024 ** 3 }))))).toEqual([]);
    const [reject] = await Array.fromAsync(new RejectLog(s3.store, 'giant').list());
    expect(reject).toMatchObject({ key, reason: 'too-many-bytes', sha256: null });
    expect((await cacheOf('giant')).size).toBe(0);
  });

  it('refuses a picture of more pixels than it can hold, and goes on', async () => {
    const create = { width: 12_000, height: 12_000, channels: 3, background: 'white' } as const;
    const bomb = await put('datasets/bomb/red/bomb.png', await sharp({ create }).png().toBuffer());
    const good = await put('datasets/bomb/red/good.jpg', await drawPicture('red', 2));
    expect(failuresOf(await embed.invoke(batchOf(s3Event(bomb), s3Event(good))))).toEqual([]);
    const [reject] = await Array.fromAsync(new RejectLog(s3.store, 'bomb').list());
    expect(reject).toMatchObject({ key: bomb, reason: 'too-many-pixels' });
    expect([...(await cacheOf('bomb')).keys()]).toEqual([good]);
  });

  it('leaves the label of one dataset out of another, also when it is called as one', async () => {
    const picture = await drawPicture('red', 8);
    const inOne = await put('datasets/one/two/1.jpg', picture);
    const inTwo = await put('datasets/two/one/1.jpg', picture);
    await embed.invoke(batchOf(s3Event(inOne), s3Event(inTwo)));
    expect([...(await cacheOf('one')).keys()]).toEqual([inOne]);
    expect([...(await cacheOf('two')).keys()]).toEqual([inTwo]);
  });

  it('refuses hostile keys with a code, stores nothing of them, and does the rest of the batch', async () => {
    const good = await put('datasets/hostile/red/1.jpg', await drawPicture('red', 3));
    const hostile = [
      'datasets/hostile/../../models/x/current.json',
      'datasets/../datasets/hostile/red/1.jpg',
      'datasets/hostile/red/\u0007bell\n{"level":"error"}.jpg',
      `datasets/hostile/red/${'x'.repeat(1100)}/../1.jpg`,
      'models/hostile/current.json',
      'datasets//red/1.jpg',
    ];
    const response = await embed.invoke(batchOf(...[...hostile, good].map((key) => s3Event(key))));
    expect(failuresOf(response)).toEqual([]);
    expect([...(await cacheOf('hostile')).keys()]).toEqual([good]);
    const lines = embed.log.split('\n').filter((line) => line.includes('not a picture of a dataset'));
    const codes = lines.map((line) => (JSON.parse(line) as { readonly code: string }).code);
    expect(codes).toEqual([...Array<string>(4).fill('hostile-key'), 'not-a-dataset', 'hostile-key']);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(600);
  });

  it('leaves the same cache for duplicated, reordered and repeated events', async () => {
    const kept = await put('datasets/order/red/kept.jpg', await drawPicture('red', 4));
    const gone = 'datasets/order/red/gone.jpg';
    const created = s3Event(kept, { sequencer: '0055AED6DCD90281E5' });
    const removed = s3Event(gone, { name: 'ObjectRemoved:DeleteMarkerCreated', sequencer: '0055AED6DCD90281E7' });
    const late = s3Event(gone, { sequencer: '0055AED6DCD90281E6' });
    for (const batch of [batchOf(removed, created, late), batchOf(created, created), batchOf(late, removed)]) {
      expect(failuresOf(await embed.invoke(batch))).toEqual([]);
    }
    const cache = await cacheOf('order');
    expect([...cache.keys()]).toEqual([kept]);
    expect(cache.get(gone)?.isTombstone).toBe(true);
    expect(cache.get(kept)?.sequencer).toBe('0055AED6DCD90281E5');
  });

  it('does not take a picture for gone that is there again', async () => {
    const key = await put('datasets/undelete/red/1.jpg', await drawPicture('red', 5));
    await embed.invoke(batchOf(s3Event(key, { name: 'ObjectRemoved:Delete', sequencer: '0055AED6DCD90281E9' })));
    expect([...(await cacheOf('undelete')).keys()]).toEqual([key]);
  });

  it('gives malformed messages back, which ends them in the dead-letter queue, and does the others', async () => {
    const key = await put('datasets/mixed/red/1.jpg', await drawPicture('red', 6));
    const bodies = ['no JSON', '[]', '{"Records": [{}]}', s3Event(key, { bucket: 'foreign' }), s3Event(key)];
    expect(failuresOf(await embed.invoke(batchOf(...bodies)))).toEqual([
      'message-0',
      'message-1',
      'message-2',
      'message-3',
    ]);
    expect((await cacheOf('mixed')).size).toBe(1);
  });

  it('embeds a batch of a backfill, whose keys are not encoded', async () => {
    const key = await put('datasets/backfill/red/a b+c.jpg', await drawPicture('red', 7));
    const items = [
      { Key: 'datasets/backfill/red/', Size: 0, Etag: '"0"' },
      { Key: key, Size: 5000, Etag: '"abc"', LastModified: 1_700_000_000, StorageClass: 'STANDARD' },
    ];
    await embed.invoke({ Items: items });
    expect([...(await cacheOf('backfill')).keys()]).toEqual([key]);
  });

  it('reads a backbone that did not fit into the asset from its bucket, and refuses another file there', async () => {
    const asset = await mkdtemp(path.join(tmpdir(), 'headstart-asset-'));
    await cp(stack.asset, asset, { recursive: true });
    const { name, precision } = stack.backbone;
    const graph = path.join(asset, 'backbones', name, precision, 'model.onnx');
    await s3.store.put('assets/right.onnx', await readFile(graph));
    await s3.store.put('assets/wrong.onnx', Buffer.from('another file'));
    await rm(graph);
    const template = new ResolvedTemplate(stack.template);
    const start = (key: string) =>
      deployFunction(template, asset, 'embed-images', s3.endpoint, {
        environment: { HEADSTART_BACKBONE_BUCKET: BUCKET, HEADSTART_BACKBONE_KEY: `assets/${key}.onnx` },
      });
    const [right, wrong] = await Promise.all([start('right'), start('wrong')]);
    const key = await put('datasets/large/red/1.jpg', await drawPicture('red', 9));
    await expect(wrong.invoke(batchOf(s3Event(key)))).rejects.toThrow('for backbone "mobilenet-v2"');
    expect(failuresOf(await right.invoke(batchOf(s3Event(key))))).toEqual([]);
    expect((await cacheOf('large')).size).toBe(1);
    await Promise.all([right.stop(), wrong.stop(), rm(asset, { recursive: true })]);
  });
});
