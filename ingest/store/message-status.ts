// The standing status of a text: the highest that was ever told of it, in whichever order, and what it
// says about the number.
import { type Connection, query } from '../../core/postgres.ts';
import { loadSql } from '../../core/sql.ts';
import { isE164 } from '../twilio/phone.ts';
import { numberFault } from '../twilio/send-result.ts';
import { rankStatus, standingStatus } from '../twilio/status-rank.ts';
import { suppress } from './consents.ts';

interface StatusRow extends Record<string, unknown> {
  status: string;
  error_code: string | null;
}

interface ToldState {
  messageSid: string;
  status: string;
  errorCode: string | null;
}

/** Which of the listed states change what stands in the books; nothing is locked for the others. */
export async function findNews<Told extends ToldState>(
  connection: Connection,
  clientId: string,
  listed: readonly Told[],
): Promise<Told[]> {
  const sql = loadSql('postgres/queries/select_message_states');
  const sids = listed.map(({ messageSid }) => messageSid);
  const rows = await query<StatusRow & { message_sid: string }>(connection, sql, [clientId, sids]);
  const standing = new Map(rows.map((row) => [row.message_sid, row]));
  return listed.filter(({ messageSid, status, errorCode }) => {
    const current = standing.get(messageSid);
    if (current === undefined) return false;
    if (standingStatus(current.status, status) !== current.status) return true;
    return status === current.status && errorCode !== null && current.error_code === null;
  });
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
  // Whoever is forgotten has no number to keep from anything.
  if (!isE164(phone)) return;
  await suppress(connection, { clientId, phone, messageSid, quoted: null, now, reason });
}
