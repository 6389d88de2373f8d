// Copies what changed in Postgres into the raw tables of the warehouse. All tables are read in one
// snapshot, from the previous snapshot's xmin on and without an upper bound, so a transaction that
// commits late is never missed; then both sides are compared inside that same snapshot.
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { timeZoneDataVersion } from '../core/calendar.ts';
import { AppError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { canonicalDecimal } from '../core/money.ts';
import {
  type Connection,
  copyToFile,
  type Pool,
  query,
  withTransaction,
} from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';
import { extendCalendar } from './calendar-days.ts';
import type { Warehouse } from './warehouse.ts';

export interface CopyResult {
  /** Rows read from Postgres; a few may have been there already. */
  copiedRows: number;
  /** True when the raw tables were filled from nothing. */
  isFresh: boolean;
  /** The instant of the snapshot, by Postgres' clock. */
  asOf: string;
}

/** Where a warehouse stands. */
export interface CopyState {
  system_identifier: string;
  database_oid: string;
  snapshot: string;
  horizon_xid: string;
  as_of: string;
  time_zone_data: string;
}

const TABLES = [
  { name: 'clients', key: ['client_id'] },
  { name: 'usage_events', key: ['client_id', 'event_id'] },
  { name: 'cost_adjustments', key: ['client_id', 'adjustment_id'] },
  { name: 'sms_messages', key: ['client_id', 'message_sid'] },
  { name: 'tasks', key: ['client_id', 'task_id'] },
  { name: 'task_calls', key: ['client_id', 'event_id'] },
];
/** Sums that both sides must agree on inside one snapshot. */
const COMPARISONS = [
  'sum_usage_by_client',
  'sum_adjustments_by_client',
  'sum_texts_by_client',
  'sum_tasks_by_client',
  'sum_task_calls_by_client',
];
const RAW_TABLES = [...TABLES.map((table) => table.name), 'calendar_days', 'copy_state'];

/**
 * Brings the raw tables to a new snapshot in one warehouse transaction. A warehouse that was copied
 * from another server, or that differs from the books, is emptied and copied afresh.
 */
export async function copyBooks(pool: Pool, warehouse: Warehouse, log: Log): Promise<CopyResult> {
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
  const statements = RAW_TABLES.map((table) => loadSql(`duckdb/raw/${table}`));
  const version = createHash('sha256').update(statements.join()).digest('hex');
  const found = await warehouse.rows<{ comment: string | null }>(
    `select comment from duckdb_tables() where schema_name = 'raw' and table_name = 'copy_state'`,
  );
  if (found[0]?.comment === version) return;
  await warehouse.transaction(async () => {
    for (const table of RAW_TABLES)
      await warehouse.run(`drop table if exists raw.${table} cascade`);
    for (const statement of statements) await warehouse.run(statement);
    await warehouse.run(`comment on table raw.copy_state is '${version}'`);
  });
}

class Differs extends Error {}

/** Returns undefined, with nothing changed, when the warehouse would differ from the snapshot. */
async function copySince(
  connection: Connection,
  warehouse: Warehouse,
  before: CopyState | undefined,
  now: CopyState,
): Promise<CopyResult | undefined> {
  const horizon = before?.horizon_xid ?? '0';
  await query(connection, `select set_config('daybook.copy_from', $1, true)`, [horizon]);
  try {
    return await warehouse.transaction(async () => {
      if (before === undefined) await emptyRawTables(warehouse);
      const copiedRows = await copyTables(connection, warehouse);
      await extendCalendar(warehouse, before?.time_zone_data);
      await writeCopyState(warehouse, now);
      return { copiedRows, isFresh: before === undefined, asOf: now.as_of };
    });
  } catch (error) {
    if (error instanceof Differs) return undefined;
    throw error;
  }
}

/** Stages every table, then loads them while Postgres adds up its side of the comparison. */
async function copyTables(connection: Connection, warehouse: Warehouse): Promise<number> {
  const fileOf = (name: string) => join(warehouse.stagingDir, `${name}.csv`);
  try {
    let copiedRows = 0;
    const changed: typeof TABLES = [];
    for (const table of TABLES) {
      const sql = loadSql(`postgres/queries/copy_${table.name}`);
      const rowCount = await copyToFile(connection, sql, fileOf(table.name));
      copiedRows += rowCount;
      if (rowCount > 0) changed.push(table);
    }
    const load = async () => {
      for (const { name, key } of changed) {
        await upsertFromFile(warehouse, name, key, fileOf(name));
      }
    };
    // Both are waited for, whatever becomes of one: nothing may run on after the rollback.
    const [books, loaded] = await Promise.allSettled([sumBooks(connection), load()]);
    if (books.status === 'rejected') throw books.reason;
    if (loaded.status === 'rejected') throw loaded.reason;
    if (!(await equalsBooks(warehouse, books.value))) throw new Differs();
    return copiedRows;
  } finally {
    for (const { name } of TABLES) rmSync(fileOf(name), { force: true });
  }
}

/** Replaces rows by key. All names come from TABLES and the warehouse's own catalog. */
async function upsertFromFile(
  warehouse: Warehouse,
  name: string,
  key: string[],
  file: string,
): Promise<void> {
  const columns = await warehouse.rows<{ column_name: string; data_type: string }>(
    `select column_name, data_type from duckdb_columns()
     where schema_name = 'raw' and table_name = $name::varchar order by column_index`,
    { name },
  );
  const types = columns.map(({ column_name, data_type }) => `'${column_name}': '${data_type}'`);
  // Postgres writes null as nothing and an empty text as "": the two must stay apart.
  const csv = `read_csv($file::varchar, columns = {${types.join(', ')}}, header = true, delim = ',',
    quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, auto_detect = false)`;
  const [existing] = await warehouse.rows<{ found: boolean }>(
    `select exists (select 1 from raw.${name}) as found`,
  );
  if (!existing?.found)
    return warehouse.run(`insert into raw.${name} select * from ${csv}`, { file });
  await warehouse.run(`create or replace temp table incoming as select * from ${csv}`, { file });
  const sameKey = key.map((column) => `${name}.${column} = incoming.${column}`).join(' and ');
  await warehouse.run(`delete from raw.${name} using incoming where ${sameKey}`);
  await warehouse.run(`insert into raw.${name} select * from incoming`);
  await warehouse.run('drop table incoming');
}

/** Columns of decimals, whose trailing zeros the two databases write differently. */
const DECIMALS = new Set([
  ...['reported_cost', 'computed_cost', 'cost', 'new_cost', 'new_computed_cost'],
  ...['estimated_price', 'carrier_fee', 'price', 'processing_ms'],
]);

async function sumBooks(connection: Connection): Promise<Record<string, unknown>[]> {
  const sums: Record<string, unknown>[] = [];
  for (const name of COMPARISONS) {
    const rows = await query(connection, loadSql(`postgres/queries/${name}`));
    sums.push(...rows.map((row) => ({ name, ...withPlainDecimals(row) })));
  }
  return sums;
}

function withPlainDecimals(row: Record<string, unknown>): Record<string, unknown> {
  const plain = Object.entries(row).map(([column, value]) => [
    column,
    DECIMALS.has(column) ? canonicalDecimal(String(value)) : value,
  ]);
  return Object.fromEntries(plain);
}

/** Compares as sets: the order of the books depends on the collation of their database. */
async function equalsBooks(
  warehouse: Warehouse,
  books: Record<string, unknown>[],
): Promise<boolean> {
  const copied: object[] = [];
  for (const name of COMPARISONS) {
    const rows = await warehouse.rows(loadSql(`duckdb/checks/${name}`));
    copied.push(...rows.map((row) => ({ name, ...row })));
  }
  return textOf(books) === textOf(copied);
}

function textOf(rows: object[]): string {
  return rows
    .map((row) => JSON.stringify(row))
    .sort()
    .join('\n');
}

async function selectSnapshot(connection: Connection): Promise<CopyState> {
  const [row] = await query<Omit<CopyState, 'time_zone_data'>>(
    connection,
    loadSql('postgres/queries/select_snapshot'),
  );
  return { ...(row as CopyState), time_zone_data: timeZoneDataVersion() };
}

function isSameServer(before: CopyState, now: CopyState): boolean {
  return (
    before.system_identifier === now.system_identifier && before.database_oid === now.database_oid
  );
}

async function emptyRawTables(warehouse: Warehouse): Promise<void> {
  for (const table of RAW_TABLES) await warehouse.run(`delete from raw.${table}`);
}

async function writeCopyState(warehouse: Warehouse, state: CopyState): Promise<void> {
  await warehouse.run('delete from raw.copy_state');
  await warehouse.run(
    `insert into raw.copy_state by name select
       $system_identifier::varchar as system_identifier, $database_oid::varchar as database_oid,
       $snapshot::varchar as snapshot, $horizon_xid::varchar as horizon_xid,
       $as_of::timestamptz as as_of, $time_zone_data::varchar as time_zone_data`,
    { ...state },
  );
}
