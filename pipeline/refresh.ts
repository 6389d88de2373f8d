// One refresh of the warehouse: copy, build and check in one transaction, so that every report stands
// on figures of one snapshot that passed.
import type { Log } from '../core/log.ts';
import type { Pool } from '../core/postgres.ts';
import { type CopyResult, copyBooks } from './copy.ts';
import { type BuildOptions, buildRollups } from './rollup.ts';
import type { Warehouse } from './warehouse.ts';

export interface RefreshOptions extends BuildOptions {
  pool: Pool;
  warehouse: Warehouse;
  log: Log;
}

export interface RefreshResult extends CopyResult {
  /** Days of clients whose figures were rebuilt. */
  rebuiltDays: number;
}

/** Copies what changed and rebuilds its periods; any failure throws and keeps the old ones. */
export async function refreshWarehouse({
  pool,
  warehouse,
  log,
  everything = false,
}: RefreshOptions): Promise<RefreshResult> {
  return warehouse.transaction(async () => {
    const started = performance.now();
    const copied = await copyBooks(pool, warehouse, log);
    const built = performance.now();
    const rebuiltDays = await buildRollups(warehouse, { everything });
    log.info('warehouse.refreshed', {
      rows: copied.copiedRows,
      fresh: copied.isFresh,
      days: rebuiltDays,
      copyMs: Math.round(built - started),
      buildMs: Math.round(performance.now() - built),
    });
    return { ...copied, rebuiltDays };
  });
}
