// Tells whoever runs Daybook of critical errors: one mail for all that came, at most one an hour. An
// error is marked as told only after its mail was sent; a crash between the two repeats it.
import { AppError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { type Pool, query, withTransaction } from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';
import { claimRun, executeRun, holdRun, type Run } from '../pipeline/runs.ts';
import { composeAlert, type ErrorGroup } from './alert-mail.ts';
import type { Mailer } from './mailer.ts';

export interface AlertDeps {
  pool: Pool;
  mailer: Mailer;
  mailFrom: string;
  /** Undefined: the log tells, and the errors wait until somebody is named. */
  alertTo?: string | undefined;
  now: () => Date;
  log: Log;
}

interface GroupRow extends Record<string, unknown> {
  client_id: string | null;
  error_type: string;
  code: string | null;
  errors: number;
  first_at: Date;
  last_at: Date;
  message: string;
  error_ids: string[];
}

const HOUR_MS = 3_600_000;
/** More are told of an hour later. */
const ERRORS_MAX = 50_000;

/** Mails what is due and returns how many errors were told of. Throws ERR_MAIL; tried again later. */
export async function sendDueAlert(deps: AlertDeps): Promise<number> {
  const now = deps.now();
  if (!(await isDue(deps, now))) return 0;
  const slotAt = new Date(Math.floor(now.getTime() / HOUR_MS) * HOUR_MS);
  const run = await claimRun(deps.pool, { job: 'alert', clientId: null, slotAt }, now);
  if (run === undefined) return 0;
  return executeRun(deps.pool, run, deps.now, async () => {
    // A holder that is gone may have sent it since.
    const told = (await isDue(deps, now, true)) ? await tell(deps, run) : 0;
    return { rowCount: told, value: told };
  });
}

async function isDue({ pool }: AlertDeps, now: Date, isOurs = false): Promise<boolean> {
  const sql = loadSql('postgres/queries/select_alert_state');
  const [state] = await query<{
    is_waiting: boolean;
    last_alerted_at: Date | null;
    is_running: boolean;
  }>(pool, sql, [now]);
  if (state === undefined || !state.is_waiting) return false;
  if (state.is_running && !isOurs) return false;
  return now.getTime() - (state.last_alerted_at?.getTime() ?? 0) >= HOUR_MS;
}

async function tell(deps: AlertDeps, run: Run): Promise<number> {
  const { pool, mailer, mailFrom: from, alertTo: to, now, log } = deps;
  const sql = loadSql('postgres/queries/select_critical_errors');
  const rows = await query<GroupRow>(pool, sql, [ERRORS_MAX]);
  const errors = rows.reduce((sum, row) => sum + row.errors, 0);
  if (errors === 0) return 0;
  if (to === undefined) {
    log.error('alert.nobody_told', { errors, kinds: rows.length, fix: 'set ALERT_TO' });
    return 0;
  }
  // Each try is a mail of its own: more errors may have come since the last one.
  const messageId = `<alert-${run.runId}-${run.attempts}@${from.split('@')[1]}>`;
  const mail = composeAlert(rows.map(toGroup), { from, to, messageId });
  // One that was away while another told of them tells nobody again.
  await withTransaction(pool, {}, (connection) => holdRun(connection, run));
  const { outcome, response } = await mailer.send(mail);
  if (outcome === 'retry' || outcome === 'failed')
    throw new AppError('ERR_MAIL', `the alert was not sent: ${response.slice(0, 300)}`);
  const ids = rows.flatMap((row) => row.error_ids);
  await query(pool, loadSql('postgres/queries/mark_alerted'), [ids, now()]);
  log.info('alert.sent', { errors, kinds: rows.length, outcome });
  return errors;
}

function toGroup(row: GroupRow): ErrorGroup {
  return {
    clientId: row.client_id,
    type: row.error_type,
    code: row.code,
    errors: row.errors,
    firstAt: row.first_at,
    lastAt: row.last_at,
    message: row.message,
  };
}
