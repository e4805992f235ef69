import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { HeadstartError, messageOf } from '../../../shared/errors.ts';
import { S3ObjectStore } from '../../../shared/storage/s3-object-store.ts';
import { TEST_CREDENTIALS, TEST_PLACE } from '../../support/aws/test-account.ts';
import { s3Error, startFaultServer, type Answer, type FaultServer } from '../../support/s3-fault-server.ts';
import { clientOf } from '../../support/s3-peers.ts';

const SECRETS = {
  AWSAccessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  SignatureProvided: 'TheSignatureProvided0123456789',
  StringToSign: 'AWS4-HMAC-SHA256 TheStringToSign',
  'Token-0': 'TheSessionToken0123456789',
};

const BUCKET = 'team-pictures';
const MIB = 1024 * 1024;

let server: FaultServer | null = null;
afterEach(async () => {
  vi.unstubAllEnvs();
  await server?.stop();
  server = null;
});

async function storeAnswering(answer: Answer): Promise<S3ObjectStore> {
  server = await startFaultServer(answer);
  return new S3ObjectStore(clientOf(server.endpoint, 1), BUCKET, { multipart: { thresholdBytes: 5 * MIB } });
}

const METHODS: readonly (readonly [string, (store: S3ObjectStore) => Promise<unknown>])[] = [
  ['head', (store) => store.head('key')],
  ['get', (store) => store.get('key')],
  ['get of the end', (store) => store.get('key', { start: -5 })],
  ['put', (store) => store.put('key', new Uint8Array(3))],
  ['put with ifAbsent', (store) => store.put('key', new Uint8Array(3), { ifAbsent: true })],
  ['put with ifMatch', (store) => store.put('key', new Uint8Array(3), { ifMatch: 'abc' })],
  ['put in parts', (store) => store.put('key', new Uint8Array(6 * MIB))],
  ['delete', (store) => store.delete('key')],
  ['list', (store) => Array.fromAsync(store.list(''))],
];

/** Of every method: its code and message; nothing secret may be anywhere in the error. */
async function faultsOf(store: S3ObjectStore): Promise<Map<string, { code: string; message: string }>> {
  const faults = new Map<string, { code: string; message: string }>();
  for (const [name, call] of METHODS) {
    const error = await call(store).then(
      () => null,
      (fault: unknown) => fault,
    );
    const shown = inspect(error, { depth: 20, showHidden: true });
    for (const secret of [...Object.values(SECRETS), ...Object.values(TEST_CREDENTIALS)])
      expect(shown).not.toContain(secret);
    const code = error instanceof HeadstartError ? error.code : inspect(error);
    faults.set(name, { code, message: messageOf(error) });
  }
  return faults;
}

async function expectEverywhere(store: S3ObjectStore, code: string, ...parts: readonly string[]): Promise<void> {
  for (const [name, fault] of await faultsOf(store)) {
    expect(fault.code, name).toBe(code);
    for (const part of [`s3://${BUCKET}`, ...parts]) expect(fault.message, name).toContain(part);
  }
}

describe('what S3 refuses, in every method', () => {
  it.each([
    [400, 'ExpiredToken', 'credentials_expired', 'sign in again (aws sso login)'],
    [403, 'InvalidAccessKeyId', 'invalid_credentials', 'AWS_PROFILE'],
    [403, 'SignatureDoesNotMatch', 'invalid_credentials', 'AWS_SECRET_ACCESS_KEY'],
    [400, 'InvalidToken', 'invalid_credentials', 'sign in again'],
    [403, 'AccessDenied', 'access_denied', 'ask for s3:ListBucket, s3:GetObject'],
    [403, 'RequestTimeTooSkewed', 'clock_skewed', 'set the clock'],
    [404, 'NoSuchBucket', 'not_found', 'check its name'],
    [503, 'SlowDown', 'io_error', 'try again'],
    [500, 'InternalError', 'io_error', 'try again'],
    [409, 'OperationAborted', 's3_refused', 'OperationAborted'],
    [400, 'SomethingNew', 's3_refused', 'the message of SomethingNew'],
  ])('%i %s is told as %s, with the bucket and what to do, and no credentials', async (...row) => {
    const [status, name, code, help] = row;
    const store = await storeAnswering(s3Error(status, name, SECRETS));
    // A conditional write takes a conflict for a lost race.
    if (status === 409) await expect(store.put('key', new Uint8Array(3))).rejects.toMatchObject({ code });
    else await expectEverywhere(store, code, help);
  });

  it.each([
    ['a redirect', s3Error(301, 'PermanentRedirect', {}, { 'x-amz-bucket-region': 'eu-west-3' })],
    ['a redirect of a new bucket', s3Error(307, 'TemporaryRedirect', {}, { 'x-amz-bucket-region': 'eu-west-3' })],
    [
      'a signature for another region',
      s3Error(400, 'AuthorizationHeaderMalformed', {
        Message: "The authorization header is malformed; the region 'eu-central-1' is wrong; expecting 'eu-west-3'",
        Region: 'eu-west-3',
      }),
    ],
  ] as const)('%s is told as the wrong region, with the right one', async (_, answer) => {
    await expectEverywhere(await storeAnswering(answer), 'wrong_region', 'AWS_REGION=eu-west-3');
  });

  it('a redirect without a region asks for it', async () => {
    await expectEverywhere(await storeAnswering(s3Error(301, 'PermanentRedirect')), 'wrong_region', 'set AWS_REGION');
  });

  it('names no region that a foreign answer made up', async () => {
    const headers = { 'x-amz-bucket-region': 'evil; rm -rf' };
    const store = await storeAnswering(s3Error(301, 'PermanentRedirect', {}, headers));
    for (const { message } of (await faultsOf(store)).values()) expect(message).not.toContain('evil');
  });

  it('a page of a proxy is no absent object', async () => {
    const store = await storeAnswering((_, response) => {
      response.writeHead(404, { 'content-type': 'text/html' });
      response.end('<!doctype html><title>404 Not Found</title><p>by a proxy');
    });
    await expectEverywhere(store, 's3_refused', '404');
  });
});

describe('what never reaches S3', () => {
  it('a server that is not there may be there a moment later', async () => {
    const gone = await startFaultServer(s3Error(500, 'InternalError'));
    await gone.stop();
    const client = clientOf(gone.endpoint, 1);
    await expectEverywhere(new S3ObjectStore(client, BUCKET), 'io_error', 'ECONNREFUSED', 'AWS_ENDPOINT_URL_S3');
  });

  it('a missing region says to set it', async () => {
    await withoutAws(async () => {
      const client = new S3Client({ credentials: TEST_CREDENTIALS });
      await expectEverywhere(new S3ObjectStore(client, BUCKET), 'region_missing', 'set AWS_REGION');
    });
  });

  it('missing credentials say how to sign in', async () => {
    await withoutAws(async () => {
      const client = new S3Client({ region: TEST_PLACE.region });
      await expectEverywhere(new S3ObjectStore(client, BUCKET), 'credentials_missing', 'aws sso login', 'AWS_PROFILE');
    });
  });

  it('an expired single sign-on says to sign in again', async () => {
    await withoutAws(async (home) => {
      const config = [
        '[default]\nsso_session = team\nsso_account_id = 123456789012\nsso_role_name = reader\nregion = eu-central-1',
        '[sso-session team]\nsso_region = eu-central-1\nsso_start_url = https://example.invalid/start',
      ];
      await writeFile(path.join(home, 'config'), config.join('\n'));
      const cache = path.join(home, '.aws/sso/cache');
      await mkdir(cache, { recursive: true });
      const token = { accessToken: 'TheSessionToken0123456789', expiresAt: '2020-01-01T00:00:00Z' };
      const name = createHash('sha1').update('team').digest('hex');
      await writeFile(path.join(cache, `${name}.json`), JSON.stringify(token));
      const client = new S3Client({ region: TEST_PLACE.region });
      await expectEverywhere(new S3ObjectStore(client, BUCKET), 'credentials_expired', 'sign in again (aws sso login)');
    });
  });
});

/** As on a computer where nobody has set up AWS. */
async function withoutAws(work: (home: string) => Promise<void>): Promise<void> {
  const home = await mkdtemp(path.join(tmpdir(), 'headstart-no-aws-'));
  for (const name of Object.keys(process.env).filter((name) => name.startsWith('AWS_'))) vi.stubEnv(name, undefined);
  vi.stubEnv('HOME', home);
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  vi.stubEnv('AWS_CONFIG_FILE', path.join(home, 'config'));
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', path.join(home, 'credentials'));
  try {
    await work(home);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
