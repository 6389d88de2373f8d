// What every process tells of itself: memory, processor time, how late its event loop is, and how its
// Postgres connections are used.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Metrics } from './metrics.ts';
import type { Pool } from './postgres.ts';

const NANOSECONDS = 1e9;
const RESOLUTION_MS = 20;

/** Registers the metrics of this process; returns what ends the measuring. */
export function measureProcess(metrics: Metrics): () => void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const gauge = (name: string, help: string) => metrics.gauge(name, help);
  const resident = gauge('process_resident_memory_bytes', 'Memory that the process holds.');
  const heap = gauge('nodejs_heap_size_used_bytes', 'JavaScript objects.');
  const started = gauge('process_start_time_seconds', 'When the process began, in Unix time.');
  const slowest = gauge(
    'nodejs_eventloop_lag_max_seconds',
    'The longest delay since the last scrape.',
  );
  const usual = gauge(
    'nodejs_eventloop_lag_p99_seconds',
    'That of the slowest of a hundred turns.',
  );
  const busy = metrics.counter('process_cpu_seconds_total', 'Processor time, user and system.');
  let told = 0;
  const began = Date.now() / 1_000 - process.uptime();
  metrics.beforeScrape(() => {
    const { user, system } = process.cpuUsage();
    const seconds = (user + system) / 1e6;
    busy.add({}, seconds - told);
    told = seconds;
    resident.set(process.memoryUsage.rss());
    heap.set(process.memoryUsage().heapUsed);
    started.set(began);
    // Measured while it should have slept that long.
    slowest.set(Math.max(0, delay.max / NANOSECONDS - RESOLUTION_MS / 1_000));
    usual.set(Math.max(0, delay.percentile(99) / NANOSECONDS - RESOLUTION_MS / 1_000));
    delay.reset();
  });
  return () => delay.disable();
}

/** Registers how the connections of some pools are used. */
export function measurePools(metrics: Metrics, pools: Record<string, Pool>): void {
  const labels = { pool: Object.keys(pools), state: ['idle', 'in_use', 'waiting'] };
  const connections = metrics.gauge(
    'daybook_pool_connections',
    'Postgres connections that are idle or in use, and requests that wait for one.',
    labels,
  );
  metrics.beforeScrape(() => {
    for (const [pool, { idleCount, totalCount, waitingCount }] of Object.entries(pools)) {
      connections.set(idleCount, { pool, state: 'idle' });
      connections.set(totalCount - idleCount, { pool, state: 'in_use' });
      connections.set(waitingCount, { pool, state: 'waiting' });
    }
  });
}
