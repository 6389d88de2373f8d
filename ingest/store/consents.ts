// Who may be texted: the numbers that get nothing, and the record of each act that allowed or forbade
// it. Runs inside the caller's transaction, whose tenant is the client.
import { type Connection, query } from '../../core/postgres.ts';
import { loadSql } from '../../core/sql.ts';

export type SuppressionReason = 'stop' | 'refused' | 'unreachable';
type ConsentAct = 'texted' | 'stop' | 'start' | 'refused' | 'unreachable' | 'wish';

export interface OfNumber {
  clientId: string;
  phone: string;
  /** The text that said so; null where Twilio did. */
  messageSid: string | null;
  quoted: string | null;
  now: Date;
}

/**
 * Sends a number nothing from now on, what is queued for it included. It holds for every number of
 * the client, though Twilio's own opt-outs hold for one: whoever said STOP must not be texted by a
 * sister number, and whom Twilio refuses said STOP before we knew. A START at any of them lifts it;
 * where Twilio still refuses another one, its next 21610 brings it back.
 */
export async function suppress(
  connection: Connection,
  { reason, since, ...act }: OfNumber & { reason: SuppressionReason; since?: Date },
): Promise<void> {
  const { clientId, phone, now } = act;
  await query(connection, loadSql('postgres/queries/lock_sms_user'), [clientId, phone]);
  const values = [clientId, phone, reason, since ?? now];
  await query(connection, loadSql('postgres/queries/insert_suppression'), values);
  await noteConsents(connection, reason, [act]);
  const queued = [clientId, phone, now];
  await query(connection, loadSql('postgres/queries/suppress_outbox'), queued);
}

/**
 * Lets a number be texted again; false if none of the reasons kept it from that, or none that holds
 * since before `until`.
 */
export async function lift(
  connection: Connection,
  { reasons, until, ...of }: OfNumber & { reasons: readonly SuppressionReason[]; until?: Date },
): Promise<boolean> {
  const sql = loadSql('postgres/queries/delete_suppression');
  const lifted = await query(connection, sql, [of.clientId, of.phone, reasons, until ?? null]);
  if (lifted.length === 0) return false;
  await noteConsents(connection, 'start', [of]);
  return true;
}

/** Why a number gets nothing, or null. */
export async function findSuppression(
  connection: Connection,
  clientId: string,
  phone: string,
): Promise<SuppressionReason | null> {
  const sql = loadSql('postgres/queries/select_suppression');
  const [row] = await query<{ reason: SuppressionReason }>(connection, sql, [clientId, phone]);
  return row?.reason ?? null;
}

/** Adds a line for each number of a client to the record, which nothing ever changes. */
export async function noteConsents(
  connection: Connection,
  act: ConsentAct,
  numbers: readonly OfNumber[],
): Promise<void> {
  const [first] = numbers;
  if (first === undefined) return;
  const columns = [
    numbers.map(({ phone }) => phone),
    numbers.map(({ quoted }) => (quoted === null ? 'twilio' : 'text')),
    numbers.map(({ messageSid }) => messageSid),
    numbers.map(({ quoted }) => quoted),
  ];
  const sql = loadSql('postgres/queries/insert_consents');
  await query(connection, sql, [first.clientId, act, first.now, ...columns]);
}
