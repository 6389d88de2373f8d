// What the tests of pricing share: events with sensible fields, and cards without a database. Never
// imported outside tests.
import { NOTHING_TOLD, type UsageEvent } from '../usage/event.ts';
import { type CardContent, type RecordedCard, STANDARD } from './cards.ts';
import type { PriceEvent } from './costing.ts';
import { indexCards } from './find-card.ts';
import { readCatalogue } from './genai-prices.ts';
import { createPriceEvent } from './price-event.ts';

const EVENT: UsageEvent = {
  eventId: 'e',
  source: 'native',
  occurredAt: '2026-10-01T12:00:00Z',
  provider: 'openai',
  model: 'gpt-4o',
  servedModel: null,
  operation: null,
  userId: null,
  phone: null,
  conversationId: null,
  chatbotId: null,
  requestId: null,
  status: 'success',
  errorType: null,
  latencyMs: null,
  ttftMs: null,
  streamed: null,
  serviceTier: null,
  batch: null,
  tags: null,
  metadata: null,
  rawUsage: null,
  estimated: false,
  flags: [],
  reportedCost: null,
  reportedCostText: null,
  currency: null,
  bodyHash: Buffer.alloc(32),
  ...NOTHING_TOLD,
};

/** A successful call to gpt-4o that tells no usage, but for `fields`. */
export function makeEvent(fields: Partial<UsageEvent> = {}): UsageEvent {
  return { ...EVENT, ...fields };
}

/** Prices per million by unit, at the standard tier. */
export function makeCard(
  prices: Record<string, string>,
  fields: Partial<RecordedCard> = {},
): RecordedCard {
  return {
    id: '1',
    clientId: null,
    provider: 'openai',
    model: 'gpt-4o',
    pattern: { equals: 'gpt-4o' },
    currency: 'USD',
    validFrom: null,
    validTo: null,
    dailyFrom: null,
    dailyTo: null,
    recordedAt: new Date('2026-01-01T00:00:00Z'),
    source: 'test',
    version: '1',
    position: 0,
    rates: Object.entries(prices).map(([unit, price]) => {
      return { unit, tier: STANDARD, contextThreshold: 0, price, per: 1_000_000n };
    }),
    ...fields,
  };
}

/** The pricing of shared cards, and of a client's own before them. */
export function priceWith(shared: RecordedCard[], own: RecordedCard[] = []): PriceEvent {
  return createPriceEvent(indexCards(own), indexCards(shared));
}

let catalogue: Promise<PriceEvent> | undefined;

/** The pricing of the whole catalogue. */
export function priceByCatalogue(): Promise<PriceEvent> {
  catalogue ??= readCatalogue().then((cards) => priceWith(cards.map(record)));
  return catalogue;
}

function record(card: CardContent, index: number): RecordedCard {
  return {
    ...card,
    id: String(index + 1),
    clientId: null,
    recordedAt: new Date('2026-01-01T00:00:00Z'),
  };
}
