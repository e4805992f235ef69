import { defineConfig } from 'vitest/config';

// Against servers that are no npm packages: `npm run test:aws` sets them up (scripts/test-aws.js).
export default defineConfig({
  test: {
    include: ['test/aws/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    allowOnly: false,
  },
});
