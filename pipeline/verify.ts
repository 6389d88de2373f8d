// Verifies everything: every assertion on every day, and every day's sums in the warehouse against the
// books, inside one snapshot. Builds nothing but what had changed, so that nothing is mended unseen.
import type { Log } from '../core/log.ts';
import type { Pool } from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';
import { noteChecks } from './check-record.ts';
import { type CheckFailure, checkError, findFailures } from './checks.ts';
import { compareDays, type Difference } from './compare.ts';
import { copyBooks } from './copy.ts';
import { compareRollups } from './deep-compare.ts';
import { buildCopied } from './refresh.ts';
import { askEverything, forgetChanges, listAskedDays } from './rollup.ts';
import type { Warehouse } from './warehouse.ts';

export interface VerifyOptions {
  pool: Pool;
  warehouse: Warehouse;
  log: Log;
  /** Compute every rollup anew in Postgres, too, and compare row by row. */
  deep?: boolean;
}

export interface Verification {
  /** The instant of the snapshot that all was compared in. */
  asOf: string;
  days: number;
  failures: CheckFailure[];
}

/** Refreshes and verifies. A failure is noted in the books and returned, not thrown. */
export async function verifyWarehouse(options: VerifyOptions): Promise<Verification> {
  const { pool, warehouse, log, deep = false } = options;
  const failures: CheckFailure[] = [];
  let days = 0;
  const { asOf } = await warehouse.transaction(() =>
    copyBooks(pool, warehouse, log, async (connection, copied) => {
      await buildCopied({ pool, warehouse }, copied);
      await askEverything(warehouse);
      await listAskedDays(warehouse);
      failures.push(...(await findFailures(warehouse)));
      await listComparedDays(warehouse);
      failures.push(...toFailures(await compareDays(connection, warehouse)));
      if (deep) failures.push(...(await compareRollups(connection, warehouse)));
      days = await countDays(warehouse);
      await forgetChanges(warehouse);
    }),
  );
  await noteChecks(options, async () => {
    if (failures.length > 0) throw checkError(failures);
  }).catch(() => undefined);
  return { asOf, days, failures };
}

async function listComparedDays(warehouse: Warehouse): Promise<void> {
  const sql = loadSql('duckdb/calendar/compared_days');
  await warehouse.run(`create or replace table calendar.compared_days as ${sql}`);
}

async function countDays(warehouse: Warehouse): Promise<number> {
  const sql = 'select count(*) as days from calendar.touched_days';
  const [row] = await warehouse.rows<{ days: string }>(sql);
  return Number(row?.days ?? 0);
}

/** One failure for each comparison that differs. */
function toFailures(differences: Difference[]): CheckFailure[] {
  const byName = Map.groupBy(differences, ({ comparison }) => comparison);
  return [...byName].map(([comparison, found]) => ({
    check: `${comparison}_equals_the_books`,
    rowCount: found.length,
    firstRows: found.slice(0, 20),
  }));
}
