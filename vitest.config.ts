import { defineConfig } from 'vitest/config';

// Two pools of work share the machine in these tests: vitest's workers and ONNX Runtime's threads inside them.
// Files run two at a time, so that a 2-core CI machine is not oversubscribed.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/aws/**', 'test/parity/full-width/**', 'node_modules/**'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    allowOnly: false,
  },
});
