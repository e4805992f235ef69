// `npm run test:aws`: sets up the servers that stand for AWS (a Python and a Go one, each in its pinned version, in .cache/aws-peers)
// and runs the tests against them. What each of them keeps and what it does not is in docs/decisions.md.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { carriedNode, forwardSignals } from './node-runtime.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = path.join(root, '.cache', 'aws-peers');
const MOTO = 'moto[server,s3,sqs]==5.2.5';
const VERSITYGW = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0';

mkdirSync(folder, { recursive: true });
const missing = [setUpMoto(), setUpVersitygw()].filter((reason) => reason !== null);
for (const reason of missing) console.error(`headstart: ${reason}; the tests that need it are skipped`);
if (missing.length === 2) {
  console.error(
    'headstart: expected Python 3 or Go to set up a server that stands for AWS, found neither; install one',
  );
  process.exit(1);
}
const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
const given = process.argv.slice(2);
const node = existsSync(carriedNode()) ? carriedNode() : process.execPath;
forwardSignals(
  spawn(node, [vitest, 'run', '--config', 'vitest.aws.config.ts', ...given], { stdio: 'inherit', cwd: root }),
);

/** S3 with notifications, and SQS. @returns {string | null} why it is missing */
function setUpMoto() {
  const stamp = path.join(folder, 'moto.version');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === MOTO) return null;
  console.error(`headstart: setting up ${MOTO}, once`);
  const venv = path.join(folder, 'moto');
  const made =
    run('python3', ['-m', 'venv', venv]) &&
    run(path.join(venv, 'bin/pip'), ['install', '--quiet', '--disable-pip-version-check', MOTO]);
  if (made) writeFileSync(stamp, MOTO);
  return made ? null : 'moto could not be installed (Python 3 with venv is needed)';
}

/** The strict one: checks signatures, checksums and conditions. @returns {string | null} why it is missing */
function setUpVersitygw() {
  const stamp = path.join(folder, 'versitygw.version');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === VERSITYGW) return null;
  console.error(`headstart: building ${VERSITYGW}, once; this takes a few minutes`);
  const made = run('go', ['install', VERSITYGW], { GOBIN: path.join(folder, 'bin') });
  if (made) writeFileSync(stamp, VERSITYGW);
  return made ? null : 'versitygw could not be built (Go is needed)';
}

/** @param {string} command @param {string[]} args @param {Record<string, string>} [environment] */
function run(command, args, environment = {}) {
  const { status } = spawnSync(command, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...environment },
  });
  return status === 0;
}
