// Compares the rollups with the same figures computed by Postgres from the books, row by row and column
// by column: two engines and two texts of SQL that have nothing but the calendar in common.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Connection, copyToParts } from '../core/postgres.ts';
import { listSql, loadSql } from '../core/sql.ts';
import type { CheckFailure } from './checks.ts';
import { readCsv } from './load.ts';
import type { Warehouse } from './warehouse.ts';

const PART_BYTES = 64 * 2 ** 20;
const KEPT_ROWS_MAX = 20;

/** Returns a failure for each rollup that differs. */
export async function compareRollups(
  connection: Connection,
  warehouse: Warehouse,
): Promise<CheckFailure[]> {
  const failures: CheckFailure[] = [];
  for (const name of listSql('postgres/verify')) {
    const table = `rollups.${name.split('/').at(-1)}`;
    await loadComputed(connection, warehouse, name, table);
    const rows = await warehouse.rows(
      `(select 'warehouse' as only_in, * from (from ${table} except all from computed))
       union all
       (select 'books', * from (from computed except all from ${table}))`,
    );
    await warehouse.run('drop table computed');
    const check = `${table}_equals_postgres`;
    const firstRows = rows.slice(0, KEPT_ROWS_MAX);
    if (rows.length > 0) failures.push({ check, rowCount: rows.length, firstRows });
  }
  return failures;
}

async function loadComputed(
  connection: Connection,
  warehouse: Warehouse,
  name: string,
  table: string,
): Promise<void> {
  await warehouse.run(`create or replace temp table computed as from ${table} limit 0`);
  const columns = await warehouse.rows<{ column_name: string; data_type: string }>(
    `select column_name, data_type from duckdb_columns()
     where schema_name || '.' || table_name = $table::varchar order by column_index`,
    { table },
  );
  const types = columns.map(({ column_name, data_type }) => `'${column_name}': '${data_type}'`);
  const csv = readCsv(types);
  let parts = 0;
  await copyToParts(connection, loadSql(name), {
    nextPath: () => {
      parts += 1;
      return join(warehouse.stagingDir, `computed-${parts}.csv`);
    },
    bytesMax: PART_BYTES,
    onPart: async (file) => {
      await warehouse.run(`insert into computed select * from ${csv}`, { file });
      rmSync(file);
    },
  });
}
