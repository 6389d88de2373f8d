// The only importer of DuckDB. Opens the warehouse, a file or one that machines share, locked down to
// one staging folder; numbers leave as exact decimal text, dates as ISO text, never as floats.
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import {
  type DuckDBConnection,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBInstance,
  DuckDBTimestampTZValue,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api';
import { AppError, isAppError, messageOf } from '../core/errors.ts';
import { canonicalDecimal } from '../core/money.ts';
import { lockingStatements, openingStatements } from './shared-warehouse.ts';
import { holdFile, letGoOfFile } from './warehouse-file.ts';
import {
  type Location,
  readLocation,
  type SharedLocation,
  withoutSecrets,
} from './warehouse-location.ts';

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
  /** WAREHOUSE_URL: another file, or a warehouse that machines share. */
  url?: string | undefined;
  /** Whence extensions are loaded; undefined: from where DuckDB downloads them. */
  extensionDir?: string | undefined;
}

export interface OpenOptions {
  /** How long to wait for another holder to leave. */
  busyWaitMs?: number;
}

// Another process may hold the file for the length of a run.
const BUSY_WAIT_MS = 60_000;
const SCHEMAS = ['raw', 'calendar', 'staging', 'marts', 'rollups'];
const FLOATS = new Set<DuckDBTypeId>([DuckDBTypeId.FLOAT, DuckDBTypeId.DOUBLE]);

/** An opened database, before it is locked down. */
interface Opened {
  connection: DuckDBConnection;
  /** Where its data files are, where it is no file itself. */
  folders: string[];
  /** Takes out of an error what nobody may read. */
  clean: (error: unknown) => unknown;
  close(): void;
}

/** Opens it, waiting for another holder. Throws ERR_WAREHOUSE_BUSY, ERR_CONFIG or ERR_SQL. */
export function openWarehouse(paths: WarehousePaths, options?: OpenOptions): Promise<Warehouse> {
  return openLocation(locate(paths), paths, options);
}

/** Opens the warehouse at a place; of the paths only where to stage and to find extensions. */
export async function openLocation(
  location: Location,
  { staging, extensionDir }: Pick<WarehousePaths, 'staging' | 'extensionDir'>,
  { busyWaitMs = BUSY_WAIT_MS }: OpenOptions = {},
): Promise<Warehouse> {
  mkdirSync(staging, { recursive: true });
  const opened =
    location.kind === 'file'
      ? await openFile(location.path, busyWaitMs)
      : await openShared(location, extensionDir);
  try {
    await runAll(opened, lockingStatements(opened.folders, staging));
    await runAll(
      opened,
      SCHEMAS.map((schema) => `create schema if not exists ${schema}`),
    );
    return toWarehouse(opened, staging);
  } catch (error) {
    opened.close();
    throw opened.clean(error);
  }
}

/** Lets go of all that a warehouse holds, also of what is in no table any more. */
export async function discardWarehouse(paths: WarehousePaths): Promise<void> {
  const location = locate(paths);
  if (location.kind === 'file') {
    for (const file of [location.path, `${location.path}.wal`]) rmSync(file, { force: true });
    return;
  }
  const opened = await openShared(location, paths.extensionDir);
  const drops = SCHEMAS.map((schema) => `drop schema if exists ${schema} cascade`);
  try {
    await runAll(opened, [...drops, 'drop table if exists main.made_after', ...location.purge]);
  } catch (error) {
    throw opened.clean(error);
  } finally {
    opened.close();
  }
}

/** The file that the warehouse is; undefined where it is none of this machine's. */
export function warehouseFile(paths: WarehousePaths): string | undefined {
  const location = locate(paths);
  return location.kind === 'file' ? location.path : undefined;
}

/** Where the warehouse is, without any secret. */
export function describeWarehouse(paths: WarehousePaths): string {
  const location = locate(paths);
  return location.kind === 'file' ? location.path : location.shown;
}

function locate({ warehouse, url }: WarehousePaths): Location {
  return readLocation(resolve(warehouse), url);
}

async function openFile(path: string, busyWaitMs: number): Promise<Opened> {
  mkdirSync(dirname(path), { recursive: true });
  const instance = await holdFile(path, busyWaitMs, (file) => DuckDBInstance.create(file));
  const close = () => {
    instance.closeSync();
    letGoOfFile(path);
  };
  const connection = await instance.connect();
  return { connection, close, folders: [], clean: (error) => error };
}

/** Any number of processes may do this at a time: whose commit comes second is told so. */
async function openShared(location: SharedLocation, dir: string | undefined): Promise<Opened> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const { folders, shown, extensions } = location;
  const opened = {
    ...{ connection, folders, close: () => instance.closeSync() },
    clean: (error: unknown) => cleanError(error, location),
  };
  try {
    await runAll(opened, openingStatements(location, { dir, hasFile: existsSync }));
    return opened;
  } catch (error) {
    opened.close();
    const why = withoutSecrets(location, messageOf(error));
    throw new AppError('ERR_CONFIG', `the warehouse ${shown} does not open: ${why}`, {
      fix: `check WAREHOUSE_URL; it needs DuckDB's extensions ${extensions.join(', ')}`,
    });
  }
}

async function runAll({ connection }: Opened, statements: string[]): Promise<void> {
  for (const statement of statements) await connection.run(statement);
}

/** The cause is left out: it may hold the address with its password. */
function cleanError(error: unknown, location: SharedLocation): AppError {
  const message = withoutSecrets(location, messageOf(error));
  if (!isAppError(error)) return new AppError('ERR_SQL', message);
  const { code, details, fix } = error;
  return new AppError(code, message, fix === undefined ? { details } : { details, fix });
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

function toWarehouse({ connection, clean, close }: Opened, stagingDir: string): Warehouse {
  const told = <T>(work: Promise<T>) =>
    work.catch((error: unknown) => {
      throw clean(error);
    });
  return {
    stagingDir,
    run: (sql, parameters) => told(execute(connection, sql, parameters).then(() => undefined)),
    rows: <T>(sql: string, parameters?: Parameters) =>
      told(execute(connection, sql, parameters)) as Promise<T[]>,
    transaction: (work) => told(inTransaction(connection, work)),
    close: () => {
      connection.closeSync();
      close();
    },
  };
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
    await commit(connection);
    return result;
  } catch (error) {
    // DuckDB may have ended the transaction already; the first error is the one that counts.
    await connection.run('rollback').catch(() => undefined);
    throw error;
  }
}

/** A shared warehouse that another process changed meanwhile takes no second change of the same. */
async function commit(connection: DuckDBConnection): Promise<void> {
  await connection.run('commit').catch((cause: unknown) => {
    if (!/transaction conflict|maximum retry count/i.test(messageOf(cause))) throw cause;
    throw new AppError('ERR_WAREHOUSE_BUSY', 'another process changed the warehouse meanwhile', {
      cause,
      fix: 'try again',
    });
  });
}
