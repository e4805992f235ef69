import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { TEST_CREDENTIALS } from '../support/aws/deploy-function.ts';
import { hasVersitygw, NEEDS_VERSITYGW, startVersitygw, type Peer } from '../support/aws/peers.ts';
import { TEST_PLACE } from '../support/aws/synthesised-stack.ts';
import { drawDataset } from '../support/pictures.ts';
import { runCli } from '../support/run-cli.ts';
import { clientOf } from '../support/s3-peers.ts';

// One story, whose parts build on one another.
describe.skipIf(!hasVersitygw)(`headstart on a bucket (${hasVersitygw ? 'versitygw' : NEEDS_VERSITYGW})`, () => {
  let peer: Peer;
  let home: string;
  beforeAll(async () => {
    peer = await startVersitygw();
    home = await mkdtemp(path.join(tmpdir(), 'headstart-bucket-'));
    vi.stubEnv('AWS_ENDPOINT_URL_S3', peer.endpoint);
    vi.stubEnv('AWS_REGION', TEST_PLACE.region);
    vi.stubEnv('AWS_ACCESS_KEY_ID', TEST_CREDENTIALS.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', TEST_CREDENTIALS.secretAccessKey);
    await clientOf(peer.endpoint).send(new CreateBucketCommand({ Bucket: 'team-bucket' }));
    await drawDataset(path.join(home, 'photos'), ['red', 'blue'], 10);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await peer.stop();
    await rm(home, { recursive: true, force: true });
  });

  const json = async (...args: string[]): Promise<Record<string, unknown>> => {
    const { code, stdout, stderr } = await runCli([...args, '--json'], { home });
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  const DATASET = 's3://team-bucket/colours';

  it('uploads a folder once', async () => {
    expect(await json('upload', 'photos', DATASET)).toMatchObject({ uploaded: 20, unchanged: 0 });
    expect(await json('upload', 'photos', DATASET)).toMatchObject({ uploaded: 0, unchanged: 20 });
  });

  it('embeds and trains there', async () => {
    expect(await json('embed', DATASET)).toMatchObject({ pictures: 20, embedded: 20 });
    const trained = await json('train', DATASET);
    expect(trained.modelFolder).toBe(`s3://team-bucket/models/colours/${String(trained.version)}`);
  });

  it('predicts with the model of the bucket', async () => {
    expect(JSON.stringify(await json('predict', DATASET, 'photos/red', '--top', '1'))).toContain('"red"');
  });

  it('measures the model of the bucket on other pictures', async () => {
    await drawDataset(path.join(home, 'others'), ['red', 'blue'], 4, 50);
    const measured = await json('evaluate', DATASET, 'others', '--report', path.join(home, 'report.html'));
    expect(measured).toMatchObject({ evaluation: { pictureCount: 8, accuracy: { value: 1 } } });
  });

  it('lists, promotes and rolls back versions of the bucket', async () => {
    const first = String((await json('models', 'show', DATASET)).version);
    const second = String((await json('train', DATASET, '--seed', '5', '--promote', 'never')).version);

    const versionsOf = async () => JSON.stringify(await json('models', 'list', DATASET));
    expect(await versionsOf()).toContain(second);
    await json('models', 'promote', DATASET, second);
    expect((await json('models', 'show', DATASET)).version).toBe(second);
    await json('models', 'rollback', DATASET);
    expect((await json('models', 'show', DATASET)).version).toBe(first);
  });

  it('tells what the dataset has cost so far, and what it costs next', async () => {
    const cost = await json('cost', DATASET);
    expect(cost).toMatchObject({
      usage: {
        embedded: 20,
        shards: 1,
        waiting: 0,
        trainings: [
          { classes: 2, rows: 14 },
          { classes: 2, rows: 14 },
        ],
      },
      soFar: { totalUsd: expect.any(Number) as number },
    });
    expect((cost.usage as { readonly storedBytes: number }).storedBytes).toBeGreaterThan(20 * 500);
    const { stdout } = await runCli(['cost', DATASET], { home });
    expect(stdout).toMatch(/^so far: 20 vectors in 1 shard, 2 trainings$/m);
    expect(stdout).toMatch(/^next: 0 pictures to embed, and a training$/m);
    expect((await runCli(['cost', 'photos'], { home })).code).toBe(2);
  });

  it('keeps to train, valid and test folders of a bucket', async () => {
    for (const [split, first] of [
      ['train', 0],
      ['valid', 20],
      ['test', 30],
    ] as const) {
      await drawDataset(path.join(home, 'split', split), ['red', 'blue'], split === 'train' ? 8 : 3, first);
    }
    await json('upload', 'split', 's3://team-bucket/split');
    const trained = await json('train', 's3://team-bucket/split');
    expect(trained.labels).toEqual(['blue', 'red']);
    expect(trained.metrics).toMatchObject({ split: 'test', pictureCount: 6 });
  });

  it('says that --here is for the bucket of a stack', async () => {
    const { code, stderr } = await runCli(['train', DATASET, '--here'], { home });
    expect([code, stderr.includes('leave --here out')]).toEqual([2, true]);
  });
});
