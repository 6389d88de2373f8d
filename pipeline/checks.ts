// Assertions: selects that return the offending rows. One row is enough to stop everything that
// would be made from the figures.
import { AppError } from '../core/errors.ts';
import { listSql, loadSql } from '../core/sql.ts';
import type { Warehouse, WarehouseRow } from './warehouse.ts';

/** An assertion that does not hold, with the first rows that it found. */
export interface CheckFailure {
  /** What was checked, such as `assert_events_are_unique`. */
  check: string;
  rowCount: number;
  firstRows: object[];
}

const KEPT_ROWS_MAX = 20;
const SHOWN_ROWS_MAX = 5;

/** Runs every assertion on the days asked. Throws ERR_CHECK_FAILED with all that fail. */
export async function assertChecks(warehouse: Warehouse): Promise<void> {
  const failures = await findFailures(warehouse);
  if (failures.length > 0) throw checkError(failures);
}

/** Runs every assertion on the days asked and returns those that do not hold. */
export async function findFailures(warehouse: Warehouse): Promise<CheckFailure[]> {
  const failures: CheckFailure[] = [];
  for (const name of listSql('duckdb/assertions')) {
    const rows = await warehouse.rows<WarehouseRow>(loadSql(name));
    const check = name.split('/').at(-1) ?? name;
    const firstRows = rows.slice(0, KEPT_ROWS_MAX);
    if (rows.length > 0) failures.push({ check, rowCount: rows.length, firstRows });
  }
  return failures;
}

/** The one error that says which checks failed; its details hold them. */
export function checkError(failures: CheckFailure[]): AppError {
  const told = failures.map(({ check, rowCount, firstRows }) => {
    const shown = firstRows.slice(0, SHOWN_ROWS_MAX).map((row) => `    ${JSON.stringify(row)}`);
    return `  ${check}: ${rowCount} rows\n${shown.join('\n')}`;
  });
  const count = failures.length === 1 ? 'a check' : `${failures.length} checks`;
  return new AppError('ERR_CHECK_FAILED', `the figures failed ${count}:\n${told.join('\n')}`, {
    details: { failures },
    fix: 'nothing is made from them; look at the rows, or delete the warehouse file to rebuild it',
  });
}
