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
  copyToParts,
  type Pool,
  query,
  withTransaction,
} from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';
import {
  type BookTable,
  CALENDAR_TABLES,
  FACT_TABLES,
  OTHER_TABLES,
  RAW_TABLES,
} from './book-tables.ts';
import { keepCalendar, reachesAll } from './books-calendar.ts';
import { rebuildClientDays } from './client-days.ts';
import { compareDays } from './compare.ts';
import { createLoader, isFact, type Loader, noteChanges } from './load.ts';
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
  /** Milliseconds of copying, and of comparing with the books. */
  copyMs: number;
  compareMs: number;
}

/** Where a warehouse stands. */
export interface CopyState {
  system_identifier: string;
  database_oid: string;
  snapshot: string;
  horizon_xid: string;
  as_of: string;
}

const SNAPSHOT = { isolation: 'repeatable read' } as const;
const ATTEMPTS_MAX = 3;
/** About 300,000 calls: two of them are on disk at a time. */
const PART_BYTES = 64 * 2 ** 20;

/**
 * Brings the raw tables to a new snapshot, inside the caller's warehouse transaction. A warehouse
 * that was copied from another server, or that differs from the books, is emptied and copied anew.
 * What is also to be done in that snapshot comes last.
 */
export async function copyBooks(
  pool: Pool,
  warehouse: Warehouse,
  log: Log,
  alsoDo: (connection: Connection, copied: CopyResult) => Promise<void> = async () => undefined,
): Promise<CopyResult> {
  await createRawTables(warehouse);
  for (let attempt = 1; ; attempt += 1) {
    await keepCalendar(pool);
    const copied = await withTransaction(pool, SNAPSHOT, async (connection) => {
      await query(connection, `set local timezone = 'UTC'`);
      await query(connection, 'set local statement_timeout = 0');
      // A row of another year may have come between the calendar and the snapshot.
      if (attempt < ATTEMPTS_MAX && !(await reachesAll(connection))) return undefined;
      const result = await copySnapshot(connection, warehouse, log);
      await alsoDo(connection, result);
      return result;
    });
    if (copied !== undefined) return copied;
  }
}

async function copySnapshot(
  connection: Connection,
  warehouse: Warehouse,
  log: Log,
): Promise<CopyResult> {
  const now = await selectSnapshot(connection);
  const before = await readCopyState(warehouse);
  const isFresh = before === undefined || !isSameServer(before, now);
  const copied = await copySince(connection, warehouse, isFresh ? undefined : before, now);
  return copied ?? (await copyAfresh(connection, warehouse, log, now));
}

async function copyAfresh(
  connection: Connection,
  warehouse: Warehouse,
  log: Log,
  now: CopyState,
): Promise<CopyResult> {
  log.warn('copy.differed', { action: 'copying everything afresh' });
  const copied = await copySince(connection, warehouse, undefined, now);
  if (copied !== undefined) return copied;
  throw new AppError('ERR_CHECK_FAILED', 'the warehouse differs from the books after a full copy');
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
  for (const table of RAW_TABLES) await warehouse.run(`drop table if exists raw.${table}`);
  await warehouse.run('drop table if exists calendar.changed_days');
  for (const statement of statements) await warehouse.run(statement);
  await warehouse.run(`create or replace table calendar.client_days as ${days}`);
  const lookup = loadSql('duckdb/calendar/utc_days');
  await warehouse.run(`create or replace table calendar.utc_days as ${lookup}`);
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
  const started = performance.now();
  const copiedRows = await copyTables(connection, warehouse);
  const copied = performance.now();
  if (copiedRows > 0 && !(await agrees(connection, warehouse))) return undefined;
  await writeCopyState(warehouse, now);
  return {
    ...{ copiedRows, isFresh: before === undefined },
    ...{ asOf: now.as_of, asOfBefore: before?.as_of },
    ...{ copyMs: copied - started, compareMs: performance.now() - copied },
  };
}

/** True when the days that changed are the same on both sides. */
async function agrees(connection: Connection, warehouse: Warehouse): Promise<boolean> {
  const sql = loadSql('duckdb/calendar/compared_days');
  await warehouse.run(`create or replace table calendar.compared_days as ${sql}`);
  return (await compareDays(connection, warehouse)).length === 0;
}

/** Copies what was deleted, then the calendar, which dates the rest, then the rest. */
async function copyTables(connection: Connection, warehouse: Warehouse): Promise<number> {
  let copiedRows = await copyTombstones(connection, warehouse);
  let isOtherCalendar = false;
  for (const table of CALENDAR_TABLES) {
    const { rowCount, isChanged } = await copyTable(connection, warehouse, table);
    copiedRows += rowCount;
    isOtherCalendar ||= isChanged;
  }
  if (isOtherCalendar) await rebuildClientDays(warehouse);
  let isRepriced = false;
  for (const table of [...OTHER_TABLES, ...FACT_TABLES]) {
    const { rowCount, isChanged } = await copyTable(connection, warehouse, table);
    copiedRows += rowCount;
    isRepriced ||= isChanged && table.name === 'cost_adjustments';
  }
  if (isRepriced) await warehouse.run(loadSql('duckdb/calendar/note_repriced_tasks'));
  return copiedRows;
}

/** Loads a part of a table while Postgres sends the next one. */
async function copyTable(
  connection: Connection,
  warehouse: Warehouse,
  table: BookTable,
): Promise<{ rowCount: number; isChanged: boolean }> {
  let loader: Loader | undefined;
  const sql = loadSql(`postgres/queries/copy_${table.name}`);
  const rowCount = await copyParts(connection, warehouse, sql, async (file) => {
    loader ??= await createLoader(warehouse, table);
    await loader.load(file);
  });
  const isChanged = (await loader?.finish()) ?? false;
  return { rowCount, isChanged };
}

async function copyParts(
  connection: Connection,
  { stagingDir }: Warehouse,
  sql: string,
  load: (file: string) => Promise<void>,
): Promise<number> {
  const files: string[] = [];
  const nextPath = () => {
    const path = join(stagingDir, `part-${files.length}.csv`);
    files.push(path);
    return path;
  };
  const onPart = async (path: string) => {
    await load(path);
    rmSync(path);
  };
  try {
    return await copyToParts(connection, sql, { nextPath, bytesMax: PART_BYTES, onPart });
  } finally {
    for (const path of files) rmSync(path, { force: true });
  }
}

async function copyTombstones(connection: Connection, warehouse: Warehouse): Promise<number> {
  const sql = loadSql('postgres/queries/copy_tombstones');
  return copyParts(connection, warehouse, sql, (file) => bury(warehouse, file));
}

/** Deletes what was deleted from the books; a row that came back is loaded after. */
async function bury(warehouse: Warehouse, file: string): Promise<void> {
  await warehouse.run(
    `create or replace temp table buried as select * from read_csv($file::varchar, header = false,
       auto_detect = false, delim = ',', quote = '"', escape = '"',
       columns = {'client_id': 'varchar', 'table_name': 'varchar', 'key': 'varchar'})`,
    { file },
  );
  for (const table of [...OTHER_TABLES, ...FACT_TABLES]) {
    const { name, key } = table;
    const isBuried = `exists (select 1 from buried where buried.table_name = '${name}'
      and buried.client_id = ${name}.client_id and buried.key = ${name}.${key[1]})`;
    const buried = `(select * from raw.${name} where ${isBuried})`;
    if (isFact(table)) await noteChanges(warehouse, table, buried);
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

/** A server whose transactions are back where they were was restored from a backup. */
function isSameServer(before: CopyState, now: CopyState): boolean {
  return (
    before.system_identifier === now.system_identifier &&
    before.database_oid === now.database_oid &&
    BigInt(now.horizon_xid) >= BigInt(before.horizon_xid)
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
