import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const LAUNCHER = path.resolve(import.meta.dirname, '../../bin/headstart.js');

/** Prints the address of every module that Node loads. */
const TELL_MODULES = `data:text/javascript,${encodeURIComponent(`
import { registerHooks } from 'node:module';
registerHooks({ load: (url, context, next) => { process.stderr.write(url + '\\n'); return next(url, context); } });
`)}`;

it.each([['--help'], ['train', '--help'], ['backbone', '--help']])(
  'loads nothing heavy to say headstart %s %s',
  async (...args) => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [
      '--import',
      TELL_MODULES,
      LAUNCHER,
      ...args,
    ]);

    const modules = stderr.split('\n').filter((url) => url.startsWith('file:'));
    expect(stdout).toContain('Usage: headstart');
    expect(modules.some((url) => url.endsWith('/cli/program.ts'))).toBe(true);
    const heavy = /node_modules\/(apache-arrow|onnxruntime|onnx-proto|sharp|@aws-sdk|@smithy|h5wasm|zod)/;
    expect(modules.filter((url) => heavy.test(url))).toEqual([]);
  },
);
