// Keeps what checks found in the books, with the rows, and has their owner told once: as a critical
// error when a check begins to fail, and not again until it has held in between.
import { randomUUID } from 'node:crypto';
import { isAppError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { type Pool, query } from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';
import type { CheckFailure } from './checks.ts';

/** Runs `work`, notes what fails in it, and throws on; if nothing does, all checks hold again. */
export async function noteChecks<T>(
  { pool, log }: { pool: Pool; log: Log },
  work: () => Promise<T>,
): Promise<T> {
  try {
    const value = await work();
    await query(pool, loadSql('postgres/queries/resolve_checks'));
    return value;
  } catch (error) {
    if (isAppError(error, 'ERR_CHECK_FAILED')) {
      const failures = (error.details.failures ?? []) as CheckFailure[];
      for (const failure of failures) await noteFailure(pool, log, failure);
    }
    throw error;
  }
}

async function noteFailure(pool: Pool, log: Log, failure: CheckFailure): Promise<void> {
  const { check, rowCount, firstRows } = failure;
  log.error('check.failed', { check, rows: rowCount });
  await query(pool, loadSql('postgres/queries/note_check_failure'), [
    ...[check, rowCount, JSON.stringify(firstRows), randomUUID()],
    `${check}: ${rowCount} rows; no report is made until it holds`,
  ]);
}
