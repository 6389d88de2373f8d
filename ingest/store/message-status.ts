// The standing status of a text: the highest that was ever told of it, in whichever order, and what it
// says about the number.
import { type Connection, query } from '../../core/postgres.ts';
import { loadSql } from '../../core/sql.ts';
import { numberFault } from '../twilio/send-result.ts';
import { rankStatus, standingStatus } from '../twilio/status-rank.ts';
import { suppress } from './consents.ts';

interface StatusRow extends Record<string, unknown> {
  status: string;
  error_code: string | null;
}

/** Brings a message's status up to what was told; does nothing for one that is not known yet. */
export async function refreshStatus(
  connection: Connection,
  clientId: string,
  messageSid: string,
  now: Date,
  listed?: { status: string; errorCode: string | null },
): Promise<void> {
  const key = [clientId, messageSid];
  const messageSql = loadSql('postgres/queries/select_message_status');
  const [current] = await query<StatusRow>(connection, messageSql, key);
  if (current === undefined) return;
  const eventsSql = loadSql('postgres/queries/select_status_events');
  const told = await query<StatusRow>(connection, eventsSql, key);
  if (listed !== undefined) told.push({ status: listed.status, error_code: listed.errorCode });
  const status = told.reduce(
    (standing, next) => standingStatus(standing, next.status),
    current.status,
  );
  const code =
    told
      .filter((one) => rankStatus(one.status) === rankStatus(status))
      .map((one) => one.error_code)
      .find((one) => one) ?? (status === current.status ? current.error_code : null);
  const values = [...key, status, code];
  const sql = loadSql('postgres/queries/update_message_status');
  const [changed] = await query<{ to_number: string }>(connection, sql, values);
  const reason = numberFault(code);
  if (changed === undefined || reason === null) return;
  const phone = changed.to_number;
  await suppress(connection, { clientId, phone, messageSid, quoted: null, now, reason });
}
