import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { deploymentNames } from '../../shared/deployment/deployment-names.ts';
import { ModelRegistry } from '../../shared/registry/model-registry.ts';
import { TEST_CREDENTIALS, TEST_PLACE } from '../support/aws/test-account.ts';
import { LocalDeployment } from '../support/aws/local-deployment.ts';
import { hasMoto, NEEDS_MOTO, startMoto, type Peer } from '../support/aws/peers.ts';
import { startStepFunctions, type StepFunctionsServer } from '../support/aws/step-functions-server.ts';
import { synthesiseStack } from '../support/aws/synthesised-stack.ts';
import { drawPicture } from '../support/pictures.ts';
import { runCli } from '../support/run-cli.ts';

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

    describe('headstart train s3://...', () => {
      const target = () => `s3://${team.bucket}/colours`;
      let server: StepFunctionsServer;
      beforeAll(async () => {
        const { trainStateMachine } = deploymentNames(TEST_PLACE);
        const { account, region } = TEST_PLACE;
        const arn = `arn:aws:states:${region}:${account}:stateMachine:${trainStateMachine}`;
        server = await startStepFunctions(arn, (input, onState) => team.runTraining(input, onState));
        vi.stubEnv('AWS_ENDPOINT_URL_SFN', server.endpoint);
        vi.stubEnv('AWS_ENDPOINT_URL_S3', moto.endpoint);
        vi.stubEnv('AWS_ACCESS_KEY_ID', TEST_CREDENTIALS.accessKeyId);
        vi.stubEnv('AWS_SECRET_ACCESS_KEY', TEST_CREDENTIALS.secretAccessKey);
      });
      afterAll(async () => {
        vi.unstubAllEnvs();
        await server.stop();
      });
      const train = (...args: string[]) => runCli(['train', ...args], { home: tmpdir() });

      it("trains in the account by the stack's workflow, with the settings that were typed, and tells what it made", async () => {
        const { code, stdout, stderr } = await train(target(), '--epochs', '25', '--class-weights', 'auto');

        expect(code, stderr).toBe(0);
        expect(server.inputs).toEqual([{ dataset: 'colours', hyperparameters: { epochs: 25, classWeights: 'auto' } }]);
        expect(stderr).toContain(`training in account ${TEST_PLACE.account}, ${TEST_PLACE.region}`);
        expect(stdout).toMatch(/^accuracy +\d+% on 4 test pictures/m);
        const [, version = ''] = /^version +(\S+), served: it passed the gate$/m.exec(stdout) ?? [];
        const registry = new ModelRegistry(team.store, 'colours');
        expect((await registry.readManifest(version)).hyperparameters).toMatchObject({
          epochs: 25,
          classWeights: 'auto',
        });
        expect(await registry.resolve('current')).toBe(version);
        expect(stdout).toContain(`report    ${target().replace('/colours', '/models/colours')}/${version}/report.html`);
      });

      it('prints one JSON document', async () => {
        const { stdout } = await train(target(), '--epochs', '3', '--json');

        expect(JSON.parse(stdout)).toMatchObject({
          dataset: 'colours',
          labels: ['green', 'red'],
          hyperparameters: { epochs: 3 },
          promotion: { isPromoted: expect.any(Boolean) as boolean },
        });
      });

      it("tells the function's own message when the training fails", async () => {
        const { code, stderr } = await train(`s3://${team.bucket}/nothing-here`);

        expect(code).toBe(5);
        expect(stderr).toContain('the training ended without a version (FAILED): expected');
      });

      it('stops watching at Ctrl-C, and says that the training goes on', async () => {
        let isAsked = false;
        const { code, stderr } = await runCli(['train', target(), '--epochs', '2'], {
          home: tmpdir(),
          onStderr: (child, text) => {
            if (!isAsked && text.includes('Ctrl-C stops watching')) isAsked = child.kill('SIGINT');
          },
        });

        expect(code).toBe(130);
        expect(stderr).toContain('stopped watching; the training goes on');
        expect(stderr).toMatch(/describe-execution --execution-arn arn:aws:states:\S+/);
      });

      it.each([
        [['--sweep'], '--sweep'],
        [['--backbone', 'resnet50', '--valid-share', '0.2'], '--backbone, --valid-share'],
      ])('refuses flags that the workflow does not take: %s', async (flags, named) => {
        const started = server.inputs.length;

        const { code, stderr } = await train(target(), ...flags);

        expect([code, server.inputs.length]).toEqual([2, started]);
        expect(stderr).toContain(`received ${named}; leave them out, or train on this computer`);
      });

      it('says with status what the queue holds, and what it cannot read', async () => {
        const status = () => runCli(['status', target()], { home: tmpdir() });
        vi.stubEnv('AWS_ENDPOINT_URL_SQS', moto.endpoint);
        await team.send(JSON.stringify({ Service: 'Amazon S3', Event: 's3:TestEvent' }));

        const { code, stdout, stderr } = await status();
        vi.stubEnv('AWS_ENDPOINT_URL_SQS', 'http://127.0.0.1:1');
        const unread = await status();

        await team.drainQueue();

        expect(code, stderr).toBe(0);
        expect(stdout).toContain('queue     1 message of all datasets waiting, 0 being worked on\n');
        expect(stdout).toMatch(/^embedded +24 /m);
        expect(unread.stdout).toMatch(/^queue +not read: .*127\.0\.0\.1:1/m);
        expect(unread.code).toBe(0);
      });

      it('refuses a setting outside its range before anything is started', async () => {
        const { code, stderr } = await train(target(), '--dropout', '1');

        expect(code).toBe(2);
        expect(stderr).toContain('dropout: expected a number in [0, 1), received 1');
      });
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
