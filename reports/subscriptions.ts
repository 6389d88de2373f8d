// Who receives a client's reports.
import { PERIOD_KINDS, type PeriodKind } from '../core/calendar.ts';
import { AppError } from '../core/errors.ts';
import { type Pool, query, withTransaction } from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';

export interface Recipient {
  email: string;
  periodKinds: PeriodKind[];
}

// One plain mailbox: what else an address may hold (quotes, commas, comments) has been used to add
// recipients or headers, and no executive's address needs it.
const MAILBOX =
  /^[A-Za-z0-9._%+'-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$/;

/** Adds a recipient; true when it was not there before. Throws ERR_USAGE for what is no mailbox. */
export async function addRecipient(
  pool: Pool,
  clientId: string,
  { email, periodKinds = [...PERIOD_KINDS] }: { email: string; periodKinds?: PeriodKind[] },
): Promise<boolean> {
  if (!MAILBOX.test(email)) {
    throw new AppError('ERR_USAGE', `"${email}" is not one plain mail address`, {
      fix: 'give one such as ceo@example.com',
    });
  }
  const rows = await withTransaction(pool, { clientId }, (connection) =>
    query(connection, loadSql('postgres/queries/insert_recipient'), [clientId, email, periodKinds]),
  );
  return rows.length > 0;
}

/** The client's recipients, oldest first. */
export async function listRecipients(pool: Pool, clientId: string): Promise<Recipient[]> {
  const rows = await withTransaction(pool, { clientId }, (connection) =>
    query<{ email: string; period_kinds: PeriodKind[] }>(
      connection,
      loadSql('postgres/queries/select_recipients'),
      [clientId],
    ),
  );
  return rows.map(({ email, period_kinds }) => ({ email, periodKinds: period_kinds }));
}

/** Removes a recipient; what is still queued for it is not sent. Throws ERR_NOT_FOUND. */
export async function removeRecipient(
  pool: Pool,
  clientId: string,
  email: string,
  now: Date,
): Promise<void> {
  const rows = await withTransaction(pool, { clientId }, (connection) =>
    query(connection, loadSql('postgres/queries/remove_recipient'), [clientId, email, now]),
  );
  if (rows.length > 0) return;
  throw new AppError('ERR_NOT_FOUND', `client "${clientId}" has no recipient ${email}`, {
    fix: `see: npm run daybook -- recipients list --client ${clientId}`,
  });
}
