// Writes usage events: one transaction per batch, each (client, event id) once and for ever.

import { AppError } from '../../core/errors.ts';
import { type Connection, type Pool, query, withTransaction } from '../../core/postgres.ts';
import { loadSql } from '../../core/sql.ts';
import type { Costing, PricesOf } from '../pricing/costing.ts';
import { createPriceBook } from '../pricing/price-book.ts';
import type { ParsedItem, UsageEvent } from '../usage/event.ts';

/** What became of one item, in the order received. */
export type ItemResult =
  | { index: number; id: string; result: 'accepted' | 'duplicate' | 'conflict' }
  | { index: number; id: string | null; result: 'rejected'; field: string; reason: string };

export type StoreUsage = (clientId: string, items: ParsedItem[]) => Promise<ItemResult[]>;

/** An event with what it cost. */
interface PricedEvent {
  event: UsageEvent;
  costing: Costing;
}

/** Makes the writer. It resolves only after the commit; a rejected item never stops the others. */
export function createUsageStore(
  pool: Pool,
  pricesOf: PricesOf = createPriceBook(pool),
): StoreUsage {
  return async (clientId, items) => {
    const write = await prepareWrite(clientId, items, pricesOf);
    if (write.isEmpty) return write.resultsOf(NOTHING);
    return write.resultsOf(await withTransaction(pool, { clientId }, write.run));
  };
}

/** The items of one client, parsed and priced, before and after their transaction. */
export interface UsageWrite {
  isEmpty: boolean;
  /** Writes inside a transaction whose tenant is the client. */
  run(connection: Connection): Promise<Stored>;
  /** What became of each item, once the transaction is committed. */
  resultsOf(stored: Stored): ItemResult[];
}

/** Prices a client's items and puts them in the one order in which every writer takes its locks. */
export async function prepareWrite(
  clientId: string,
  items: ParsedItem[],
  pricesOf: PricesOf,
): Promise<UsageWrite> {
  const firsts = firstOfEachId(items);
  const events = [...firsts.values()].sort((left, right) =>
    left.eventId < right.eventId ? -1 : 1,
  );
  const isEmpty = events.length === 0;
  const price = isEmpty ? undefined : await pricesOf(clientId);
  const priced =
    price === undefined ? [] : events.map((event) => ({ event, costing: price(event) }));
  return {
    isEmpty,
    run: (connection) => storeEvents(connection, clientId, priced),
    resultsOf: (stored) => items.map((item, index) => resultOf(item, index, firsts, stored)),
  };
}

/** Of a write's ids: those that were new, and the hashes of those that were there. */
export interface Stored {
  accepted: Set<string>;
  hashes: Map<string, Buffer>;
}

/** What an empty write stores. */
export const NOTHING: Stored = { accepted: new Set(), hashes: new Map() };

/** The first event of each id; later ones of the same request are compared with it. */
function firstOfEachId(items: ParsedItem[]): Map<string, UsageEvent> {
  const firsts = new Map<string, UsageEvent>();
  for (const item of items) {
    if ('event' in item && !firsts.has(item.event.eventId))
      firsts.set(item.event.eventId, item.event);
  }
  return firsts;
}

async function storeEvents(
  connection: Connection,
  clientId: string,
  priced: PricedEvent[],
): Promise<Stored> {
  const events = priced.map(({ event }) => event);
  await createNamed(connection, clientId, events);
  const inserted = await query<{ event_id: string }>(
    connection,
    loadSql('postgres/queries/insert_usage_events'),
    [clientId, ...columnsOf(priced)],
  );
  const accepted = new Set(inserted.map((row) => row.event_id));
  const known = events.map((event) => event.eventId).filter((id) => !accepted.has(id));
  return { accepted, hashes: await hashesOf(connection, clientId, known) };
}

async function createNamed(
  connection: Connection,
  clientId: string,
  events: UsageEvent[],
): Promise<void> {
  const named = {
    insert_users: events.map((event) => event.userId),
    insert_chatbots: events.map((event) => event.chatbotId),
    insert_conversations: events.map((event) => event.conversationId),
  };
  for (const [statement, ids] of Object.entries(named)) {
    const distinct = [...new Set(ids)].filter((id) => id !== null).sort();
    if (distinct.length === 0) continue;
    await query(connection, loadSql(`postgres/queries/${statement}`), [clientId, distinct]);
  }
}

async function hashesOf(
  connection: Connection,
  clientId: string,
  ids: string[],
): Promise<Map<string, Buffer>> {
  if (ids.length === 0) return new Map();
  const rows = await query<{ event_id: string; body_hash: Buffer }>(
    connection,
    loadSql('postgres/queries/select_event_hashes'),
    [clientId, ids],
  );
  if (rows.length !== ids.length) {
    throw new AppError('ERR_NOT_FOUND', `there is no client "${clientId}" to book for`, {
      fix: 'add it: npm run daybook -- clients add --help',
    });
  }
  return new Map(rows.map((row) => [row.event_id, row.body_hash]));
}

function resultOf(
  item: ParsedItem,
  index: number,
  firsts: Map<string, UsageEvent>,
  { accepted, hashes }: Stored,
): ItemResult {
  if ('rejection' in item) return { index, result: 'rejected', ...item.rejection };
  const { eventId: id, bodyHash } = item.event;
  const first = firsts.get(id);
  if (first === item.event && accepted.has(id)) return { index, id, result: 'accepted' };
  const booked = hashes.get(id) ?? first?.bodyHash;
  return { index, id, result: booked?.equals(bodyHash) ? 'duplicate' : 'conflict' };
}

// Between the members of a list in one text; refused in every field, so it can part nothing else.
const LIST_SEPARATOR = '\x1f';

/** One array per column of insert_usage_events, in its order. */
function columnsOf(events: PricedEvent[]): unknown[][] {
  return VALUES.map((read) => events.map(read));
}

const VALUES: ((event: PricedEvent) => unknown)[] = [
  ({ event }) => event.eventId,
  ({ event }) => event.source,
  ({ event }) => event.occurredAt,
  ({ event }) => event.provider,
  ({ event }) => event.model,
  ({ event }) => event.servedModel,
  ({ event }) => event.operation,
  ({ event }) => event.userId,
  ({ event }) => event.phone,
  ({ event }) => event.conversationId,
  ({ event }) => event.chatbotId,
  ({ event }) => event.requestId,
  ({ event }) => event.status,
  ({ event }) => event.errorType,
  ({ event }) => event.latencyMs,
  ({ event }) => event.ttftMs,
  ({ event }) => event.streamed,
  ({ event }) => event.serviceTier,
  ({ event }) => event.batch,
  ({ event }) => joinList(event.tags),
  ({ event }) => event.metadata,
  ({ event }) => event.inputTokens,
  ({ event }) => event.outputTokens,
  ({ event }) => event.cacheReadTokens,
  ({ event }) => event.cacheWriteTokens,
  ({ event }) => event.cacheWrite5mTokens,
  ({ event }) => event.cacheWrite1hTokens,
  ({ event }) => event.reasoningTokens,
  ({ event }) => event.inputAudioTokens,
  ({ event }) => event.outputAudioTokens,
  ({ event }) => event.audioSeconds,
  ({ event }) => event.images,
  ({ event }) => event.searches,
  ({ event }) => event.requests,
  ({ event }) => (event.otherUnits === null ? null : JSON.stringify(event.otherUnits)),
  ({ event }) => event.rawUsage,
  ({ event }) => event.estimated,
  ({ event, costing }) => joinList([...event.flags, ...costing.flags]),
  ({ event }) => event.reportedCost,
  ({ event }) => event.reportedCostText,
  ({ costing }) => costing.computedCost,
  ({ costing }) => costing.computedCurrency,
  ({ costing }) => costing.cost,
  ({ costing }) => costing.costStatus,
  ({ costing }) => costing.card?.id ?? null,
  ({ costing }) => costing.currency,
  ({ event }) => event.bodyHash,
];

function joinList(members: string[] | null): string | null {
  return members === null || members.length === 0 ? null : members.join(LIST_SEPARATOR);
}
