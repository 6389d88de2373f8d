// One refresh of the warehouse: copy, then build and check. What every report stands on.
import type { Log } from '../core/log.ts';
import type { Pool } from '../core/postgres.ts';
import { type CopyResult, copyBooks } from './copy.ts';
import { buildRollups } from './rollup.ts';
import type { Warehouse } from './warehouse.ts';

export interface RefreshOptions {
  pool: Pool;
  warehouse: Warehouse;
  log: Log;
}

/** Copies what changed and rebuilds the rollups; any failure throws and keeps the old ones. */
export async function refreshWarehouse({
  pool,
  warehouse,
  log,
}: RefreshOptions): Promise<CopyResult> {
  const started = performance.now();
  const result = await copyBooks(pool, warehouse, log);
  const copied = performance.now();
  // Rollups may be missing although nothing is new: after a crash between the two transactions.
  await buildRollups(warehouse);
  log.info('warehouse.refreshed', {
    rows: result.copiedRows,
    fresh: result.isFresh,
    copyMs: Math.round(copied - started),
    buildMs: Math.round(performance.now() - copied),
  });
  return result;
}
