import { fileURLToPath } from 'node:url';

/** The oldest Node that runs TypeScript files without a flag or a warning that matters. */
const OLDEST = { major: 22, minor: 18 };

/** @param {string} version as `22.18.0` */
export function canStripTypes(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor);
}

/** Path of the Node that the `node` package from npm puts into node_modules; it may be absent. */
export function carriedNode() {
  const file = process.platform === 'win32' ? 'node.exe' : 'node';
  return fileURLToPath(new URL(`../node_modules/node/bin/${file}`, import.meta.url));
}

/**
 * Ends this process as the child ends, and lets the child decide what a signal means.
 * @param {import('node:child_process').ChildProcess} child
 */
export function forwardSignals(child) {
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    // On a terminal Ctrl-C reaches the child too; a second SIGINT would mean "stop at once" to it.
    process.on(signal, () => {
      if (signal !== 'SIGINT' || process.stdin.isTTY !== true) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    console.error(`headstart: cannot start ${child.spawnfile}: ${error.message}`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
  });
}
