// Pricing one event against genai-prices' own calcPrice, on the same 809 real usages.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { calcPrice } from '@pydantic/genai-prices';
import { indexCards } from '../ingest/pricing/find-card.ts';
import { readCatalogue } from '../ingest/pricing/genai-prices.ts';
import { createPriceEvent } from '../ingest/pricing/price-event.ts';
import type { UsageEvent } from '../ingest/usage/event.ts';
import { parseNativeItem } from '../ingest/usage/native.ts';
import { type Measurement, median } from './measure.ts';

interface OracleRow {
  id: string;
  date_utc: string | null;
  provider: string;
  model: string;
  usage_raw: object;
  normalized: Record<string, number>;
}

const EVENTS = 200_000;
const ROUNDS = 5;
const RECORDED_AT = new Date('2026-01-01T00:00:00Z');

/** Prices EVENTS events ROUNDS times each way; cards found once per model, as in the server. */
export async function benchPricing(): Promise<Measurement[]> {
  const packed = readFileSync(new URL('../test/prices-genai/oracle.ndjson.gz', import.meta.url));
  const lines = gunzipSync(packed).toString('utf8').split('\n');
  const rows = lines.map((line) => JSON.parse(line) as OracleRow);
  const cards = (await readCatalogue()).map((card, index) => {
    return { ...card, id: String(index), clientId: null, recordedAt: RECORDED_AT };
  });
  const price = createPriceEvent(new Map(), indexCards(cards));
  const events = rows.flatMap(toEvent);
  const calls = rows.map(({ normalized, model, provider, date_utc: date }) => {
    const providerId = provider.replace(/^(google|aws|azure).*/, '$1');
    const timestamp = date === null ? RECORDED_AT : new Date(date);
    return () => calcPrice(normalized, model, { providerId, timestamp });
  });
  const own: number[] = [];
  const others: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const ours = timePerEvent(events.map((event) => () => price(event)));
    const theirs = timePerEvent(calls);
    // The first round lets both be compiled.
    if (round === 0) continue;
    own.push(ours);
    others.push(theirs);
  }
  return [
    {
      work: 'price one event exactly, against genai-prices in floats',
      figure: `${median(own).toFixed(1)} µs against ${median(others).toFixed(1)} µs`,
      aim: '≤ 5 µs',
    },
  ];
}

function toEvent({
  id,
  date_utc: date,
  provider,
  model,
  usage_raw: usage,
}: OracleRow): UsageEvent[] {
  const occurredAt = date ?? RECORDED_AT.toISOString();
  const item = { id, occurred_at: occurredAt, provider, model, raw_usage: usage };
  const parsed = parseNativeItem(item);
  return 'event' in parsed ? [parsed.event] : [];
}

function timePerEvent(calls: (() => unknown)[]): number {
  const started = performance.now();
  for (let index = 0; index < EVENTS; index += 1) calls[index % calls.length]?.();
  return ((performance.now() - started) / EVENTS) * 1000;
}
