// Compares the books with Twilio's list of messages: texts that came while we were away are stored
// through the same door, texts that others sent are booked, and what is final by now is noted.
import { type Pool, query, withTransaction } from '../../core/postgres.ts';
import { loadSql } from '../../core/sql.ts';
import { forgetOldCounts } from '../store/forget.ts';
import { findNews, refreshStatus } from '../store/message-status.ts';
import type { MessageStore } from '../store/messages.ts';
import { bookOtherTexts } from '../store/other-texts.ts';
import type { ListedMessage, TwilioApi } from '../twilio/api.ts';
import { storable } from '../twilio/inbound-fields.ts';
import { senderKind } from '../twilio/phone.ts';
import { readKeyword } from './keywords.ts';

export interface ReconcileDeps {
  pool: Pool;
  twilio: Pick<TwilioApi, 'listMessages' | 'listMedia'>;
  store: MessageStore;
  accountSid: string;
  now: () => Date;
  /** Ends a comparison that is under way; its number is compared anew by whoever comes next. */
  signal?: AbortSignal;
}

export interface Reconciled {
  /** Texts to us that had not been stored. */
  found: number;
  /** Texts from us that none of us had sent. */
  booked: number;
  /** Messages whose price or segments are known now and were not. */
  priced: number;
}

interface OwnNumber extends Record<string, unknown> {
  phone: string;
  /** What came before a number was ours has been answered by somebody else. */
  created_at: Date;
}

/** Twilio tries a webhook for seconds; we look two days back. */
const LOOK_BACK_MS = 48 * 3_600_000;
/** A list has a limit, which a few hours of texts do not reach. */
const SLICE_MS = 6 * 3_600_000;
/** Its webhook may be on the way just now. */
export const YOUNGEST_MS = 30_000;

/**
 * Brings a client's texts of the last 48 hours up to date, of each number that nobody else compares
 * or has begun to compare in the last `gapMs`. Throws ERR_TWILIO, and at the end what kept single
 * messages out of the books.
 */
export async function reconcile(
  deps: ReconcileDeps,
  clientId: string,
  gapMs = 0,
): Promise<Reconciled> {
  const total: Reconciled = { found: 0, booked: 0, priced: 0 };
  const failures: unknown[] = [];
  let own = await claimNumber(deps, clientId, gapMs);
  while (own !== undefined) {
    failures.push(...(await compareNumber(deps, clientId, own, total)));
    await noteReconciled(deps, clientId, own.phone);
    own = await claimNumber(deps, clientId, gapMs, own.phone);
  }
  if (failures.length > 0) throw failures[0];
  return total;
}

/**
 * The next number after `previous`. A claim is no lock: whoever dies with it is followed by another
 * after `gapMs`, who looks as far back, and two that compare at once store everything once.
 */
async function claimNumber(
  { pool, now, signal }: ReconcileDeps,
  clientId: string,
  gapMs: number,
  previous = '',
): Promise<OwnNumber | undefined> {
  signal?.throwIfAborted();
  const since = new Date(now().getTime() - gapMs);
  const sql = loadSql('postgres/queries/claim_comparison');
  const [own] = await withTransaction(pool, { clientId }, (connection) =>
    query<OwnNumber>(connection, sql, [clientId, now(), since, previous]),
  );
  return own;
}

/** Adds to the total; what is returned are the failures of single messages. */
async function compareNumber(
  deps: ReconcileDeps,
  clientId: string,
  { phone, created_at: ownSince }: OwnNumber,
  total: Reconciled,
): Promise<unknown[]> {
  const { pool, twilio, signal } = deps;
  const failures: unknown[] = [];
  const now = deps.now().getTime();
  const from = Math.max(now - LOOK_BACK_MS, ownSince.getTime());
  for (let until = now; until > from; until -= SLICE_MS) {
    const after = new Date(Math.max(until - SLICE_MS, from));
    const slice = { after, before: new Date(until) };
    const received = await twilio.listMessages({ to: phone, ...slice }, signal);
    const sent = await twilio.listMessages({ from: phone, ...slice }, signal);
    const results = await storeMissing(deps, clientId, received, now);
    total.found += results.filter((one) => one.status === 'fulfilled' && one.value).length;
    failures.push(...results.flatMap((one) => (one.status === 'rejected' ? [one.reason] : [])));
    total.booked += await withTransaction(pool, { clientId }, (connection) =>
      bookOtherTexts(connection, clientId, sent, deps.now()),
    );
    total.priced += await noteTold(deps, clientId, [...received, ...sent]);
  }
  return failures;
}

/** For people, who ask whether the books are up to date. */
async function noteReconciled({ pool, now }: ReconcileDeps, clientId: string, number: string) {
  const sql = loadSql('postgres/queries/note_reconciled');
  await withTransaction(pool, { clientId }, async (connection) => {
    await query(connection, sql, [clientId, number, now()]);
    await forgetOldCounts(connection, clientId, now());
  });
}

async function storeMissing(
  { pool, twilio, store, accountSid, now, signal }: ReconcileDeps,
  clientId: string,
  listed: readonly ListedMessage[],
  asOf: number,
): Promise<PromiseSettledResult<boolean>[]> {
  const received = listed.filter(
    ({ direction, from, happenedAt }) =>
      direction === 'inbound' &&
      senderKind(from) !== null &&
      happenedAt.getTime() < asOf - YOUNGEST_MS,
  );
  const known = await findKnown(pool, clientId, received);
  const missing = received
    .filter(({ messageSid }) => !known.has(messageSid))
    .sort((one, other) => one.happenedAt.getTime() - other.happenedAt.getTime());
  // One that cannot be had or stored keeps no other out of the books.
  return Promise.allSettled(
    missing.map(async (message) => {
      const media = message.mediaCount === 0 ? [] : await twilio.listMedia(message.messageSid);
      signal?.throwIfAborted();
      const stored = await store.storeInbound({
        ...{ clientId, now: now(), happenedAt: message.happenedAt },
        message: {
          ...{ messageSid: message.messageSid, accountSid, from: message.from, to: message.to },
          ...{ fromKind: senderKind(message.from) ?? 'name', body: storable(message.body), media },
          ...{ segments: message.segments, messagingServiceSid: null, fromCountry: null },
          optOutType: null,
        },
      });
      return stored === 'stored';
    }),
  );
}

async function findKnown(
  pool: Pool,
  clientId: string,
  listed: readonly ListedMessage[],
): Promise<Set<string>> {
  if (listed.length === 0) return new Set();
  const sids = listed.map(({ messageSid }) => messageSid);
  const sql = loadSql('postgres/queries/select_known_sids');
  // Words from before their writer was forgotten are as good as stored; a STOP holds all the same.
  const words = listed.filter(({ body }) => readKeyword(body)?.action !== 'stop');
  const column = <Value>(read: (message: ListedMessage) => Value) => words.map(read);
  const forgottenSql = loadSql('postgres/queries/select_forgotten_texts');
  const sent = [
    column(({ messageSid }) => messageSid),
    column(({ from }) => from),
    column(({ happenedAt }) => happenedAt),
  ];
  const rows = await withTransaction(pool, { clientId }, async (connection) => [
    ...(await query<{ message_sid: string }>(connection, sql, [clientId, sids])),
    ...(await query<{ message_sid: string }>(connection, forgottenSql, [clientId, ...sent])),
  ]);
  return new Set(rows.map((row) => row.message_sid));
}

/** Prices and segments in one statement; a state only where it is news. */
async function noteTold(
  { pool, now, signal }: ReconcileDeps,
  clientId: string,
  listed: readonly ListedMessage[],
): Promise<number> {
  if (listed.length === 0) return 0;
  const column = <Value>(read: (message: ListedMessage) => Value) => listed.map(read);
  const values = [
    column(({ messageSid }) => messageSid),
    column(({ price }) => price),
    column(({ currency }) => currency),
    // A message of a messaging service has no segments until it is sent.
    column(({ segments }) => segments || null),
  ];
  const { changed, news } = await withTransaction(pool, { clientId }, async (connection) => {
    const sql = loadSql('postgres/queries/update_told_prices');
    return {
      changed: await query(connection, sql, [clientId, ...values]),
      news: await findNews(connection, clientId, listed),
    };
  });
  // Each for itself: delivery states that come in at this moment wait for none but their own.
  for (const { messageSid, status, errorCode } of news) {
    signal?.throwIfAborted();
    await withTransaction(pool, { clientId }, (connection) =>
      refreshStatus(connection, clientId, messageSid, now(), { status, errorCode }),
    );
  }
  return changed.length;
}
