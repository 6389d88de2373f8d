// daybook ingest: the HTTP server. Stateless; any number of them may share the books.
import type { Command } from 'commander';
import { createMetrics, type Metrics } from '../../core/metrics.ts';
import { isUnavailable, type Pool } from '../../core/postgres.ts';
import { createAuthenticator } from '../../ingest/api/tokens.ts';
import { createIngestMetrics } from '../../ingest/metrics.ts';
import { createPriceBook } from '../../ingest/pricing/price-book.ts';
import { startIngest } from '../../ingest/server.ts';
import { createGroupedStore } from '../../ingest/store/group-commit.ts';
import { assertServable, type Context, openContext } from '../context.ts';
import { runWithLifecycle } from '../lifecycle.ts';
import { serveProcessMetrics } from '../metrics.ts';
import { openSmsAgent } from '../sms-agent.ts';

export function registerIngest(program: Command): void {
  program
    .command('ingest')
    .description('serve the usage API; take and answer texts, where a Twilio account is set')
    .action(() =>
      runWithLifecycle(async (lifecycle) => {
        const context = openContext(lifecycle);
        const stopping = lifecycle.waitForStop();
        const metrics = createMetrics();
        const { url, pools } = await serveIngest(context, context.config, metrics);
        const { metricsPort: port } = context.config;
        await serveProcessMetrics(context, metrics, { port, variable: 'METRICS_PORT', pools });
        context.log.info('ingest.listening', { url });
        await stopping;
      }),
    );
}

export interface ServedIngest {
  url: string;
  pools: Record<string, Pool>;
  /** Compares the texts with Twilio's list at once; undefined where no texts are taken. */
  reconcileTexts: (() => Promise<void>) | undefined;
}

/** Serves until the lifecycle ends; starts also while Postgres is away, and refuses until it is back. */
export async function serveIngest(
  context: Context,
  listen: { host: string; port: number },
  metrics: Metrics = createMetrics(),
): Promise<ServedIngest> {
  const pool = await context.openAppPool();
  let isServable = false;
  const assertReady = async () => {
    if (!isServable) await assertServable(pool);
    isServable = true;
  };
  await assertReady().catch((error: unknown) => {
    if (!isUnavailable(error)) throw error;
    context.log.warn('ingest.waiting', { message: 'Postgres does not answer yet' });
  });
  const authenticate = createAuthenticator(pool);
  // Of a Postgres elsewhere, nobody here knows the disk.
  const requireRoomToStore = context.isEmbedded
    ? context.diskGuard(context.paths.postgres).requireRoomToStore
    : undefined;
  const counts = createIngestMetrics(metrics);
  const agent = await openSmsAgent(context, pool, counts);
  const deps = {
    authenticate: async (header: string | undefined) => {
      await assertReady();
      return authenticate(header);
    },
    storeUsage: counts.countEvents(createGroupedStore(pool, createPriceBook(pool), counts.groups)),
    countRequest: counts.countRequest,
    twilio: agent?.webhooks,
    checkReady: async () => {
      requireRoomToStore?.();
      await assertServable(pool);
    },
    requireRoomToStore,
    log: context.log,
  };
  const server = await startIngest(deps, listen);
  context.lifecycle.onEnd(() => server.close());
  const pools = { app: pool, ...(agent === undefined ? {} : { agent: agent.pool }) };
  return { url: server.url, pools, reconcileTexts: agent?.reconcileNow };
}
