// Sends what is queued: the claim is committed before the request goes out, so a text is asked for
// once; what nobody can know is uncertain and looked up, never sent again by itself.
import { type Connection, type Pool, query, withTransaction } from '../../core/postgres.ts';
import type { SmsConfig } from '../../core/sms-config.ts';
import { loadSql } from '../../core/sql.ts';
import { findSuppression, suppress } from '../store/consents.ts';
import { adoptSid, type OutboxRow, settleText } from '../store/outbox.ts';
import { releaseSpend, reserveSpend, type Spend, spendDay } from '../store/spend.ts';
import type { SendResult, TwilioApi } from '../twilio/api.ts';
import { CLIENT_PARAMETER, OUTBOX_PARAMETER } from '../twilio/status-fields.ts';
import { beginTry, type Circuit, endTry, REST_MS, rest, restingNumbers } from './circuit.ts';
import type { ErrorLog } from './error-log.ts';

export interface SendDeps {
  pool: Pool;
  twilio: TwilioApi;
  settings: SmsConfig;
  /** Where Twilio tells a text's way, as it reaches us. */
  publicUrl: string;
  errors: ErrorLog;
  circuit: Circuit;
  now: () => Date;
}

export interface ClaimedText {
  clientId: string;
  row: OutboxRow;
  /** Afterwards another may take it. */
  leaseEnd: Date;
  /** The client's day whose caps count it. */
  day: string;
}

/** Longer than any request to Twilio takes; whose sender is gone by then is looked up. */
const LEASE_MS = 45_000;
const LOOP_WINDOW_MS = 30_000;
/** Twilio suspends a pair that exchanges more (error 14107). */
const LOOP_SENDS_MAX = 30;
const RETRY_SECONDS = [5, 15, 60, 300, 900];
/** With those waits a text is tried for almost a day. */
export const ATTEMPTS_MAX = 90;
/** Nobody waits longer for an account to be set right. */
const GIVE_UP_AFTER_MS = 24 * 3_600_000;

/** Takes the next text that may be sent; "settled" for one that may not, undefined if none is due. */
export async function claimText(
  deps: SendDeps,
  clientId: string,
): Promise<ClaimedText | 'settled' | undefined> {
  const claimed = await claimNext(deps, clientId);
  if (typeof claimed === 'object') beginTry(deps.circuit, claimed.row.from_number);
  return claimed;
}

function claimNext(
  { pool, settings, circuit, now }: SendDeps,
  clientId: string,
): Promise<ClaimedText | 'settled' | undefined> {
  const instant = now();
  return withTransaction(pool, { clientId }, async (connection) => {
    const lease = new Date(instant.getTime() + LEASE_MS);
    const sql = loadSql('postgres/queries/claim_outbox');
    const values = [clientId, instant, lease, restingNumbers(circuit, instant)];
    const [row] = await query<OutboxRow>(connection, sql, values);
    if (row === undefined) return undefined;
    const day = await spendDay(connection, clientId, instant);
    const claimed = { clientId, row, leaseEnd: lease, day };
    const objection =
      (await findObjection(connection, claimed, instant)) ??
      ((await reserveSpend(connection, spendOf(claimed), settings)) ? undefined : CAPPED);
    if (objection === undefined) return claimed;
    const { state, afterMs } = objection;
    const dueAt = new Date(instant.getTime() + afterMs);
    const end = { clientId, row, state, dueAt, code: null, message: objection.message };
    await settleText(connection, { ...end, reservedOn: null, now: instant });
    return 'settled';
  });
}

interface Objection {
  state: 'pending' | 'suppressed' | 'capped';
  afterMs: number;
  message: string;
}

const CAPPED: Objection = { state: 'capped', afterMs: 0, message: 'a cap of the day is reached' };

async function findObjection(
  connection: Connection,
  { clientId, row }: ClaimedText,
  now: Date,
): Promise<Objection | undefined> {
  const { to_number: to, from_number: from, despite_stop: despiteStop } = row;
  const lockSql = loadSql('postgres/queries/lock_sms_user_shared');
  const person = [clientId, row.user_id];
  const [known] = await query<{ is_forgotten: boolean }>(connection, lockSql, person);
  // It was on its way when the person was forgotten, and has come back.
  if (known?.is_forgotten && !despiteStop) {
    return { state: 'suppressed', afterMs: 0, message: 'its reader is forgotten' };
  }
  const suppression = await findSuppression(connection, clientId, to);
  if (suppression !== null && !despiteStop) {
    return { state: 'suppressed', afterMs: 0, message: `the number gets nothing: ${suppression}` };
  }
  const since = new Date(now.getTime() - LOOP_WINDOW_MS);
  const countSql = loadSql('postgres/queries/count_recent_sends');
  const values = [clientId, from, to, since, row.outbox_id, LOOP_SENDS_MAX];
  const [recent] = await query<{ sends: number }>(connection, countSql, values);
  if ((recent?.sends ?? 0) < LOOP_SENDS_MAX) return undefined;
  return { state: 'pending', afterMs: LOOP_WINDOW_MS, message: 'too many texts to the pair' };
}

function spendOf({ clientId, row, day }: Omit<ClaimedText, 'leaseEnd'>): Spend {
  return { clientId, phone: row.to_number, segments: row.segments, day };
}

/** Sends a claimed text and writes down what became of it. */
export async function sendText(deps: SendDeps, claimed: ClaimedText): Promise<void> {
  let isSent = false;
  try {
    // Whoever was stopped for so long is not the only one who has it; it is looked up first.
    if (deps.now() < claimed.leaseEnd) isSent = await sendOnce(deps, claimed);
  } finally {
    endTry(deps.circuit, claimed.row.from_number, isSent);
  }
}

/** True if Twilio took it. */
async function sendOnce(deps: SendDeps, claimed: ClaimedText): Promise<boolean> {
  const { row, clientId } = claimed;
  const base = deps.publicUrl.replace(/\/+$/, '');
  const names = { [CLIENT_PARAMETER]: clientId, [OUTBOX_PARAMETER]: row.outbox_id };
  const result = await deps.twilio.send({
    from: row.from_number,
    to: row.to_number,
    body: row.body,
    statusCallback: `${base}/webhooks/twilio/status?${new URLSearchParams(names)}`,
  });
  await withTransaction(deps.pool, { clientId }, (connection) =>
    settleResult(connection, deps, claimed, result),
  );
  if (result.outcome === 'refused') await reportRefusal(deps, claimed, result);
  return result.outcome === 'sent';
}

async function settleResult(
  connection: Connection,
  { now }: SendDeps,
  claimed: ClaimedText,
  result: SendResult,
): Promise<void> {
  const { clientId, row, day } = claimed;
  const instant = now();
  if (result.outcome === 'sent') {
    const { messageSid, status, segments, price, currency } = result;
    const sent = { clientId, outboxId: row.outbox_id, messageSid, now: instant };
    await adoptSid(connection, { ...sent, status, segments, price, currency });
    return;
  }
  const { state, afterMs } = settlementOf(result, row, instant);
  const isSpent = state === 'uncertain';
  const isOurs = await settleText(connection, {
    ...{ clientId, row, state, code: result.code, message: result.message, now: instant },
    dueAt: new Date(instant.getTime() + afterMs),
    reservedOn: isSpent ? day : null,
    isAttempt: !isOfAccount(result),
  });
  if (isOurs && !isSpent) await releaseSpend(connection, spendOf(claimed));
  if (result.outcome !== 'refused') return;
  if (result.reason !== 'stop' && result.reason !== 'unreachable') return;
  const reason = result.reason === 'stop' ? 'refused' : 'unreachable';
  const of = { clientId, phone: row.to_number, messageSid: null, quoted: null, now: instant };
  await suppress(connection, { ...of, reason });
}

/** Looked up after a quarter of a minute: a listing shows a message within seconds. */
const FIRST_LOOK_MS = 15_000;

function settlementOf(
  result: Exclude<SendResult, { outcome: 'sent' }>,
  { attempts, created_at: createdAt }: OutboxRow,
  now: Date,
): { state: 'pending' | 'uncertain' | 'failed'; afterMs: number } {
  if (result.outcome === 'uncertain') return { state: 'uncertain', afterMs: FIRST_LOOK_MS };
  const failed = { state: 'failed', afterMs: 0 } as const;
  if (isOfAccount(result)) {
    const isOld = now.getTime() - createdAt.getTime() > GIVE_UP_AFTER_MS;
    return isOld ? failed : { state: 'pending', afterMs: REST_MS };
  }
  if (result.outcome === 'refused' || attempts >= ATTEMPTS_MAX) return failed;
  return { state: 'pending', afterMs: Math.max(result.afterMs ?? 0, retryWaitMs(attempts)) };
}

/** True for what is no fault of the text, so that it takes none of its attempts. */
function isOfAccount(result: SendResult): boolean {
  return result.outcome === 'refused' && result.isAccountWide;
}

/** How long after so many requests the next one is made, where nobody says. */
export function retryWaitMs(attempts: number): number {
  const seconds = RETRY_SECONDS[Math.min(attempts, RETRY_SECONDS.length) - 1] ?? 5;
  return seconds * 1_000 * (0.75 + Math.random() / 2);
}

/** A number that opted out is no error; an account that may not send stops all, and is told once. */
async function reportRefusal(
  { errors, circuit, now }: SendDeps,
  { clientId, row }: ClaimedText,
  { reason, code, message, isAccountWide }: Extract<SendResult, { outcome: 'refused' }>,
): Promise<void> {
  if (isAccountWide && !rest(circuit, row.from_number, now())) return;
  if (reason === 'stop') return;
  // A stranger abroad must not be able to wake anybody.
  const isCritical = reason === 'configuration' && isAccountWide;
  const of = { clientId, taskId: row.task_id, userId: row.user_id };
  await errors.record({ type: 'twilio_error', code, message, isCritical, ...of });
}
