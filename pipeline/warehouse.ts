// The only importer of DuckDB. Opens the warehouse locked down to one staging folder; numbers leave
// as exact decimal text, dates as ISO text, so that nothing downstream ever sees a float.
import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type DuckDBConnection,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBInstance,
  DuckDBTimestampTZValue,
  DuckDBTypeId,
  type DuckDBValue,
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

export interface OpenOptions {
  /** How long to wait for another holder to leave. */
  busyWaitMs?: number;
}

// Another process may hold the file for the length of a run.
const BUSY_WAIT_MS = 60_000;
const BUSY_POLL_MS = 200;
/** What does not fit is spilled to the staging folder: the worker stays below a gigabyte. */
const MEMORY_MAX = '400MB';
const SCHEMAS = ['raw', 'calendar', 'staging', 'marts', 'rollups'];
const FLOATS = new Set<DuckDBTypeId>([DuckDBTypeId.FLOAT, DuckDBTypeId.DOUBLE]);
// DuckDB's lock keeps other processes out but not this one, and two instances corrupt the file.
const openedHere = new Set<string>();

/** Opens the file, waiting for another holder. Throws ERR_WAREHOUSE_BUSY or ERR_SQL. */
export async function openWarehouse(
  { warehouse, staging }: WarehousePaths,
  { busyWaitMs = BUSY_WAIT_MS }: OpenOptions = {},
): Promise<Warehouse> {
  mkdirSync(dirname(warehouse), { recursive: true });
  mkdirSync(staging, { recursive: true });
  const path = resolve(warehouse);
  const instance = await openFile(path, busyWaitMs);
  const close = () => {
    instance.closeSync();
    openedHere.delete(path);
  };
  try {
    const connection = await instance.connect();
    await lockDown(connection, staging);
    for (const schema of SCHEMAS) await connection.run(`create schema if not exists ${schema}`);
    return toWarehouse(connection, staging, close);
  } catch (error) {
    close();
    throw error;
  }
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
  const [row] = await warehouse.rows<{ tree: string }>(
    'select json_serialize_sql($sql::varchar) as tree',
    { sql },
  );
  const tree = JSON.parse(row?.tree ?? '{}') as { error?: boolean; error_message?: string };
  if (tree.error)
    throw new AppError('ERR_SQL', `DuckDB cannot parse: ${tree.error_message}\n${sql}`);
  const found = new Set<string>();
  collectTables(tree, found);
  return [...found].sort();
}

function toWarehouse(
  connection: DuckDBConnection,
  stagingDir: string,
  closeFile: () => void,
): Warehouse {
  return {
    stagingDir,
    run: async (sql, parameters) => void (await execute(connection, sql, parameters)),
    rows: async <T>(sql: string, parameters?: Parameters) =>
      (await execute(connection, sql, parameters)) as T[],
    transaction: (work) => inTransaction(connection, work),
    close: () => {
      connection.closeSync();
      closeFile();
    },
  };
}

async function openFile(path: string, busyWaitMs: number): Promise<DuckDBInstance> {
  const deadline = performance.now() + busyWaitMs;
  for (;;) {
    const opened = await tryOpenFile(path);
    if (opened instanceof DuckDBInstance) return opened;
    if (performance.now() >= deadline) {
      throw new AppError('ERR_WAREHOUSE_BUSY', `somebody else holds the warehouse ${path}`, {
        cause: opened.heldBecause,
        fix: 'wait for the other run to end and try again',
      });
    }
    await sleep(BUSY_POLL_MS);
  }
}

async function tryOpenFile(path: string): Promise<DuckDBInstance | { heldBecause: unknown }> {
  if (openedHere.has(path)) return { heldBecause: new Error('this process has it open') };
  openedHere.add(path);
  try {
    return await DuckDBInstance.create(path);
  } catch (cause) {
    openedHere.delete(path);
    // Nothing looser: a message on a damaged file speaks of a "block".
    if (/could not set lock on file/i.test(messageOf(cause))) return { heldBecause: cause };
    throw new AppError('ERR_SQL', `the warehouse ${path} does not open: ${messageOf(cause)}`, {
      cause,
      details: { isDamaged: isDamage(cause) },
      fix: 'delete the file; it is rebuilt from Postgres on the next run',
    });
  }
}

/** True for an error that the file itself is the cause of, and not its folder or its disk. */
export function isDamage(error: unknown): boolean {
  if (error instanceof AppError && error.details.isDamaged !== undefined)
    return error.details.isDamaged === true;
  return /not a valid DuckDB|could not read enough|corrupt|checksum|version number|deserializ|INTERNAL Error/i.test(
    messageOf(error),
  );
}

/** After this no statement reaches a file outside the staging folder, the network or a setting. */
async function lockDown(connection: DuckDBConnection, stagingDir: string): Promise<void> {
  const quote = (path: string) => `'${path.replaceAll("'", "''")}'`;
  const folder = quote(stagingDir);
  const spill = quote(join(stagingDir, 'spill'));
  for (const statement of [
    `set TimeZone = 'UTC'`,
    // No select of ours relies on the order of rows; loading without it is faster.
    'set preserve_insertion_order = false',
    'set autoinstall_known_extensions = false',
    'set autoload_known_extensions = false',
    `set memory_limit = '${MEMORY_MAX}'`,
    `set temp_directory = ${spill}`,
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
    try {
      return await runPrepared(prepared, sql, parameters);
    } finally {
      // Else its plan, with all hash tables, stays in DuckDB's memory until JavaScript collects it.
      prepared.destroySync();
    }
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('ERR_SQL', `${messageOf(cause)}\nin: ${sql}`, { cause });
  }
}

type Prepared = Awaited<ReturnType<DuckDBConnection['prepare']>>;

async function runPrepared(
  prepared: Prepared,
  sql: string,
  parameters: Parameters,
): Promise<WarehouseRow[]> {
  for (let index = 1; index <= prepared.parameterCount; index += 1) {
    bind(prepared, prepared.parameterName(index), index, parameters);
  }
  const reader = await prepared.runAndReadAll();
  const names = reader.deduplicatedColumnNames();
  const float = reader.columnTypes().findIndex(({ typeId }) => FLOATS.has(typeId));
  if (float >= 0) {
    throw new AppError('ERR_SQL', `column "${names[float]}" is a float\nin: ${sql}`, {
      fix: 'return the decimals and divide in TypeScript, or cast to decimal',
    });
  }
  return reader.getRows().map((row) => {
    return Object.fromEntries(row.map((value, index) => [names[index], toPlain(value)]));
  });
}

function bind(prepared: Prepared, name: string, index: number, parameters: Parameters): void {
  const value = parameters[name];
  if (value === undefined)
    throw new AppError('ERR_SQL', `the statement needs a value for $${name}`);
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
  throw new AppError(
    'ERR_SQL',
    `the warehouse returned a value of a type that is not mapped: ${value}`,
  );
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
    // DuckDB may have ended the transaction already; the first error is the one that counts.
    await connection.run('rollback').catch(() => undefined);
    throw error;
  }
}

function collectTables(node: unknown, found: Set<string>): void {
  if (typeof node !== 'object' || node === null) return;
  const { type, schema_name: schema, table_name: table } = node as Record<string, unknown>;
  if (type === 'BASE_TABLE' && schema !== '') found.add(`${schema}.${table}`);
  for (const child of Object.values(node)) collectTables(child, found);
}
