import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ModelRegistry } from '../../shared/registry/model-registry.ts';
import { LocalDeployment } from '../support/aws/local-deployment.ts';
import { hasMoto, NEEDS_MOTO, startMoto, type Peer } from '../support/aws/peers.ts';
import { synthesiseStack } from '../support/aws/synthesised-stack.ts';
import { drawPicture } from '../support/pictures.ts';

const LABELS = ['red', 'green', 'blue'] as const;
const PICTURES_EACH = 12;
const PREDICT = 'POST /datasets/{dataset}/predictions';
const HYPERPARAMETERS = { seed: 7 };

// One story, whose parts build on one another.
describe.skipIf(!hasMoto)(
  `a team's account on local servers, from upload to rollback (${hasMoto ? 'moto' : NEEDS_MOTO})`,
  () => {
    let moto: Peer;
    let team: LocalDeployment;
    const versions: string[] = [];

    beforeAll(async () => {
      moto = await startMoto();
      team = await LocalDeployment.start(await synthesiseStack(), moto);
    });
    afterAll(async () => {
      await team.stop();
      await moto.stop();
    });

    const upload = (label: string, number: number, body: Uint8Array) =>
      team.s3.send(
        new PutObjectCommand({
          Bucket: team.bucket,
          Key: `datasets/colours/${label}/a picture ${number}.jpg`,
          Body: body,
        }),
      );

    async function ask(colour: string, query: Readonly<Record<string, string>> = {}) {
      const body = await drawPicture(colour, PICTURES_EACH);
      return team.ask(PREDICT, { dataset: 'colours', contentType: 'image/jpeg', body, query });
    }

    const labelsOf = (body: Record<string, unknown>): string[] =>
      (body.predictions as readonly { readonly label: string }[]).map(({ label }) => label);

    async function shardsOf(): Promise<string[]> {
      const infos = await Array.fromAsync(team.store.list('features/colours/'));
      return infos.map(({ key }) => key);
    }

    async function depthOf(url: string): Promise<number> {
      const { Attributes: attributes } = await team.sqs.send(
        new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }),
      );
      return (
        Number(attributes?.ApproximateNumberOfMessages) + Number(attributes?.ApproximateNumberOfMessagesNotVisible)
      );
    }

    it('turns uploaded pictures into vectors, by the events of the bucket', async () => {
      for (const label of LABELS) {
        for (let number = 0; number < PICTURES_EACH; number++)
          await upload(label, number, await drawPicture(label, number));
      }
      await upload('red', 100, Buffer.from('a text'));
      // The first message is the s3:TestEvent of the notification.
      expect(await team.drainQueue()).toBeGreaterThan(LABELS.length * PICTURES_EACH);
      expect((await shardsOf()).length).toBeGreaterThan(0);
      expect(await Array.fromAsync(team.store.list('rejects/colours/'))).toHaveLength(1);
      expect([await depthOf(team.queueUrl), await depthOf(team.deadLetterUrl)]).toEqual([0, 0]);
    });

    it('answers 404 before anything is trained', async () => {
      const { status, body } = await ask('red');
      expect([status, (body.error as { readonly code: string }).code]).toEqual([404, 'not_found']);
    });

    it('trains, passes the gate and promotes, as the state machine says', async () => {
      const { path, output } = await team.runTraining({ dataset: 'colours', hyperparameters: HYPERPARAMETERS });
      expect(path.filter((name) => !['CountPictures', 'IsDrained', 'WaitForPictures'].includes(name))).toEqual([
        'ReadInput',
        'Compact',
        'Train',
        'IsTrained',
        'Evaluate',
        'Gate',
        'Promote',
      ]);
      versions.push((output as { readonly version: string }).version);
      // One of vectors, and one of the tombstone that the refused text left.
      expect(await shardsOf()).toHaveLength(2);
    });

    it('answers over HTTP with the label of a picture', async () => {
      for (const colour of LABELS) {
        const { status, body } = await ask(colour);
        expect(status).toBe(200);
        expect(labelsOf(body)[0]).toBe(colour);
        expect(body.version).toBe(versions[0]);
      }
    });

    it('answers for a large picture that came by a presigned address', async () => {
      const picture = await drawPicture('green', 50);
      const asked = JSON.stringify({ contentType: 'image/jpeg', sizeBytes: picture.length });
      const request = { dataset: 'colours', contentType: 'application/json' };
      const { status, body } = await team.ask('POST /datasets/{dataset}/uploads', { ...request, body: asked });
      expect(status).toBe(201);
      const { url, headers, key } = body as { url: string; headers: Record<string, string>; key: string };
      expect((await fetch(url, { method: 'PUT', headers, body: new Uint8Array(picture) })).status).toBe(200);
      const answer = await team.ask(PREDICT, { ...request, body: JSON.stringify({ key }), query: { top: '1' } });
      expect([answer.status, labelsOf(answer.body)]).toEqual([200, ['green']]);
    });

    it('forgets a class that is deleted, once it is trained again', async () => {
      for (let number = 0; number < PICTURES_EACH; number++) {
        const Key = `datasets/colours/blue/a picture ${number}.jpg`;
        await team.s3.send(new DeleteObjectCommand({ Bucket: team.bucket, Key }));
        await team.sendRemoval(Key);
      }
      await team.drainQueue();
      const { output } = await team.runTraining({ dataset: 'colours', hyperparameters: HYPERPARAMETERS });
      versions.push((output as { readonly version: string }).version);
      expect(versions[1]).not.toBe(versions[0]);
      const { body } = await ask('red', { version: versions[1] ?? '', top: '10' });
      expect(labelsOf(body).sort()).toEqual(['green', 'red']);
      const listed = await team.ask('GET /datasets/{dataset}/versions', { dataset: 'colours' });
      const entries = listed.body.versions as readonly { readonly version: string; readonly isCurrent: boolean }[];
      expect(entries.map(({ version }) => version)).toEqual([...versions].reverse());
      expect(entries.find(({ isCurrent }) => isCurrent)?.version).toBe(versions[1]);
    });

    it('serves the earlier version after a rollback, within seconds', async () => {
      await new ModelRegistry(team.store, 'colours').rollback();
      await expect
        .poll(async () => (await ask('blue')).body.version, { timeout: 15_000, interval: 500 })
        .toBe(versions[0]);
      expect(labelsOf((await ask('blue')).body)[0]).toBe('blue');
    });

    it('lists the datasets that have models', async () => {
      expect((await team.ask('GET /datasets')).body).toEqual({ datasets: [{ name: 'colours' }] });
    });

    it('puts a malformed message aside after five tries, and goes on with the others', async () => {
      await team.send('no event');
      await upload('red', 200, await drawPicture('red', 200));
      for (let receive = 0; receive < 7; receive++) {
        await team.drainQueue();
        await team.showHidden();
      }
      expect([await depthOf(team.queueUrl), await depthOf(team.deadLetterUrl)]).toEqual([0, 1]);
    });
  },
);
