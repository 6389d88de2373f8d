// What the worker tells: its ticks and refreshes, how old the figures are, and how much work stands in
// which state in the books. Client, job and report names are never labels.
import { statfs } from 'node:fs/promises';
import type { Metrics } from '../core/metrics.ts';
import { type Pool, query } from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';
import type { RefreshResult } from './refresh.ts';

export interface WorkerMetrics {
  countRefresh(result: RefreshResult): void;
  countTick(outcome: 'done' | 'failed', tookMs: number): void;
  /** False once no tick has ended for longer than the longest should last. */
  isHealthy(): boolean;
}

export interface WorkerMetricsDeps {
  pool: Pool;
  /** The folder whose disk holds warehouse and archive. */
  homeDir: string;
  /** Every kind of job; another one is told as "other". */
  kinds: readonly string[];
  now: () => Date;
}

const STATES = {
  runs: ['due', 'running', 'succeeded', 'failed', 'skipped', 'superseded'],
  mails: ['pending', 'sending', 'sent', 'failed', 'uncertain'],
  texts: ['pending', 'sending', 'uncertain'],
  tasks: ['received', 'working'],
};
const STUCK_AFTER_MS = 15 * 60_000;

/** Registers the metrics of a worker. */
export function createWorkerMetrics(metrics: Metrics, deps: WorkerMetricsDeps): WorkerMetrics {
  const ticks = metrics.counter('daybook_ticks_total', 'Wakes of the worker, by how each ended.', {
    outcome: ['done', 'failed'],
  });
  const tickSeconds = metrics.gauge('daybook_tick_seconds', 'How long the last tick took.');
  let lastTickAt = deps.now().getTime();
  tellDisk(metrics, deps.homeDir);
  tellWork(metrics, deps);
  return {
    countRefresh: watchRefreshes(metrics, deps.now),
    countTick: (outcome, tookMs) => {
      ticks.add({ outcome });
      tickSeconds.set(tookMs / 1_000);
      lastTickAt = deps.now().getTime();
    },
    isHealthy: () => deps.now().getTime() - lastTickAt < STUCK_AFTER_MS,
  };
}

function watchRefreshes(metrics: Metrics, now: () => Date): WorkerMetrics['countRefresh'] {
  const refreshes = metrics.counter('daybook_refreshes_total', 'Refreshes that passed all checks.');
  const rows = metrics.counter('daybook_refresh_rows_total', 'Rows copied from the books.');
  const days = metrics.counter('daybook_refresh_days_total', 'Days of clients that were rebuilt.');
  const restated = metrics.counter(
    'daybook_restated_figures_total',
    'Figures of closed periods that became others.',
  );
  const seconds = metrics.gauge('daybook_refresh_seconds', 'How long the last refresh took.', {
    step: ['copy', 'compare', 'build', 'check', 'all'],
  });
  const endedAt = metrics.gauge(
    'daybook_refresh_timestamp_seconds',
    'When the last refresh that passed ended, in Unix time.',
  );
  const lag = metrics.gauge(
    'daybook_data_age_seconds',
    'Age of the snapshot of the books that the figures are of.',
  );
  let asOf: number | undefined;
  metrics.beforeScrape(() => {
    if (asOf !== undefined) lag.set((now().getTime() - asOf) / 1_000);
  });
  return (result) => {
    refreshes.add();
    rows.add({}, result.copiedRows);
    days.add({}, result.rebuiltDays);
    restated.add({}, result.restated);
    seconds.set(result.copyMs / 1_000, { step: 'copy' });
    seconds.set(result.compareMs / 1_000, { step: 'compare' });
    seconds.set(result.buildMs / 1_000, { step: 'build' });
    seconds.set(result.checkMs / 1_000, { step: 'check' });
    seconds.set(result.tookMs / 1_000, { step: 'all' });
    endedAt.set(now().getTime() / 1_000);
    asOf = new Date(result.asOf).getTime();
  };
}

function tellDisk(metrics: Metrics, homeDir: string): void {
  const free = metrics.gauge(
    'daybook_disk_free_bytes',
    'Free for Daybook on the disk of warehouse and archive.',
  );
  metrics.beforeScrape(async () => {
    free.set(undefined);
    const { bavail, bsize } = await statfs(homeDir);
    free.set(bavail * bsize);
  });
}

interface WorkCount extends Record<string, unknown> {
  what: string;
  kind: string;
  state: string;
  count: number;
}

function tellWork(metrics: Metrics, { pool, kinds, now }: WorkerMetricsDeps): void {
  const gauges = {
    runs: metrics.gauge('daybook_runs', 'Runs that are open, or ended within a day.', {
      kind: kinds,
      state: STATES.runs,
    }),
    mails: metrics.gauge('daybook_mails', 'Mails that wait, or were queued within a day.', {
      state: STATES.mails,
    }),
    texts: metrics.gauge('daybook_texts_waiting', 'Texts that are not settled.', {
      state: STATES.texts,
    }),
    tasks: metrics.gauge('daybook_tasks_waiting', 'Texts that have no answer yet.', {
      state: STATES.tasks,
    }),
    checks: metrics.gauge('daybook_checks_failed', 'Checks that do not hold; reports wait.'),
  };
  const isUp = metrics.gauge('daybook_books_up', '1 where Postgres answered this scrape.');
  metrics.beforeScrape(async () => {
    isUp.set(0);
    for (const gauge of Object.values(gauges)) gauge.clear();
    const counts = await query<WorkCount>(pool, loadSql('postgres/queries/count_work'), [now()]);
    isUp.set(1);
    // A state that nothing is in stands at 0, so that an alert on it has a series.
    for (const state of STATES.mails) gauges.mails.set(0, { state });
    for (const state of STATES.texts) gauges.texts.set(0, { state });
    for (const state of STATES.tasks) gauges.tasks.set(0, { state });
    for (const kind of kinds) for (const state of STATES.runs) gauges.runs.set(0, { kind, state });
    const others = new Map<string, number>();
    for (const { what, kind, state, count } of counts) {
      const gauge = gauges[what as keyof typeof gauges];
      if (what !== 'runs') gauge.set(count, { state });
      else if (kinds.includes(kind)) gauge.set(count, { kind, state });
      else others.set(state, (others.get(state) ?? 0) + count);
    }
    for (const [state, count] of others) gauges.runs.set(count, { state });
  });
}
