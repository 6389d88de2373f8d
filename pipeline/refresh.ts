// One refresh of the warehouse: copy, build, check and settle in one transaction, so that every report
// stands on figures of one snapshot that passed.
import type { Log } from '../core/log.ts';
import type { Pool } from '../core/postgres.ts';
import { noteChecks } from './check-record.ts';
import { assertChecks } from './checks.ts';
import { type CopyResult, copyBooks } from './copy.ts';
import { settlePeriods } from './periods.ts';
import { type BuildOptions, buildRollups, forgetChanges } from './rollup.ts';
import type { Warehouse } from './warehouse.ts';

export interface RefreshOptions extends BuildOptions {
  pool: Pool;
  warehouse: Warehouse;
  log: Log;
}

export interface BuildResult {
  /** Days of clients whose figures were rebuilt. */
  rebuiltDays: number;
  /** Figures of closed periods that are others now. */
  restated: number;
  /** Milliseconds of building, and of the assertions. */
  buildMs: number;
  checkMs: number;
}

export interface RefreshResult extends CopyResult, BuildResult {
  /** Milliseconds of all, the commit included. */
  tookMs: number;
}

/** Copies what changed and rebuilds its periods; any failure throws and keeps the old ones. */
export async function refreshWarehouse(options: RefreshOptions): Promise<RefreshResult> {
  const { pool, warehouse, log } = options;
  const started = performance.now();
  const refreshed = await noteChecks(options, () =>
    warehouse.transaction(async () => {
      const copied = await copyBooks(pool, warehouse, log);
      return { ...copied, ...(await buildCopied(options, copied)) };
    }),
  );
  const result = { ...refreshed, tookMs: performance.now() - started };
  log.info('warehouse.refreshed', {
    rows: result.copiedRows,
    fresh: result.isFresh,
    days: result.rebuiltDays,
    restated: result.restated,
    copyMs: Math.round(result.copyMs),
    compareMs: Math.round(result.compareMs),
    buildMs: Math.round(result.buildMs),
    checkMs: Math.round(result.checkMs),
    tookMs: Math.round(result.tookMs),
  });
  return result;
}

/** Builds, checks and settles what a copy changed, inside the caller's warehouse transaction. */
export async function buildCopied(
  options: Pick<RefreshOptions, 'pool' | 'warehouse' | 'everything'>,
  { asOf, asOfBefore }: CopyResult,
): Promise<BuildResult> {
  const { pool, warehouse } = options;
  const started = performance.now();
  const rebuiltDays = await buildRollups(warehouse, options);
  const built = performance.now();
  if (rebuiltDays > 0) await assertChecks(warehouse);
  const checked = performance.now();
  const restated = await settlePeriods(pool, warehouse, { asOf, closedBefore: asOfBefore });
  await forgetChanges(warehouse);
  return { rebuiltDays, restated, buildMs: built - started, checkMs: checked - built };
}
