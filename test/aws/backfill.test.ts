import { tmpdir } from 'node:os';
import { CreateStateMachineCommand, DescribeExecutionCommand, SFNClient } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { deploymentNames } from '../../shared/deployment/deployment-names.ts';
import { TEST_CREDENTIALS } from '../support/aws/deploy-function.ts';
import { hasMoto, NEEDS_MOTO, startMoto, type Peer } from '../support/aws/peers.ts';
import { TEST_PLACE } from '../support/aws/synthesised-stack.ts';
import { runCli } from '../support/run-cli.ts';

/** Nothing is read from it. */
const home = tmpdir();
const NAMES = deploymentNames(TEST_PLACE);

describe.skipIf(!hasMoto)(`headstart backfill (${hasMoto ? 'moto' : NEEDS_MOTO})`, () => {
  let moto: Peer;
  let client: SFNClient;
  beforeAll(async () => {
    moto = await startMoto();
    vi.stubEnv('AWS_ENDPOINT_URL', moto.endpoint);
    vi.stubEnv('AWS_ACCESS_KEY_ID', TEST_CREDENTIALS.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', TEST_CREDENTIALS.secretAccessKey);
    client = new SFNClient({ endpoint: moto.endpoint, region: TEST_PLACE.region, credentials: TEST_CREDENTIALS });
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    client.destroy();
    await moto.stop();
  });

  it('says that the stack is to be deployed when it is not there', async () => {
    const { code, stderr } = await runCli(['backfill', `s3://${NAMES.bucket}/flowers`], { home });
    expect([code, stderr.includes('cdk deploy')]).toEqual([3, true]);
    expect(stderr).toContain(`headstart embed s3://${NAMES.bucket}/flowers`);
  });

  it('says with train that it can run on this computer when the stack is not there', async () => {
    const { code, stderr } = await runCli(['train', `s3://${NAMES.bucket}/flowers`], { home });
    expect([code, stderr.includes('cdk deploy')]).toEqual([3, true]);
    expect(stderr).toContain(`headstart train s3://${NAMES.bucket}/flowers --here`);
  });

  it("starts the stack's state machine with the dataset", async () => {
    await client.send(
      new CreateStateMachineCommand({
        name: NAMES.backfillStateMachine,
        roleArn: `arn:aws:iam::${TEST_PLACE.account}:role/test`,
        definition: JSON.stringify({ StartAt: 'A', States: { A: { Type: 'Pass', End: true } } }),
      }),
    );
    const { code, stdout, stderr } = await runCli(['backfill', `s3://${NAMES.bucket}/flowers`, '--json'], { home });
    expect(code, stderr).toBe(0);
    const { executionArn } = JSON.parse(stdout) as { readonly executionArn: string };
    const execution = await client.send(new DescribeExecutionCommand({ executionArn }));
    expect(JSON.parse(execution.input ?? '')).toEqual({ dataset: 'flowers' });
  });

  it.each(['s3://my-own-bucket/flowers', `s3://${NAMES.bucket}`, `s3://${NAMES.bucket}/a/b`, './photos'])(
    'refuses %s',
    async (target) => {
      expect((await runCli(['backfill', target], { home })).code).toBe(2);
    },
  );
});
