// Finds out what became of the texts of which nobody knows it: by Twilio's list of messages. One that
// is listed is taken over; one that is surely not is sent again; until then nothing is.
import { messageOf } from '../../core/errors.ts';
import { type Connection, type Pool, query, withTransaction } from '../../core/postgres.ts';
import { loadSql } from '../../core/sql.ts';
import { adoptSid, type OutboxRow, settleText } from '../store/outbox.ts';
import { releaseSpend, spendDay } from '../store/spend.ts';
import type { ListedMessage, TwilioApi } from '../twilio/api.ts';
import type { ErrorLog } from './error-log.ts';
import { ATTEMPTS_MAX, retryWaitMs } from './send-texts.ts';

export interface ResolveDeps {
  pool: Pool;
  twilio: Pick<TwilioApi, 'listMessages'>;
  errors: ErrorLog;
  now: () => Date;
  /** How long after the request a list without it is believed. */
  settledAfterMs?: number;
}

interface UncertainRow extends OutboxRow {
  claimed_at: Date;
  reserved_on: string | null;
}

/** A request may still be on its way for as long as it may last, and its message may be listed late. */
const SETTLED_AFTER_MS = 90_000;
const LOOK_AGAIN_MS = 15_000;
/** Clocks differ, and lists count in seconds. */
const CLOCK_SLACK_MS = 60_000;

/** Looks one uncertain text up; false if none is due, or none can be looked up now. */
export async function resolveUncertain(deps: ResolveDeps, clientId: string): Promise<boolean> {
  const now = deps.now();
  const row = await withTransaction(deps.pool, { clientId }, async (connection) => {
    const next = new Date(now.getTime() + LOOK_AGAIN_MS);
    const sql = loadSql('postgres/queries/claim_uncertain');
    return (await query<UncertainRow>(connection, sql, [clientId, now, next]))[0];
  });
  if (row === undefined) return false;
  const listed = await listCandidates(deps, clientId, row);
  if (listed === undefined) return false;
  await withTransaction(deps.pool, { clientId }, (connection) =>
    settle(connection, deps, clientId, row, listed),
  );
  return true;
}

/** What was sent to the pair since then with these words, oldest first; undefined if nobody can say. */
async function listCandidates(
  { twilio, errors }: ResolveDeps,
  clientId: string,
  { claimed_at: claimedAt, from_number: from, to_number: to, body, ...row }: UncertainRow,
): Promise<ListedMessage[] | undefined> {
  const since = new Date(claimedAt.getTime() - CLOCK_SLACK_MS);
  try {
    const listed = await twilio.listMessages({ from, to, after: since, includesUnsent: true });
    return listed
      .filter((message) => message.direction === 'outbound' && isSameText(message.body, body))
      .filter(({ happenedAt }) => happenedAt >= since)
      .sort((one, other) => one.happenedAt.getTime() - other.happenedAt.getTime());
  } catch (error) {
    const of = { clientId, taskId: row.task_id, userId: row.user_id };
    await errors.record({ type: 'twilio_error', message: messageOf(error), ...of });
    return undefined;
  }
}

/**
 * Before every text of an account that pays nothing yet, in the phone as in "body" of Twilio's
 * answers: A. Sweigart, Automate the Boring Stuff with Python, "Sending Text Messages"; answers
 * recorded in public repositories (21 October 2017, "body": "Sent from your Twilio trial account -
 * hello world"). Newer trial accounts may send templates only (twilio.com/docs/api/errors/572006).
 */
const TRIAL_PREFIX = 'Sent from your Twilio trial account - ';

/** Twilio trims what it is given. */
function isSameText(listed: string, sent: string): boolean {
  return [sent.trim(), `${TRIAL_PREFIX}${sent}`.trim()].includes(listed.trim());
}

async function settle(
  connection: Connection,
  { now, settledAfterMs = SETTLED_AFTER_MS }: ResolveDeps,
  clientId: string,
  row: UncertainRow,
  listed: ListedMessage[],
): Promise<void> {
  const instant = now();
  const sids = listed.map(({ messageSid }) => messageSid);
  const sql = loadSql('postgres/queries/select_known_sids');
  const known = await query<{ message_sid: string }>(connection, sql, [clientId, sids]);
  const taken = new Set(known.map((one) => one.message_sid));
  const found = listed.find(({ messageSid }) => !taken.has(messageSid));
  if (found !== undefined) {
    const { messageSid, status, segments, price, currency } = found;
    const sent = { clientId, outboxId: row.outbox_id, messageSid, now: instant, status };
    await adoptSid(connection, { ...sent, segments, price, currency, isReconciled: true });
    return;
  }
  if (instant.getTime() - row.claimed_at.getTime() < settledAfterMs) return;
  const isHopeless = row.attempts >= ATTEMPTS_MAX;
  const isOurs = await settleText(connection, {
    ...{ clientId, row, code: null, reservedOn: null, now: instant },
    // A Twilio that fails for hours is not asked each minute.
    dueAt: new Date(instant.getTime() + retryWaitMs(row.attempts)),
    state: isHopeless ? 'failed' : 'pending',
    message: isHopeless ? 'never sent, after several requests' : 'not sent: it is not listed',
  });
  if (isOurs) await giveBack(connection, clientId, row);
}

/** What was reserved for a text that was not sent; it is reserved anew when it is taken again. */
async function giveBack(
  connection: Connection,
  clientId: string,
  { to_number: phone, segments, reserved_on: reservedOn, claimed_at: claimedAt }: UncertainRow,
): Promise<void> {
  const day = reservedOn ?? (await spendDay(connection, clientId, claimedAt));
  await releaseSpend(connection, { clientId, phone, segments, day });
}
