// Assertions: selects that return the offending rows. One row is enough to stop everything that
// would be made from the figures.
import { AppError } from '../core/errors.ts';
import { listSql, loadSql } from '../core/sql.ts';
import type { Warehouse } from './warehouse.ts';

const SHOWN_ROWS_MAX = 5;

/** Runs every assertion. Throws ERR_CHECK_FAILED with the first rows of each that fails. */
export async function assertChecks(warehouse: Warehouse): Promise<void> {
  const failures: string[] = [];
  for (const name of listSql('duckdb/assertions')) {
    const rows = await warehouse.rows(loadSql(name));
    if (rows.length === 0) continue;
    const shown = rows.slice(0, SHOWN_ROWS_MAX).map((row) => `    ${JSON.stringify(row)}`);
    failures.push(`  sql/${name}.sql: ${rows.length} rows\n${shown.join('\n')}`);
  }
  if (failures.length === 0) return;
  const count = failures.length === 1 ? 'a check' : `${failures.length} checks`;
  const message = `the figures failed ${count}:\n${failures.join('\n')}`;
  throw new AppError('ERR_CHECK_FAILED', message, {
    fix: 'nothing is made from them; look at the rows, or delete the warehouse file to rebuild it',
  });
}
