// Writes what went wrong into the books, for people to resolve: type, code, stack, never a text, a
// number or a secret. Books that are away are themselves an error, told as soon as they are back.
import { randomUUID } from 'node:crypto';
import { messageOf } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { isUnavailable, type Pool, query, withTransaction } from '../../core/postgres.ts';
import { redact } from '../../core/redact.ts';
import { loadSql } from '../../core/sql.ts';

export type ErrorType =
  | 'openai_timeout'
  | 'openai_error'
  | 'twilio_error'
  | 'database_error'
  | 'validation_error'
  | 'system_error';

export interface ErrorFacts {
  type: ErrorType;
  message: string;
  code?: string | null;
  stack?: string | undefined;
  /** Critical ones are mailed: books, system, an account that may not send. */
  isCritical?: boolean;
  /** Null for what concerns no client in particular. */
  clientId?: string | null;
  taskId?: string | null;
  userId?: string | null;
  metadata?: Record<string, unknown>;
}

export interface ErrorLog {
  /** Never throws. */
  record(facts: ErrorFacts): Promise<void>;
  /** What was caught, as a database or a system error. */
  recordThrown(error: unknown, of?: Partial<ErrorFacts>): Promise<void>;
  /** Writes what was kept while the books were away, if there is any; never throws. */
  flush(): Promise<void>;
}

/** While the books are away so many are kept, the first ones; the log has them all. */
const KEPT_MAX = 100;
const AWAY_TOLD_EVERY_MS = 5 * 60_000;
const MESSAGE_LENGTH_MAX = 1_000;
const STACK_LENGTH_MAX = 4_000;

/** Makes the writer. */
export function createErrorLog(pool: Pool, log: Log, now: () => Date): ErrorLog {
  const kept: ErrorRow[] = [];
  let toldAwayUntil = 0;
  let writing: Promise<void> | undefined;
  const writeKept = async () => {
    try {
      for (let row = kept[0]; row !== undefined; row = kept[0]) {
        if (!(await write(pool, row, log))) return;
        kept.shift();
      }
    } finally {
      writing = undefined;
    }
  };
  const flush = () => {
    // One at a time: while the books are away each attempt takes seconds.
    if (kept.length > 0) writing ??= writeKept();
    return writing ?? Promise.resolve();
  };
  const record = async (facts: ErrorFacts) => {
    const row = toRow(facts, now());
    const { type, code, clientId, taskId } = facts;
    log.error('agent.error', { type, code, clientId, taskId, message: row.message });
    if (kept.length < KEPT_MAX) kept.push(row);
    await flush();
  };
  /** Every loop finds out each second; it is one error, however long it lasts. */
  const isToldAlready = () =>
    kept.some(({ type }) => type === 'database_error') || now().getTime() < toldAwayUntil;
  return {
    record,
    flush,
    recordThrown: async (error, of = {}) => {
      const isAway = isUnavailable(error);
      if (isAway && isToldAlready()) return;
      if (isAway) toldAwayUntil = now().getTime() + AWAY_TOLD_EVERY_MS;
      const type = isAway ? 'database_error' : 'system_error';
      const stack = error instanceof Error ? error.stack : undefined;
      await record({ type, message: messageOf(error), stack, isCritical: true, ...of });
    },
  };
}

/** The same error of a client once in so long: whoever fails at each look fails once. */
export function recordRarely(errors: ErrorLog, now: () => Date): ErrorLog {
  const toldAt = new Map<string, number>();
  return {
    ...errors,
    record: async (facts) => {
      const at = now().getTime();
      for (const [told, instant] of toldAt)
        if (at - instant >= AWAY_TOLD_EVERY_MS) toldAt.delete(told);
      const key = [facts.clientId, facts.type, facts.code, facts.message].join(' ');
      if (toldAt.has(key)) return;
      toldAt.set(key, at);
      await errors.record(facts);
    },
  };
}

interface ErrorRow {
  type: ErrorType;
  message: string;
  clientId: string | null;
  values: unknown[];
}

function toRow(facts: ErrorFacts, now: Date): ErrorRow {
  const { type, code = null, stack, isCritical = false, metadata } = facts;
  const { clientId = null, taskId = null, userId = null } = facts;
  const message = redact(facts.message).slice(0, MESSAGE_LENGTH_MAX);
  const values = [
    ...[clientId, randomUUID(), type, code, message],
    ...[stack === undefined ? null : redact(stack).slice(0, STACK_LENGTH_MAX), isCritical],
    ...[taskId, userId, now, metadata === undefined ? null : JSON.stringify(metadata)],
  ];
  return { type, message, clientId, values };
}

/** False where the books are away, so that it must be tried again. */
async function write(pool: Pool, { clientId, values }: ErrorRow, log: Log): Promise<boolean> {
  const sql = loadSql('postgres/queries/insert_error');
  const tenant = clientId === null ? {} : { clientId };
  try {
    await withTransaction(pool, tenant, (connection) => query(connection, sql, values));
  } catch (error) {
    if (isUnavailable(error)) return false;
    // An error that cannot be written stands in the log alone; it must not stop the others.
    log.error('agent.error_not_stored', { message: redact(messageOf(error)) });
  }
  return true;
}
