// `node scripts/run.js demo|test|bench [arguments]`: what `npm run demo`, `npm test` and `npm run bench` call. It runs on the Node of a
// fresh machine (20 or newer) before anything is installed, so it is plain JavaScript without dependencies.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { canStripTypes, carriedNode, forwardSignals } from './node-runtime.js';

const at = (/** @type {string} */ path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Arguments for Node, by task. @type {Record<string, string[]>} */
const TASKS = {
  demo: [at('bin/headstart.js'), 'demo'],
  test: [at('node_modules/vitest/vitest.mjs'), 'run'],
  bench: [at('bench/run.ts')],
};

const [task = '', ...rest] = process.argv.slice(2);
const taskArguments = TASKS[task];
if (taskArguments === undefined) {
  fail(`expected one of ${Object.keys(TASKS).join(', ')} for the task, received "${task}"`);
} else {
  installWhenNeeded();
  forwardSignals(spawn(nodeForTypeScript(), [...taskArguments, ...rest], { stdio: 'inherit', cwd: at('.') }));
}

/** Runs `npm ci` unless node_modules holds just what the lockfile says. The stamp is written last, so a broken install is repeated. */
function installWhenNeeded() {
  const stamp = at('node_modules/.headstart-lock');
  const wanted = createHash('sha256')
    .update(readFileSync(at('package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.error('headstart: installing the exact dependencies of package-lock.json (npm ci), once');
  rmSync(stamp, { force: true });
  const isWindows = process.platform === 'win32';
  const npm = spawnSync(isWindows ? 'npm.cmd' : 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: at('.'),
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: isWindows,
  });
  if (npm.status !== 0) {
    const why = npm.error?.message ?? (npm.signal === null ? `exit code ${npm.status}` : `signal ${npm.signal}`);
    fail(`npm ci failed (${why}); check the connection to the npm registry and run the same command again`);
  }
  writeFileSync(stamp, wanted);
}

/** The Node that package.json pins; where npm was told not to run its install script, the running one if it is new enough. */
function nodeForTypeScript() {
  if (existsSync(carriedNode())) return carriedNode();
  if (canStripTypes(process.versions.node)) return process.execPath;
  return fail(
    `expected Node 22.18 or newer, received ${process.versions.node}, and npm did not install the "node" package's binary; ` +
      'run "npm rebuild node --foreground-scripts", or install a newer Node',
  );
}

/** @param {string} message @returns {never} */
function fail(message) {
  console.error(`headstart: ${message}`);
  process.exit(1);
}
