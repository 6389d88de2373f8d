// The only importer of the Postgres driver: pools, transactions with a tenant, and COPY. Values
// become plain JavaScript once, here: int8 as bigint, numeric as text, timestamptz as Date.
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { writeParts } from './csv-parts.ts';
import { AppError, isAppError, messageOf } from './errors.ts';
import type { Log } from './log.ts';

export type Pool = pg.Pool;
export type Connection = pg.ClientBase;
export type Row = Record<string, unknown>;

export interface PoolOptions {
  url: string;
  applicationName: string;
  log: Log;
  max?: number;
}

export interface TransactionOptions {
  /** The tenant that row security lets through; none means no tenant row is visible. */
  clientId?: string;
  isolation?: 'read committed' | 'repeatable read';
}

const CONNECT_TIMEOUT_MS = 5_000;
// A statement of ours takes milliseconds; one that takes a minute holds locks others wait for.
const STATEMENT_TIMEOUT_MS = 60_000;
const INT8_OID = 20;

/** SQLSTATE classes and codes after which the same transaction may simply be tried again. */
const RETRYABLE = new Set(['40001', '40P01']);
/** Connection lost, server starting or stopping, too many connections, disk full, read-only. */
const UNAVAILABLE = /^(08|57P|53|25006)/;
const UNAVAILABLE_SYSTEM = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOENT',
  'EAI_AGAIN',
]);
const UNAVAILABLE_MESSAGE =
  /Connection terminated|timeout exceeded when trying to connect|not queryable|shutting down/;

/** Opens a pool; idle connections that the server drops are logged, never fatal. */
export function createPool({ url, applicationName, log, max = 10 }: PoolOptions): Pool {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: applicationName,
    max,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    types: { getTypeParser: typeParser as typeof pg.types.getTypeParser },
  });
  pool.on('error', (error) => {
    // A pool that is being closed loses its connections on purpose.
    if (!pool.ending) log.warn('postgres.connection_lost', { message: error.message });
  });
  // The pool listens to idle connections only; one that breaks while it is in use tells its query
  // of it, and an event nobody listens to would end the process.
  pool.on('connect', (connection) => connection.on('error', () => undefined));
  return pool;
}

/** Runs one statement outside a transaction and returns its rows. */
export async function query<T extends Row>(
  db: Pool | Connection,
  sql: string,
  values: unknown[] = [],
): Promise<T[]> {
  try {
    return (await db.query<T>(sql, values)).rows;
  } catch (error) {
    throw translateError(error);
  }
}

/** Runs `work` in one transaction and commits; a deadlock or serialisation failure is repeated. */
export async function withTransaction<T>(
  pool: Pool,
  options: TransactionOptions,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const attemptsMax = 5;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await runTransaction(pool, options, work);
    } catch (error) {
      const code = (error as { code?: string }).code ?? '';
      if (attempt < attemptsMax && RETRYABLE.has(code)) continue;
      throw translateError(error);
    }
  }
}

const unusable = new WeakSet<Connection>();

/** Streams the rows of a select as CSV into a file and returns how many there were. */
export async function copyToFile(
  connection: Connection,
  sql: string,
  path: string,
): Promise<number> {
  const stream = connection.query(copyTo(`copy (${sql}) to stdout (format csv, header true)`));
  try {
    await pipeline(stream, createWriteStream(path, { highWaterMark: 1 << 20 }));
  } catch (error) {
    // Postgres goes on sending into a connection that nobody reads: no rollback would be answered.
    unusable.add(connection);
    throw error;
  }
  return (stream as unknown as { rowCount: number }).rowCount;
}

/** Where the rows of a select go: files of whole rows, each handed on as soon as it is full. */
export interface CopyParts {
  nextPath(): string;
  bytesMax: number;
  /** Reads a file; the next one is written meanwhile, and no third before this has ended. */
  onPart(path: string): Promise<void>;
}

/** Streams the rows of a select as CSV without a header into files; returns how many there were. */
export async function copyToParts(
  connection: Connection,
  sql: string,
  { nextPath, bytesMax, onPart }: CopyParts,
): Promise<number> {
  const stream = connection.query(copyTo(`copy (${sql}) to stdout (format csv)`));
  let reading = Promise.resolve();
  try {
    for await (const path of writeParts(stream, nextPath, bytesMax)) {
      await reading;
      reading = onPart(path);
      // It is awaited below; until then its failure is nobody's.
      reading.catch(() => undefined);
    }
    await reading;
  } catch (error) {
    // Postgres goes on sending into a connection that nobody reads: no rollback would be answered.
    unusable.add(connection);
    await reading.catch(() => undefined);
    throw error;
  }
  return (stream as unknown as { rowCount: number }).rowCount;
}

/** Streams the rows of a select as CSV through these; returns how many there were. */
export async function copyToStreams(
  connection: Connection,
  sql: string,
  through: readonly [...NodeJS.ReadWriteStream[], NodeJS.WritableStream],
): Promise<number> {
  const stream = connection.query(copyTo(`copy (${sql}) to stdout (format csv, header true)`));
  try {
    await pipeline([stream, ...through]);
  } catch (error) {
    unusable.add(connection);
    throw error;
  }
  return (stream as unknown as { rowCount: number }).rowCount;
}

/** Streams CSV from these into a `copy … from stdin` statement; returns how many rows it had. */
export async function copyFromStreams(
  connection: Connection,
  sql: string,
  from: readonly [NodeJS.ReadableStream, ...NodeJS.ReadWriteStream[]],
): Promise<number> {
  const stream = connection.query(copyFrom(sql));
  await pipeline([...from, stream]);
  return stream.rowCount;
}

/** Streams a CSV file into a `copy … from stdin` statement and returns how many rows it had. */
export async function copyFromFile(
  connection: Connection,
  sql: string,
  path: string,
): Promise<number> {
  const stream = connection.query(copyFrom(sql));
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), stream);
  return stream.rowCount;
}

/** True when the books cannot be reached now and the same request may succeed later. */
export function isUnavailable(error: unknown): boolean {
  if (isAppError(error)) return error.code === 'ERR_BOOKS_UNAVAILABLE';
  if (error instanceof AggregateError) return error.errors.some(isUnavailable);
  const code = String((error as { code?: unknown })?.code ?? '');
  if (UNAVAILABLE_SYSTEM.has(code)) return true;
  return code === '' ? UNAVAILABLE_MESSAGE.test(messageOf(error)) : UNAVAILABLE.test(code);
}

async function runTransaction<T>(
  pool: Pool,
  { clientId, isolation = 'read committed' }: TransactionOptions,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await pool.connect();
  let broken: Error | undefined;
  try {
    const tenant = clientId === undefined ? '' : `; ${tenantStatement(connection, clientId)}`;
    await connection.query(`begin isolation level ${isolation}${tenant}`);
    const result = await work(connection);
    await connection.query('commit');
    return result;
  } catch (error) {
    // A connection that cannot roll back must not go back into the pool.
    if (unusable.has(connection)) broken = error as Error;
    else {
      await connection.query('rollback').catch((cause: Error) => {
        broken = cause;
      });
    }
    throw error;
  } finally {
    connection.release(broken);
  }
}

/** Lets row security see one client's rows until the transaction ends, or the next call. */
export async function setTenant(connection: Connection, clientId: string): Promise<void> {
  await connection.query(tenantStatement(connection, clientId));
}

/** Text, not a parameter: with `begin` it goes to the server in one message. */
function tenantStatement(connection: Connection, clientId: string): string {
  return `select set_config('daybook.client_id', ${connection.escapeLiteral(clientId)}, true)`;
}

function translateError(error: unknown): unknown {
  if (isAppError(error) || !isUnavailable(error)) return error;
  return new AppError('ERR_BOOKS_UNAVAILABLE', `Postgres does not answer: ${messageOf(error)}`, {
    cause: error,
    fix: 'check that Postgres runs and that DATABASE_URL points at it',
  });
}

function typeParser(oid: number, format?: 'text' | 'binary') {
  if (oid === INT8_OID) return BigInt;
  return pg.types.getTypeParser(oid, format as 'text');
}
