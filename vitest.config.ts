// Pure tests stand beside the code, tests that cross folders under test/; all share one Postgres.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{core,ingest,pipeline,reports,bin,demo,test}/**/*.test.ts'],
    globalSetup: 'test/global-setup.ts',
    testTimeout: 20_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    pool: 'forks',
    provide: { kills: 3 },
    // A person's own settings must not change what the suite proves.
    env: { TZ: 'Pacific/Chatham', DATABASE_URL: '', SMTP_URL: '', LOG_LEVEL: '' },
  },
});
