import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const HEAD = join(import.meta.dirname, '../../../shared/head');

/** A process of its own, in which no package of TensorFlow can be found. */
function runWithoutTfjs(script: string): unknown {
  const hide = `
    import { registerHooks } from 'node:module';
    registerHooks({
      resolve(specifier, context, next) {
        if (specifier.startsWith('@tensorflow/')) throw new Error('Cannot find package ' + specifier);
        return next(specifier, context);
      },
    });`;
  const args = ['--input-type=module', '--import', `data:text/javascript,${encodeURIComponent(hide)}`, '-e', script];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', cwd: HEAD }));
}

it('throws an InvalidInputError with the line that installs TensorFlow.js where it is not installed', () => {
  const failure = runWithoutTfjs(`
    const { loadHeadEngine } = await import('./load-head-engine.ts');
    const error = await loadHeadEngine('tfjs').catch((thrown) => thrown);
    console.log(JSON.stringify({ name: error.name, code: error.code, message: error.message }));`);

  expect(failure).toEqual({
    name: 'InvalidInputError',
    code: 'engine_not_installed',
    message: expect.stringContaining(
      'run: npm install @tensorflow/tfjs@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0',
    ) as string,
  });
});

it('trains with the onnx engine where TensorFlow.js is not installed', () => {
  const trained = runWithoutTfjs(`
    const { loadHeadEngine } = await import('./load-head-engine.ts');
    const { DEFAULT_HYPERPARAMETERS } = await import('./hyperparameters.ts');
    const read = async (rows, out) => rows.forEach((row, i) => out.set([row % 2, 1 - (row % 2)], i * 2));
    const train = { features: { rowCount: 8, dimensions: 2, read }, labels: Uint32Array.of(0, 1, 0, 1, 0, 1, 0, 1) };
    const hyperparameters = { ...DEFAULT_HYPERPARAMETERS, epochs: 3 };
    const { history } = await (await loadHeadEngine('onnx')).train({ train, valid: null, classCount: 2, hyperparameters });
    console.log(JSON.stringify(history.length));`);

  expect(trained).toBe(3);
});
