// daybook worker: refreshes the warehouse, makes, archives and mails what is due, and mails alerts.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { messageOf } from '../../core/errors.ts';
import { createMetrics } from '../../core/metrics.ts';
import type { Pool } from '../../core/postgres.ts';
import { createWorkerMetrics, type WorkerMetrics } from '../../pipeline/metrics.ts';
import { startAlarmClock } from '../../pipeline/scheduler.ts';
import { checkClientZones, describeDifference } from '../../pipeline/zone-check.ts';
import { type Browser, closeBrowser, launchBrowser } from '../../reports/browser.ts';
import { runTick, type TickDeps } from '../../reports/due-reports.ts';
import { PERIOD_REPORT, REBUILD } from '../../reports/handed-kinds.ts';
import { BUILT_IN_JOBS } from '../../reports/job-kinds.ts';
import { createDiskWatch } from '../../reports/low-disk.ts';
import { type Context, openContext } from '../context.ts';
import { runWithLifecycle } from '../lifecycle.ts';
import { serveProcessMetrics } from '../metrics.ts';

export function registerWorker(program: Command): void {
  program
    .command('worker')
    .description('refresh the warehouse, make and mail the reports that are due, mail alerts')
    .action(() =>
      runWithLifecycle(async (lifecycle) => {
        const context = openContext(lifecycle);
        const stopping = lifecycle.waitForStop();
        const pool = await context.pipelinePool();
        const mailer = context.mailer();
        context.log.info('worker.started', {
          mail: context.config.smtpUrl === undefined ? 'outbox' : 'smtp',
        });
        void warnOfZones(context);
        const counts = await serveWorkerMetrics(context, pool);
        const { now, log } = context;
        const findHeldKinds = createDiskWatch({ pool, disk: context.diskGuard(), now, log });
        const tick = (stop: AbortSignal) =>
          tickOnce(context, { pool, mailer, stop, findHeldKinds }, counts);
        const clock = startAlarmClock(tick, context.log);
        lifecycle.onEnd(() => clock.stop());
        await stopping;
        // What hangs is left behind: its run was given back, and every step may be repeated.
        setTimeout(() => process.exit(0), EXIT_AFTER_MS).unref();
      }),
    );
}

/** A worker that was told to stop has ended ten seconds later. */
const EXIT_AFTER_MS = 9_500;

const KINDS = [...BUILT_IN_JOBS.map(({ kind }) => kind), 'report', PERIOD_REPORT, REBUILD];

async function serveWorkerMetrics(context: Context, pool: Pool): Promise<WorkerMetrics> {
  const { config, now } = context;
  const metrics = createMetrics();
  const deps = { pool, homeDir: config.homeDir, kinds: KINDS, now };
  const counts = createWorkerMetrics(metrics, deps);
  await serveProcessMetrics(context, metrics, {
    port: config.workerMetricsPort,
    variable: 'WORKER_METRICS_PORT',
    pools: { pipeline: pool },
    isHealthy: counts.isHealthy,
  });
  return counts;
}

/** Once, at the start: zone data come with new versions of Node, Postgres and DuckDB alone. */
async function warnOfZones({ pipelinePool, withWarehouse, log, now }: Context): Promise<void> {
  try {
    const pool = await pipelinePool();
    const today = now().toISOString().slice(0, 10);
    const { differences } = await withWarehouse((warehouse) =>
      checkClientZones({ pool, warehouse }, today),
    );
    for (const found of differences)
      log.warn('zone.differs', { ...found, meaning: describeDifference(found) });
  } catch (error) {
    // Another worker holds the warehouse, or the books are away: neither is about zones.
    log.warn('zone.unchecked', { message: messageOf(error) });
  }
}

type TickParts = Pick<TickDeps, 'pool' | 'mailer' | 'stop' | 'findHeldKinds'>;

/** What a tick, or a run by hand, needs from a context. */
export function tickDeps(context: Context, parts: TickParts): TickDeps {
  const { browser, config, log, now, paths, withWarehouse } = context;
  const { mailFrom, sms } = config;
  const { archive: archiveDir } = paths;
  const { alertTo } = sms;
  const reports = { browser, archiveDir, disk: context.diskGuard() };
  return { ...parts, ...reports, log, now, withWarehouse, mailFrom, alertTo };
}

/** One tick with a browser of its own, started only if a PDF is to be made. */
async function tickOnce(context: Context, parts: TickParts, counts: WorkerMetrics): Promise<void> {
  const { config, log } = context;
  let browser: Promise<Browser> | undefined;
  const started = performance.now();
  try {
    const result = await runTick({
      ...tickDeps(context, parts),
      onRefreshed: counts.countRefresh,
      browser: () => {
        browser ??= launchBrowser(config.chromiumPath, log);
        return browser;
      },
    });
    // The container's health check looks at its age.
    await mkdir(config.homeDir, { recursive: true });
    await writeFile(join(config.homeDir, 'worker-alive'), '');
    const isIdle = Object.values(result).every((value) => !value);
    const tookMs = Math.round(performance.now() - started);
    log[isIdle ? 'debug' : 'info']('tick.finished', { ...result, tookMs });
    counts.countTick('done', tookMs);
  } catch (error) {
    counts.countTick('failed', performance.now() - started);
    throw error;
  } finally {
    // A browser that did not start has failed its report already; there is nothing to close.
    await browser?.then(closeBrowser, () => undefined);
  }
}
