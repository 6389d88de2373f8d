// Copies what changed in Postgres into the raw tables of the warehouse. All tables are read in one
// snapshot, from the previous snapshot's xmin on and without an upper bound, so a transaction that
// commits late is never missed; then the days that changed are compared inside that same snapshot.
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import {
  type Connection,
  copyToFile,
  type Pool,
  query,
  withTransaction,
} from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';
import { CALENDAR_TABLES, FACT_TABLES, RAW_TABLES } from './book-tables.ts';
import { keepCalendar } from './books-calendar.ts';
import { rebuildClientDays } from './client-days.ts';
import { compareDays } from './compare.ts';
import { loadRows, noteChanges } from './load.ts';
import type { Warehouse } from './warehouse.ts';

export interface CopyResult {
  /** Rows read from Postgres; a few may have been there already. */
  copiedRows: number;
  /** True when the raw tables were filled from nothing. */
  isFresh: boolean;
  /** The instant of the snapshot, by Postgres' clock. */
  asOf: string;
  /** That of the copy before, which this one goes on from. */
  asOfBefore: string | undefined;
}

/** Where a warehouse stands. */
export interface CopyState {
  system_identifier: string;
  database_oid: string;
  snapshot: string;
  horizon_xid: string;
  as_of: string;
}

const TOMBSTONES = 'tombstones';

/**
 * Brings the raw tables to a new snapshot, inside the caller's warehouse transaction. A warehouse
 * that was copied from another server, or that differs from the books, is emptied and copied afresh.
 */
export async function copyBooks(pool: Pool, warehouse: Warehouse, log: Log): Promise<CopyResult> {
  await keepCalendar(pool);
  await createRawTables(warehouse);
  return withTransaction(pool, { isolation: 'repeatable read' }, async (connection) => {
    await query(connection, `set local timezone = 'UTC'`);
    await query(connection, 'set local statement_timeout = 0');
    const now = await selectSnapshot(connection);
    const before = await readCopyState(warehouse);
    const isFresh = before === undefined || !isSameServer(before, now);
    const result = await copySince(connection, warehouse, isFresh ? undefined : before, now);
    if (result !== undefined) return result;
    log.warn('copy.differed', { action: 'copying everything afresh' });
    const again = await copySince(connection, warehouse, undefined, now);
    if (again !== undefined) return again;
    throw new AppError(
      'ERR_CHECK_FAILED',
      'the warehouse differs from the books after a full copy',
    );
  });
}

/** The state of the last finished copy, or undefined before the first. */
export async function readCopyState(warehouse: Warehouse): Promise<CopyState | undefined> {
  const rows = await warehouse.rows<CopyState>('select * from raw.copy_state');
  return rows[0];
}

/** Makes the raw tables; those of an older version of Daybook go, and are copied afresh. */
async function createRawTables(warehouse: Warehouse): Promise<void> {
  const names = [
    ...RAW_TABLES.map((table) => `duckdb/raw/${table}`),
    'duckdb/calendar/changed_days',
  ];
  const statements = names.map(loadSql);
  const days = loadSql('duckdb/calendar/client_days');
  const version = createHash('sha256')
    .update([...statements, days].join())
    .digest('hex');
  const found = await warehouse.rows<{ comment: string | null }>(
    `select comment from duckdb_tables() where schema_name = 'raw' and table_name = 'copy_state'`,
  );
  if (found[0]?.comment === version) return;
  for (const table of RAW_TABLES) await warehouse.run(`drop table if exists raw.${table} cascade`);
  await warehouse.run('drop table if exists calendar.changed_days cascade');
  for (const statement of statements) await warehouse.run(statement);
  await warehouse.run(`create or replace table calendar.client_days as ${days}`);
  await warehouse.run(`comment on table raw.copy_state is '${version}'`);
}

/** Returns undefined when the warehouse differs from the snapshot; then all of it is to be emptied. */
async function copySince(
  connection: Connection,
  warehouse: Warehouse,
  before: CopyState | undefined,
  now: CopyState,
): Promise<CopyResult | undefined> {
  const horizon = before?.horizon_xid ?? '0';
  await query(connection, `select set_config('daybook.copy_from', $1, true)`, [horizon]);
  if (before === undefined) await emptyTables(warehouse);
  const copiedRows = await copyTables(connection, warehouse);
  if (copiedRows > 0 && !(await agrees(connection, warehouse))) return undefined;
  await writeCopyState(warehouse, now);
  const isFresh = before === undefined;
  return { copiedRows, isFresh, asOf: now.as_of, asOfBefore: before?.as_of };
}

/** True when the days that changed are the same on both sides. */
async function agrees(connection: Connection, warehouse: Warehouse): Promise<boolean> {
  const sql = loadSql('duckdb/calendar/compared_days');
  await warehouse.run(`create or replace table calendar.compared_days as ${sql}`);
  return (await compareDays(connection, warehouse)).length === 0;
}

/** Stages every table, then loads them: the calendar first, for it dates the others. */
async function copyTables(connection: Connection, warehouse: Warehouse): Promise<number> {
  const fileOf = (name: string) => join(warehouse.stagingDir, `${name}.csv`);
  const names = [...CALENDAR_TABLES, ...FACT_TABLES].map(({ name }) => name).concat(TOMBSTONES);
  const counts = new Map<string, number>();
  try {
    for (const name of names) {
      const sql = loadSql(`postgres/queries/copy_${name}`);
      counts.set(name, await copyToFile(connection, sql, fileOf(name)));
    }
    const isChanged = ({ name }: { name: string }) => (counts.get(name) ?? 0) > 0;
    if (isChanged({ name: TOMBSTONES })) await bury(warehouse, fileOf(TOMBSTONES));
    let isOtherCalendar = false;
    for (const table of CALENDAR_TABLES.filter(isChanged)) {
      if (await loadRows(warehouse, table, fileOf(table.name))) isOtherCalendar = true;
    }
    if (isOtherCalendar) await rebuildClientDays(warehouse);
    for (const table of FACT_TABLES.filter(isChanged)) {
      await loadRows(warehouse, table, fileOf(table.name));
    }
    if (isChanged({ name: 'cost_adjustments' })) {
      await warehouse.run(loadSql('duckdb/calendar/note_repriced_tasks'));
    }
    return [...counts.values()].reduce((sum, count) => sum + count, 0);
  } finally {
    for (const name of names) rmSync(fileOf(name), { force: true });
  }
}

/** Deletes what was deleted from the books; a row that came back is loaded after. */
async function bury(warehouse: Warehouse, file: string): Promise<void> {
  await warehouse.run(
    `create or replace temp table buried as select * from read_csv($file::varchar, header = true,
       auto_detect = false, delim = ',', quote = '"', escape = '"',
       columns = {'client_id': 'varchar', 'table_name': 'varchar', 'key': 'varchar'})`,
    { file },
  );
  for (const table of FACT_TABLES) {
    const { name, key } = table;
    const isBuried = `exists (select 1 from buried where buried.table_name = '${name}'
      and buried.client_id = ${name}.client_id and buried.key = ${name}.${key[1]})`;
    await noteChanges(warehouse, table, `(select * from raw.${name} where ${isBuried})`);
    await warehouse.run(`delete from raw.${name} where ${isBuried}`);
  }
  await warehouse.run('drop table buried');
}

async function selectSnapshot(connection: Connection): Promise<CopyState> {
  const [row] = await query<CopyState & Record<string, unknown>>(
    connection,
    loadSql('postgres/queries/select_snapshot'),
  );
  return row as CopyState;
}

function isSameServer(before: CopyState, now: CopyState): boolean {
  return (
    before.system_identifier === now.system_identifier && before.database_oid === now.database_oid
  );
}

async function emptyTables(warehouse: Warehouse): Promise<void> {
  const tables = await warehouse.rows<{ name: string; schema_name: string }>(
    `select schema_name || '.' || table_name as name, schema_name from duckdb_tables()
     where schema_name in ('raw', 'calendar', 'marts', 'rollups')`,
  );
  for (const { name } of tables) await warehouse.run(`truncate ${name}`);
}

async function writeCopyState(warehouse: Warehouse, state: CopyState): Promise<void> {
  await warehouse.run('delete from raw.copy_state');
  await warehouse.run(
    `insert into raw.copy_state by name select
       $system_identifier::varchar as system_identifier, $database_oid::varchar as database_oid,
       $snapshot::varchar as snapshot, $horizon_xid::varchar as horizon_xid,
       $as_of::timestamptz as as_of`,
    { ...state },
  );
}
