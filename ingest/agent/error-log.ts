// Writes what went wrong into the books, for people to resolve: type, code, stack, never a text, a
// number or a secret. Books that are away are themselves an error, told as soon as they are back.
import { randomUUID } from 'node:crypto';
import { messageOf } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { isUnavailable, type Pool, query, withTransaction } from '../../core/postgres.ts';
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
}

/** While the books are away this many are kept, oldest first; the log has them all. */
const KEPT_MAX = 100;
const AWAY_TOLD_EVERY_MS = 5 * 60_000;
const MESSAGE_LENGTH_MAX = 1_000;
const STACK_LENGTH_MAX = 4_000;
const PHONE = /\+?\d{7,15}/g;

/** Makes the writer. */
export function createErrorLog(pool: Pool, log: Log, now: () => Date): ErrorLog {
  const kept: unknown[][] = [];
  let toldAwayUntil = 0;
  const record = async (facts: ErrorFacts) => {
    const values = valuesOf(facts, now());
    const { type, code, clientId, taskId } = facts;
    log.error('agent.error', { type, code, clientId, taskId, message: values[4] });
    kept.push(values);
    if (kept.length > KEPT_MAX) kept.shift();
    await flush(pool, kept, log);
  };
  return {
    record,
    recordThrown: async (error, of = {}) => {
      const isAway = isUnavailable(error);
      // Every loop finds out each second; it is one error.
      if (isAway && now().getTime() < toldAwayUntil) return;
      if (isAway) toldAwayUntil = now().getTime() + AWAY_TOLD_EVERY_MS;
      const type = isAway ? 'database_error' : 'system_error';
      const stack = error instanceof Error ? error.stack : undefined;
      await record({ type, message: messageOf(error), stack, isCritical: true, ...of });
    },
  };
}

function valuesOf(facts: ErrorFacts, now: Date): unknown[] {
  const { type, message, code = null, stack, isCritical = false } = facts;
  const { clientId = null, taskId = null, userId = null, metadata } = facts;
  return [
    ...[clientId, randomUUID(), type, code, withoutNumbers(message).slice(0, MESSAGE_LENGTH_MAX)],
    ...[stack === undefined ? null : withoutNumbers(stack).slice(0, STACK_LENGTH_MAX), isCritical],
    ...[taskId, userId, now, metadata === undefined ? null : JSON.stringify(metadata)],
  ];
}

function withoutNumbers(text: string): string {
  return text.replace(PHONE, '(number)');
}

async function flush(pool: Pool, kept: unknown[][], log: Log): Promise<void> {
  const sql = loadSql('postgres/queries/insert_error');
  for (let values = kept.shift(); values !== undefined; values = kept.shift()) {
    const clientId = values[0] as string | null;
    const tenant = clientId === null ? {} : { clientId };
    const row = values;
    try {
      await withTransaction(pool, tenant, (connection) => query(connection, sql, row));
    } catch (error) {
      if (isUnavailable(error)) {
        kept.unshift(values);
        return;
      }
      // An error that cannot be written stands in the log alone; it must not stop the others.
      log.error('agent.error_not_stored', { message: messageOf(error) });
    }
  }
}
