// The only importer of DuckDB. Opens the warehouse locked down to one staging folder; numbers leave
// as exact decimal text, dates as ISO text, so that nothing downstream ever sees a float.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type DuckDBConnection, DuckDBDateValue, DuckDBDecimalValue, DuckDBInstance,
  DuckDBTimestampTZValue, type DuckDBValue,
} from '@duckdb/node-api';
import { AppError, messageOf } from '../core/errors.ts';
import { canonicalDecimal } from '../core/money.ts';

export type Value = string | number | boolean | null;
export type WarehouseRow = Record<string, Value>;
export type Parameters = Record<string, string | number | null>;

export interface Warehouse {
  /** The one folder that statements may read files from. */
  readonly stagingDir: string;
  run(sql: string, parameters?: Parameters): Promise<void>;
  rows<T = WarehouseRow>(sql: string, parameters?: Parameters): Promise<T[]>;
  transaction<T>(work: () => Promise<T>): Promise<T>;
  close(): void;
}

export interface WarehousePaths {
  warehouse: string;
  staging: string;
}

// Another process may hold the file for the length of a run.
const BUSY_WAIT_MS = 60_000;
const BUSY_POLL_MS = 200;
const SCHEMAS = ['raw', 'staging', 'marts', 'rollups'];

/** Opens the file, waiting for another holder. Throws ERR_WAREHOUSE_BUSY or ERR_SQL. */
export async function openWarehouse({ warehouse, staging }: WarehousePaths): Promise<Warehouse> {
  mkdirSync(dirname(warehouse), { recursive: true });
  mkdirSync(staging, { recursive: true });
  const instance = await openFile(warehouse);
  const connection = await instance.connect();
  await lockDown(connection, staging);
  for (const schema of SCHEMAS) await connection.run(`create schema if not exists ${schema}`);
  return {
    stagingDir: staging,
    run: async (sql, parameters) => void (await execute(connection, sql, parameters)),
    rows: async <T>(sql: string, parameters?: Parameters) =>
      (await execute(connection, sql, parameters)) as T[],
    transaction: (work) => inTransaction(connection, work),
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** Opens the warehouse for the length of `work`. */
export async function withWarehouse<T>(
  paths: WarehousePaths,
  work: (warehouse: Warehouse) => Promise<T>,
): Promise<T> {
  const warehouse = await openWarehouse(paths);
  try {
    return await work(warehouse);
  } finally {
    warehouse.close();
  }
}

/** The schema-qualified tables that a select reads, found by DuckDB's own parser. */
export async function tablesRead(warehouse: Warehouse, sql: string): Promise<string[]> {
  const [row] = await warehouse.rows<{ tree: string }>('select json_serialize_sql($sql::varchar) as tree', { sql });
  const tree = JSON.parse(row?.tree ?? '{}') as { error?: boolean; error_message?: string };
  if (tree.error) throw new AppError('ERR_SQL', `DuckDB cannot parse: ${tree.error_message}\n${sql}`);
  const found = new Set<string>();
  collectTables(tree, found);
  return [...found].sort();
}

async function openFile(path: string): Promise<DuckDBInstance> {
  for (let waited = 0; ; waited += BUSY_POLL_MS) {
    try {
      return await DuckDBInstance.create(path);
    } catch (cause) {
      if (!/lock/i.test(messageOf(cause))) {
        throw new AppError('ERR_SQL', `the warehouse ${path} does not open: ${messageOf(cause)}`, {
          cause,
          fix: 'delete the file; it is rebuilt from Postgres on the next run',
        });
      }
      if (waited >= BUSY_WAIT_MS) {
        throw new AppError('ERR_WAREHOUSE_BUSY', `another process holds the warehouse ${path}`, {
          cause,
          fix: 'wait for its run to end and try again',
        });
      }
      await sleep(BUSY_POLL_MS);
    }
  }
}

/** After this no statement reaches a file outside the staging folder, the network or a setting. */
async function lockDown(connection: DuckDBConnection, stagingDir: string): Promise<void> {
  const folder = `'${stagingDir.replaceAll("'", "''")}'`;
  for (const statement of [
    `set TimeZone = 'UTC'`,
    'set autoinstall_known_extensions = false',
    'set autoload_known_extensions = false',
    `set allowed_directories = [${folder}]`,
    'set enable_external_access = false',
    'set lock_configuration = true',
  ]) {
    await connection.run(statement);
  }
}

async function execute(
  connection: DuckDBConnection,
  sql: string,
  parameters: Parameters = {},
): Promise<WarehouseRow[]> {
  try {
    const prepared = await connection.prepare(sql);
    for (let index = 1; index <= prepared.parameterCount; index += 1) {
      bind(prepared, prepared.parameterName(index), index, parameters);
    }
    const reader = await prepared.runAndReadAll();
    const names = reader.deduplicatedColumnNames();
    return reader.getRows().map((row) => {
      return Object.fromEntries(row.map((value, index) => [names[index], toPlain(value)]));
    });
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('ERR_SQL', `${messageOf(cause)}\nin: ${sql}`, { cause });
  }
}

type Prepared = Awaited<ReturnType<DuckDBConnection['prepare']>>;

function bind(prepared: Prepared, name: string, index: number, parameters: Parameters): void {
  const value = parameters[name];
  if (value === undefined) throw new AppError('ERR_SQL', `the statement needs a value for $${name}`);
  if (value === null) prepared.bindNull(index);
  else if (typeof value === 'number') prepared.bindInteger(index, value);
  else prepared.bindVarchar(index, value);
}

function toPlain(value: DuckDBValue): Value {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof DuckDBDecimalValue) return canonicalDecimal(value.toString());
  if (value instanceof DuckDBDateValue) return value.toString();
  if (value instanceof DuckDBTimestampTZValue) return instantText(value.micros);
  throw new AppError('ERR_SQL', `the warehouse returned a value of a type that is not mapped: ${value}`);
}

function instantText(micros: bigint): string {
  const milliseconds = micros / 1000n - (micros % 1000n < 0n ? 1n : 0n);
  const rest = String(micros - milliseconds * 1000n).padStart(3, '0');
  const text = new Date(Number(milliseconds)).toISOString();
  return rest === '000' ? text : `${text.slice(0, -1)}${rest}Z`;
}

async function inTransaction<T>(connection: DuckDBConnection, work: () => Promise<T>): Promise<T> {
  await connection.run('begin transaction');
  try {
    const result = await work();
    await connection.run('commit');
    return result;
  } catch (error) {
    await connection.run('rollback');
    throw error;
  }
}

function collectTables(node: unknown, found: Set<string>): void {
  if (typeof node !== 'object' || node === null) return;
  const { type, schema_name: schema, table_name: table } = node as Record<string, unknown>;
  if (type === 'BASE_TABLE' && schema !== '') found.add(`${schema}.${table}`);
  for (const child of Object.values(node)) collectTables(child, found);
}
