// The long harnesses in full: `npm run prove`. The suite runs the same files with small numbers.
import { defineConfig, mergeConfig } from 'vitest/config';
import suite from './vitest.config.ts';

const { test } = suite;
export default mergeConfig(
  { ...suite, test: { ...test, include: [] } },
  defineConfig({
    test: {
      include: ['test/{kill,long}-*.test.ts', 'pipeline/incremental.test.ts'],
      provide: { kills: 50 },
      testTimeout: 1_800_000,
    },
  }),
);
