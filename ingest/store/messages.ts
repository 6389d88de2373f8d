// Writes texts: an inbound message with its user, conversation and task in one transaction, each sid
// once. Messages that arrive together share a transaction. Answers nothing.
import { randomUUID } from 'node:crypto';
import { type Connection, type Pool, query, withTransaction } from '../../core/postgres.ts';
import { shareNextRun } from '../../core/share-run.ts';
import { loadSql } from '../../core/sql.ts';
import { classifyTask } from '../agent/classify.ts';
import { type KeywordAction, readKeyword } from '../agent/keywords.ts';
import { wishesToStop } from '../agent/wish-to-stop.ts';
import { estimateText } from '../texts/rates.ts';
import { countSegments } from '../texts/segments.ts';
import type { InboundMessage } from '../twilio/inbound-fields.ts';
import { callingCode, isE164 } from '../twilio/phone.ts';
import type { DeliveryReport } from '../twilio/status-fields.ts';
import { lift, noteConsents, type OfNumber, suppress } from './consents.ts';
import { groupWrites } from './groups.ts';
import { refreshStatus } from './message-status.ts';
import { adoptSid } from './outbox.ts';

export interface MessageStore {
  /** Whose client the number is, or undefined for one that is not ours. */
  findClient(number: string): Promise<string | undefined>;
  /** Resolves after the commit; "duplicate" for a sid that was stored before. */
  storeInbound(inbound: Inbound): Promise<StoredMessage>;
  /** False, with nothing stored, for a client that there is not. */
  storeStatus(clientId: string, report: DeliveryReport, now: Date): Promise<boolean>;
}

export interface Inbound {
  clientId: string;
  message: InboundMessage;
  now: Date;
  /** When Twilio received it, where a listing tells; else it is now. */
  happenedAt?: Date;
}

export type StoredMessage = 'stored' | 'duplicate';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const GROUP_MESSAGES_MAX = 200;
const LANES = 2;

/** Makes the writer of texts. */
export function createMessageStore(pool: Pool): MessageStore {
  const writeTogether = (group: Inbound[]) => storeGroup(pool, group);
  return {
    findClient: shareNextRun(async (number) => {
      if (!isE164(number)) return undefined;
      const sql = loadSql('postgres/queries/select_number_client');
      const [row] = await query<{ client_id: string }>(pool, sql, [number]);
      return row?.client_id;
    }),
    storeInbound: groupWrites<Inbound, StoredMessage>({
      lanes: LANES,
      sizeMax: GROUP_MESSAGES_MAX,
      sizeOf: () => 1,
      writeTogether,
      writeAlone: async (inbound) => (await writeTogether([inbound]))[0] ?? 'duplicate',
    }),
    storeStatus: async (clientId, report, now) => {
      const { messageSid, status, errorCode, outboxId } = report;
      const values = [clientId, messageSid, status, errorCode ?? '', outboxId, now];
      return withTransaction(pool, { clientId }, async (connection) => {
        const sql = loadSql('postgres/queries/insert_status_event');
        if ((await query(connection, sql, values)).length === 0) return false;
        await settleStatus(connection, clientId, report, now);
        return true;
      });
    },
  };
}

/** Stores the messages of a group client by client, and tells of each what became of it. */
async function storeGroup(pool: Pool, group: Inbound[]): Promise<StoredMessage[]> {
  const stored = new Set<Inbound>();
  for (const [clientId, messages] of Map.groupBy(group, (inbound) => inbound.clientId)) {
    // Sent twice at one moment, a message is the first of both.
    const bySid = new Map(messages.toReversed().map((one) => [one.message.messageSid, one]));
    // In one order of sids, so that writers never wait for each other crosswise.
    const firsts = [...bySid.values()].sort((one, other) =>
      one.message.messageSid < other.message.messageSid ? -1 : 1,
    );
    const sids = await withTransaction(pool, { clientId }, (connection) =>
      storeOfClient(connection, clientId, firsts),
    );
    for (const first of firsts) if (sids.has(first.message.messageSid)) stored.add(first);
  }
  return group.map((inbound) => (stored.has(inbound) ? 'stored' : 'duplicate'));
}

async function storeOfClient(
  connection: Connection,
  clientId: string,
  messages: Inbound[],
): Promise<Set<string>> {
  const now = messages[0]?.now ?? new Date();
  const users = await resolveUsers(connection, clientId, messages, now);
  const rows = messages.map((inbound) => toRow(inbound, users.get(inbound.message.from)?.userId));
  const columns = COLUMNS.map((column) => rows.map((row) => row[column]));
  const sql = loadSql('postgres/queries/insert_inbound');
  const stored = await query<{ message_sid: string }>(connection, sql, [clientId, now, ...columns]);
  const sids = new Set(stored.map((row) => row.message_sid));
  const acts = rows
    .filter(({ messageSid }) => sids.has(messageSid))
    .map((row) => ({ clientId, phone: row.from, quoted: row.body, now, ...row }));
  const firsts = new Map(acts.toReversed().map((act) => [act.phone, act]));
  const strangers = [...firsts.values()].filter(({ phone }) => users.get(phone)?.isNew === true);
  await noteConsents(connection, 'texted', strangers);
  for (const act of acts) await noteConduct(connection, act);
  return sids;
}

/**
 * STOP and START take effect with the message, before anybody gets to answer it. Of those that are
 * found late the newest counts, whichever is stored first.
 */
async function noteConduct(
  connection: Connection,
  { keyword, wishesToStop: isWish, userId, happenedAt, isReconciled, ...act }: Conduct,
): Promise<void> {
  if (isReconciled && (keyword === 'start' || keyword === 'stop')) {
    // Two that are found together wait for each other, so that the second sees the first.
    const key = [act.clientId, act.phone];
    await query(connection, loadSql('postgres/queries/lock_sms_user'), key);
  }
  if (keyword === 'start') {
    const until = isReconciled ? { until: happenedAt } : {};
    await lift(connection, { ...act, ...until, reasons: ['stop', 'refused'] });
  } else if (keyword === 'stop') {
    const values = [act.clientId, userId, happenedAt];
    const sql = loadSql('postgres/queries/select_later_start');
    const isUndone = isReconciled && (await query(connection, sql, values)).length > 0;
    if (isUndone) await noteConsents(connection, 'stop', [act]);
    else await suppress(connection, { ...act, reason: 'stop', since: happenedAt });
  } else if (isWish && userId !== null) await noteConsents(connection, 'wish', [act]);
}

type Conduct = InboundRow & OfNumber;

interface KnownUser {
  userId: string;
  isNew: boolean;
}

const RESOLVE_ATTEMPTS_MAX = 3;

/** The user of each number that can be answered; a short code or a name is nobody. */
async function resolveUsers(
  connection: Connection,
  clientId: string,
  messages: Inbound[],
  now: Date,
): Promise<Map<string, KnownUser>> {
  const people = messages.filter(({ message }) => message.fromKind === 'phone');
  const phones = [...new Set(people.map(({ message }) => message.from))].sort();
  const users = new Map<string, KnownUser>();
  let unknown = phones;
  for (let attempt = 0; unknown.length > 0; attempt += 1) {
    // Without its user a text would have no task, and nobody would see that.
    if (attempt === RESOLVE_ATTEMPTS_MAX) throw new Error('who sent a text cannot be found out');
    const ids = unknown.map(() => `sms-${randomUUID().slice(0, 13)}`);
    const rows = await query<{ phone: string; user_id: string; is_new: boolean }>(
      connection,
      loadSql('postgres/queries/resolve_sms_users'),
      [clientId, unknown, ids, now],
    );
    for (const row of rows) users.set(row.phone, { userId: row.user_id, isNew: row.is_new });
    unknown = unknown.filter((phone) => !users.has(phone));
  }
  return users;
}

interface InboundRow {
  messageSid: string;
  from: string;
  to: string;
  userId: string | null;
  taskId: string | null;
  body: string;
  media: string | null;
  encoding: string;
  segments: number;
  toldSegments: number | null;
  currency: string;
  estimatedPrice: string | null;
  carrierFee: string | null;
  happenedAt: Date;
  isReconciled: boolean;
  conversationId: string | null;
  keyword: KeywordAction | null;
  wishesToStop: boolean;
  category: string;
  complexity: number;
}

/** In the order of insert_inbound's parameters. */
const COLUMNS: readonly (keyof InboundRow)[] = [
  ...(['messageSid', 'from', 'to', 'userId', 'taskId', 'body', 'media'] as const),
  ...(['encoding', 'segments', 'toldSegments', 'currency', 'estimatedPrice'] as const),
  ...(['carrierFee', 'happenedAt', 'isReconciled', 'conversationId', 'keyword'] as const),
  ...(['wishesToStop', 'category', 'complexity'] as const),
];

function toRow({ message, now, happenedAt }: Inbound, userId: string | undefined): InboundRow {
  const { messageSid, from, to, body, media } = message;
  const { encoding, segments } = countSegments(body);
  const estimate = estimateText({
    direction: 'inbound',
    callingCode: callingCode(from),
    segments: message.segments || segments,
    hasMedia: media.length > 0,
  });
  return {
    messageSid,
    from,
    to,
    userId: userId ?? null,
    taskId: userId === undefined ? null : randomUUID(),
    body,
    media: media.length === 0 ? null : JSON.stringify(media),
    encoding,
    segments,
    toldSegments: message.segments,
    currency: estimate.currency,
    estimatedPrice: estimate.price,
    carrierFee: estimate.carrierFee,
    happenedAt: happenedAt ?? now,
    isReconciled: happenedAt !== undefined,
    // One for each pair of numbers; the person's is not in it.
    conversationId: userId === undefined ? null : `${userId}:${to}`,
    keyword: keywordOf(message),
    wishesToStop: wishesToStop(body),
    ...classifyTask(body),
  };
}

/** Twilio may know further words, in other languages, and says what it took them for. */
function keywordOf({ body, optOutType }: InboundMessage): KeywordAction | null {
  const told = optOutType?.toLowerCase();
  if (told === 'stop' || told === 'start' || told === 'help') return told;
  return readKeyword(body)?.action ?? null;
}

/** What a status changes: the message's standing one, and whether a number can be texted at all. */
async function settleStatus(
  connection: Connection,
  clientId: string,
  { messageSid, outboxId }: DeliveryReport,
  now: Date,
): Promise<void> {
  // A state may come before the answer to our request: then it is the first to tell the sid.
  if (outboxId !== null && UUID.test(outboxId))
    await adoptSid(connection, { clientId, outboxId, messageSid, now });
  await refreshStatus(connection, clientId, messageSid, now);
}
