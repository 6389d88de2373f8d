// The ingest server as a process of its own, for benchmarks: `ingest-server.ts <app url> <mode>`. Tells
// its address, then its memory whenever it is asked.
import { createLog } from '../core/log.ts';
import { createPool } from '../core/postgres.ts';
import { createAuthenticator } from '../ingest/api/tokens.ts';
import { createPriceBook } from '../ingest/pricing/price-book.ts';
import { startIngest } from '../ingest/server.ts';
import { createGroupedStore } from '../ingest/store/group-commit.ts';
import { createUsageStore } from '../ingest/store/usage-events.ts';

const [url = '', mode = 'grouped'] = process.argv.slice(2);
// The log is written as in production, to where nobody reads it.
const log = createLog({ level: 'info', write: () => undefined });
const pool = createPool({ url, applicationName: 'bench ingest', log, max: 10 });
const pricesOf = createPriceBook(pool);
const storeUsage =
  mode === 'grouped' ? createGroupedStore(pool, pricesOf) : createUsageStore(pool, pricesOf);
const server = await startIngest(
  { authenticate: createAuthenticator(pool), storeUsage, checkReady: async () => undefined, log },
  { host: '127.0.0.1', port: 0 },
);
process.on('message', async (message) => {
  if (message === 'memory') return process.send?.({ rssBytes: process.memoryUsage().rss });
  await server.close();
  await pool.end();
  process.disconnect();
});
process.send?.({ url: server.url });
