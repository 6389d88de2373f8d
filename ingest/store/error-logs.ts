// The errors of the SMS agent as people read and resolve them. Writing them is the agent's business,
// mailing the critical ones the worker's.
import { AppError } from '../../core/errors.ts';
import { type Pool, query } from '../../core/postgres.ts';
import { loadSql } from '../../core/sql.ts';

export interface LoggedError {
  errorId: string;
  clientId: string | null;
  type: string;
  code: string | null;
  message: string;
  isCritical: boolean;
  occurredAt: Date;
  resolvedAt: Date | null;
  notes: string | null;
}

interface ErrorRow extends Record<string, unknown> {
  error_id: string;
  client_id: string | null;
  error_type: string;
  code: string | null;
  message: string;
  is_critical: boolean;
  occurred_at: Date;
  resolved_at: Date | null;
  notes: string | null;
  found: number;
}

const ID_BEGINNING = /^[0-9a-f]{8}[0-9a-f-]{0,28}$/;

/** The newest errors, and how many there are in all; the pool must see every client. */
export async function listErrors(
  pool: Pool,
  { clientId, isOpenOnly, most }: { clientId: string | null; isOpenOnly: boolean; most: number },
): Promise<{ errors: LoggedError[]; found: number }> {
  const sql = loadSql('postgres/queries/select_errors');
  const rows = await query<ErrorRow>(pool, sql, [clientId, isOpenOnly, most]);
  const errors = rows.map((row) => ({
    errorId: row.error_id,
    clientId: row.client_id,
    type: row.error_type,
    code: row.code,
    message: row.message,
    isCritical: row.is_critical,
    occurredAt: row.occurred_at,
    resolvedAt: row.resolved_at,
    notes: row.notes,
  }));
  return { errors, found: rows[0]?.found ?? 0 };
}

/**
 * Resolves the error whose id begins with `beginning`; with `isForAlike` the open ones before it of
 * its client, type and code too. Returns how many. Throws ERR_NOT_FOUND and ERR_USAGE.
 */
export async function resolveErrors(
  pool: Pool,
  beginning: string,
  { notes, isForAlike, now }: { notes: string; isForAlike: boolean; now: Date },
): Promise<number> {
  const fix = 'give an id of: npm run daybook -- errors list';
  if (!ID_BEGINNING.test(beginning))
    throw new AppError('ERR_USAGE', `"${beginning}" is no id of an error`, { fix });
  const sql = loadSql('postgres/queries/select_errors_by_prefix');
  const named = await query<{ error_id: string }>(pool, sql, [`${beginning}%`]);
  const [error] = named;
  if (error === undefined)
    throw new AppError('ERR_NOT_FOUND', `there is no error ${beginning}`, { fix });
  if (named.length > 1)
    throw new AppError('ERR_USAGE', `several ids begin with ${beginning}`, { fix: 'give more' });
  const values = [error.error_id, now, notes, isForAlike];
  return (await query(pool, loadSql('postgres/queries/resolve_errors'), values)).length;
}
