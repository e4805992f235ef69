import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { TEST_CREDENTIALS, TEST_PLACE } from './test-account.ts';

/** A server in a process of its own. */
export interface Peer {
  readonly endpoint: string;
  stop(): Promise<void>;
}

const FOLDER = path.resolve(import.meta.dirname, '../../../.cache/aws-peers');
const MOTO = path.join(FOLDER, 'moto/bin/moto_server');
const VERSITYGW = path.join(FOLDER, 'bin/versitygw');

export const hasMoto = existsSync(MOTO);
export const hasVersitygw = existsSync(VERSITYGW);
export const NEEDS_MOTO = 'needs moto: npm run test:aws sets it up with Python 3';
export const NEEDS_VERSITYGW = 'needs versitygw: npm run test:aws sets it up with Go';

/** S3 with bucket notifications, and SQS. Checks no signatures. The word localhost matters to it. */
export async function startMoto(): Promise<Peer> {
  const port = await freePort();
  return start(MOTO, ['-H', '127.0.0.1', '-p', String(port)], `http://localhost:${port}`);
}

/** S3 only, and strict: signatures, checksums, conditional writes. */
export async function startVersitygw(): Promise<Peer> {
  const port = await freePort();
  const data = mkdtempSync(path.join(tmpdir(), 'headstart-versitygw-'));
  const args = ['--port', `127.0.0.1:${port}`, '--region', TEST_PLACE.region, 'posix', data];
  const peer = await start(VERSITYGW, args, `http://127.0.0.1:${port}`);
  return {
    endpoint: peer.endpoint,
    stop: async () => {
      await peer.stop();
      await rm(data, { recursive: true, force: true });
    },
  };
}

async function start(command: string, args: readonly string[], endpoint: string): Promise<Peer> {
  const { accessKeyId, secretAccessKey } = TEST_CREDENTIALS;
  const environment = {
    ROOT_ACCESS_KEY: accessKeyId,
    ROOT_SECRET_KEY: secretAccessKey,
    // What moto calls the account of every resource.
    MOTO_ACCOUNT_ID: TEST_PLACE.account,
  };
  const child = spawn(command, args, { stdio: 'ignore', env: { ...process.env, ...environment } });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  for (let attempt = 0; attempt < 300; attempt++) {
    if (await answers(endpoint)) return { endpoint, stop };
    await wait(100);
  }
  await stop();
  throw new Error(`expected ${command} to answer at ${endpoint} within 30 seconds`);
}

async function answers(endpoint: string): Promise<boolean> {
  return fetch(endpoint).then(
    () => true,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
