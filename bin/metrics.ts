// Serves what a process measures of itself on a port of its own, where one is set.
import type { Metrics } from '../core/metrics.ts';
import { serveMetrics } from '../core/metrics-server.ts';
import type { Pool } from '../core/postgres.ts';
import { measurePools, measureProcess } from '../core/process-metrics.ts';
import type { Context } from './context.ts';

export interface ProcessMetrics {
  port: number | undefined;
  /** The variable that the port comes from. */
  variable: string;
  pools: Record<string, Pool>;
  isHealthy?: () => boolean;
}

/** A registry that measures this process and its pools; served until the lifecycle ends. */
export async function serveProcessMetrics(
  { config, lifecycle, log }: Context,
  metrics: Metrics,
  { port, variable, pools, isHealthy = () => true }: ProcessMetrics,
): Promise<void> {
  if (port === undefined) return;
  lifecycle.onEnd(measureProcess(metrics));
  measurePools(metrics, pools);
  const host = config.metricsHost;
  const server = await serveMetrics({ host, port, variable, metrics, isHealthy });
  lifecycle.onEnd(() => server.close());
  log.info('metrics.listening', { url: server.url });
}
