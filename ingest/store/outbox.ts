// The texts that are to go out: queued once for a task and kind, taken by one sender at a time, and
// settled by whoever learns first what became of them. Sends nothing itself.
import { randomUUID } from 'node:crypto';
import { type Connection, type Pool, query, withTransaction } from '../../core/postgres.ts';
import { loadSql } from '../../core/sql.ts';
import { cutToSegments } from '../texts/cut.ts';
import { estimateText } from '../texts/rates.ts';
import { countSegments } from '../texts/segments.ts';
import { callingCode } from '../twilio/phone.ts';
import { forgetSentText } from './forget.ts';
import { refreshStatus } from './message-status.ts';
import { reserveSpend, spendDay } from './spend.ts';

/** A task has at most one text of each kind, whatever happens. */
export type TextKind = 'answer' | 'welcome' | 'notice' | 'working';

export interface QueuedText {
  clientId: string;
  taskId: string;
  userId: string;
  kind: TextKind;
  from: string;
  to: string;
  body: string;
  /** True for what is sent although the number has opted out: the confirmation of that. */
  despiteStop?: boolean;
}

export interface OutboxRow extends Record<string, unknown> {
  outbox_id: string;
  task_id: string;
  user_id: string;
  kind: TextKind;
  from_number: string;
  to_number: string;
  body: string;
  segments: number;
  despite_stop: boolean;
  attempts: number;
  fence: bigint;
  created_at: Date;
}

export type OutboxState = 'pending' | 'uncertain' | 'failed' | 'suppressed' | 'capped';

/** Twilio joins no more of them into one message. */
export const SEGMENTS_MAX = 10;

/** Queues a text in the caller's transaction; false if the task has one of this kind already. */
export async function queueText(
  connection: Connection,
  { clientId, taskId, userId, kind, from, to, body, despiteStop = false }: QueuedText,
  now: Date,
): Promise<boolean> {
  const { text } = cutToSegments(body, SEGMENTS_MAX);
  const { segments } = countSegments(text);
  const key = [clientId, randomUUID(), taskId, userId, kind];
  const values = [...key, from, to, text, segments, despiteStop, now];
  return (await query(connection, loadSql('postgres/queries/insert_outbox'), values)).length > 0;
}

/** What Twilio, or its listing, tells of a text that it has. */
export interface SentText {
  clientId: string;
  outboxId: string;
  messageSid: string;
  now: Date;
  status?: string;
  segments?: number | null;
  price?: string | null;
  currency?: string | null;
  isReconciled?: boolean;
}

interface AdoptedRow extends Record<string, unknown> {
  task_id: string;
  user_id: string;
  from_number: string;
  to_number: string;
  body: string;
  segments: number;
  claimed_at: Date | null;
  created_at: Date;
  /** True where what it took of the caps was given back, because it was taken for not sent. */
  is_given_back: boolean;
}

/**
 * Notes that a text was sent under this sid, and books it as a message; false where its sid was
 * known already. The answer to our request, a delivery state and a listing may each be first.
 */
export async function adoptSid(connection: Connection, sent: SentText): Promise<boolean> {
  const { clientId, outboxId, messageSid, now } = sent;
  const [row] = await query<AdoptedRow>(connection, loadSql('postgres/queries/adopt_sid'), [
    clientId,
    outboxId,
    messageSid,
    now,
  ]);
  if (row === undefined) return false;
  if (row.is_given_back) await reserveAgain(connection, clientId, row);
  const estimate = estimateText({
    direction: 'outbound',
    callingCode: callingCode(row.to_number),
    segments: row.segments,
    hasMedia: false,
  });
  await query(connection, loadSql('postgres/queries/insert_sent_message'), [
    ...[clientId, messageSid, row.from_number, row.to_number, row.user_id, row.task_id],
    ...[row.body, countSegments(row.body).encoding, row.segments, sent.segments ?? null],
    ...[sent.status ?? 'queued', sent.currency ?? estimate.currency, estimate.price],
    ...[estimate.carrierFee, sent.price ?? null, row.claimed_at ?? row.created_at, now],
    sent.isReconciled ?? false,
  ]);
  await refreshStatus(connection, clientId, messageSid, now);
  await forgetSentText(connection, clientId, outboxId);
  return true;
}

const UNCAPPED = { segments: 2_147_483_647, cost: '1e18' };

/** It was sent, whatever the caps say. */
async function reserveAgain(
  connection: Connection,
  clientId: string,
  { to_number: phone, segments, claimed_at: claimedAt, created_at: createdAt }: AdoptedRow,
): Promise<void> {
  const day = await spendDay(connection, clientId, claimedAt ?? createdAt);
  const caps = { numberCap: UNCAPPED, clientCap: UNCAPPED };
  await reserveSpend(connection, { clientId, phone, segments, day }, caps);
}

export interface Settlement {
  clientId: string;
  row: { outbox_id: string; fence: bigint };
  state: OutboxState;
  dueAt: Date;
  code: string | null;
  message: string | null;
  /** The day whose caps go on counting it. */
  reservedOn: string | null;
  /** False where it was no fault of the text: then it has one more. */
  isAttempt?: boolean;
  now: Date;
}

/** Writes what became of a text that was taken; false if another has taken it over since. */
export async function settleText(
  connection: Connection,
  { clientId, row, state, dueAt, code, message, reservedOn, now, isAttempt = true }: Settlement,
): Promise<boolean> {
  const key = [clientId, row.outbox_id, row.fence];
  const why = [code, message?.slice(0, 500) ?? null];
  const values = [...key, state, dueAt, ...why, now, reservedOn, isAttempt];
  const settled = await query(connection, loadSql('postgres/queries/settle_outbox'), values);
  if (settled.length === 0) return false;
  if (state === 'failed' || state === 'capped') {
    const unitSql = loadSql('postgres/queries/return_unit_of_text');
    await query(connection, unitSql, [clientId, row.outbox_id]);
  }
  await forgetSentText(connection, clientId, row.outbox_id);
  return true;
}

/** The clients that have a number, and so may have work. */
export async function listServedClients(pool: Pool): Promise<string[]> {
  return withTransaction(pool, {}, async (connection) => {
    const sql = loadSql('postgres/queries/select_served_clients');
    const rows = await query<{ client_id: string }>(connection, sql);
    return rows.map((row) => row.client_id);
  });
}
