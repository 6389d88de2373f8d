// Prices against figures of others: the oracle of genai-prices row by row, and the Azure trace, whose
// sum was computed with another tool.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Decimal, sumDecimals } from '../../core/money.ts';
import { addTestClient, createTestBooks, type TestBooks } from '../../core/test-support.ts';
import type { UsageEvent } from '../usage/event.ts';
import { parseNativeItem } from '../usage/native.ts';
import type { Costing } from './costing.ts';
import { createPriceBook } from './price-book.ts';
import { setPrices } from './set-price.ts';
import { makeEvent, priceByCatalogue } from './test-support.ts';

interface OracleRow {
  id: string;
  date_utc: string | null;
  provider: string;
  model: string;
  usage_raw: object;
  normalized: Record<string, number>;
  input_price: string;
  output_price: string;
  total_price: string;
}

const TOLERANCE = '1e-12';
// Rows without a date were priced when the oracle ran. No price of their models depends on when:
// every day from 2025 to 2026 gives the same figures.
const ORACLE_RUN = '2026-10-01T00:00:00Z';

const SEARCHES =
  'the oracle leaves out web searches, which Anthropic bills at 10 dollars a thousand';
/** Where the oracle is wrong: what is right, and why. */
const ORACLE_ERRORS: Record<string, [right: string, reason: string]> = {
  r03183: ['0.052087', SEARCHES],
  r03032: ['2.526628', SEARCHES],
  r03033: ['3.0453065', SEARCHES],
  r03008: ['0.060724', SEARCHES],
  r00503: [
    '0.0000034',
    'Ministral 8B cost 0.1 dollars a million for output too until 2025-12-02; the oracle took 1.0',
  ],
};

const WRITES = 'the oracle does not read cache_write_tokens, which cost 1.25 times the input';
/** Where its reading of the provider's own usage is wrong too. */
const READING_ERRORS: typeof ORACLE_ERRORS = {
  r01799: ['0.025235', WRITES],
  r01803: ['0.00021285', WRITES],
  r01804: ['0.000226325', WRITES],
  r01805: ['0.000381425', WRITES],
  r01806: ['0.000182325', WRITES],
  r03255: ['0.00007925', 'the call was served ON_DEMAND_FLEX, at half the price'],
};

/** Fields of an event by the names of genai-prices; the rest goes into other units. */
const FIELDS: Record<string, keyof UsageEvent> = {
  input_tokens: 'inputTokens',
  output_tokens: 'outputTokens',
  cache_read_tokens: 'cacheReadTokens',
  cache_write_tokens: 'cacheWriteTokens',
  cache_write_5m_tokens: 'cacheWrite5mTokens',
  output_reasoning_tokens: 'reasoningTokens',
  input_audio_tokens: 'inputAudioTokens',
  web_searches: 'searches',
};

const read = (path: string) =>
  gunzipSync(readFileSync(new URL(`../../test/${path}`, import.meta.url))).toString('utf8');
const rows = read('prices-genai/oracle.ndjson.gz')
  .split('\n')
  .map((line) => JSON.parse(line) as OracleRow);

describe('the oracle of genai-prices', () => {
  test.each([
    ['its own reading of the usage', eventOfNormalized, ORACLE_ERRORS],
    ['the provider’s own usage object', eventOfRaw, { ...ORACLE_ERRORS, ...READING_ERRORS }],
  ])('agrees on all 809 rows, from %s', async (_name, toEvent, errors) => {
    const price = await priceByCatalogue();
    const differing = rows.flatMap((row) => {
      const costing = price(toEvent(row));
      const [right] = errors[row.id] ?? [];
      return agrees(costing, row, right) ? [] : [describeRow(row, costing)];
    });
    expect(rows).toHaveLength(809);
    expect(differing).toEqual([]);
  });

  test('is contradicted only where it is wrong: the control', async () => {
    const price = await priceByCatalogue();
    const wrong = (toEvent: (row: OracleRow) => UsageEvent) =>
      rows.filter((row) => !agrees(price(toEvent(row)), row)).map(({ id }) => id);
    const priced = Object.keys(ORACLE_ERRORS);
    expect(wrong(eventOfNormalized).sort()).toEqual(priced.sort());
    const read = [...priced, ...Object.keys(READING_ERRORS)];
    expect(wrong(eventOfRaw).sort()).toEqual(read.sort());
  });
});

/** The oracle leaves out counts of zero. */
function eventOfNormalized(row: OracleRow): UsageEvent {
  const fields: Record<string, unknown> = { inputTokens: 0, outputTokens: 0 };
  const otherUnits: Record<string, number> = {};
  for (const [name, count] of Object.entries(row.normalized)) {
    const field = FIELDS[name];
    if (field === undefined) otherUnits[name] = count;
    else fields[field] = count;
  }
  const { provider, model } = row;
  const occurredAt = row.date_utc ?? ORACLE_RUN;
  return makeEvent({ ...fields, otherUnits, provider, model, occurredAt });
}

function eventOfRaw(row: OracleRow): UsageEvent {
  const parsed = parseNativeItem({
    id: row.id,
    occurred_at: row.date_utc ?? ORACLE_RUN,
    provider: row.provider,
    model: row.model,
    raw_usage: row.usage_raw,
  });
  if ('event' in parsed) return { ...parsed.event, reportedCost: null };
  throw new Error(`${row.id}: ${parsed.rejection.field} ${parsed.rejection.reason}`);
}

function agrees(costing: Costing, row: OracleRow, right?: string): boolean {
  if (costing.computedCost === null) return false;
  if (right !== undefined) return isNear(costing.computedCost, right);
  const partOf = (prefix: RegExp) =>
    sumDecimals(costing.lines.filter(({ unit }) => prefix.test(unit)).map(({ amount }) => amount));
  return (
    isNear(costing.computedCost, row.total_price) &&
    isNear(partOf(/^(input|cache)/), row.input_price) &&
    isNear(partOf(/^output/), row.output_price)
  );
}

function isNear(left: string, right: string): boolean {
  return new Decimal(left).minus(right).abs().lessThanOrEqualTo(TOLERANCE);
}

function describeRow(row: OracleRow, costing: Costing): string {
  const usage = JSON.stringify(row.usage_raw);
  return `${row.id} ${row.provider} ${row.model}: ${costing.computedCost}, oracle ${row.total_price}, ${usage}`;
}

describe('the Azure trace', () => {
  let books: TestBooks;

  beforeAll(async () => {
    books = await createTestBooks();
    await addTestClient(books.app);
  });

  afterAll(() => books.close());

  test('of 19,366 calls costs exactly 96.791325 at 2.50 and 10.00 a million', async () => {
    const [, ...calls] = read('azure-llm-2023/conv.csv.gz').trim().split(/\r?\n/);
    const rates = [
      { unit: 'input_tokens', price: '2.50', per: 1_000_000 },
      { unit: 'output_tokens', price: '10.00', per: 1_000_000 },
    ];
    const model = 'conversation';
    await setPrices(books.app, 'acme', [{ provider: 'azure', model, rates }], new Date());
    const price = await createPriceBook(books.app)('acme');
    let [inputs, outputs] = [0, 0];
    const costs = calls.map((call) => {
      const [time = '', input = '', output = ''] = call.split(',');
      const [inputTokens, outputTokens] = [Number(input), Number(output)];
      inputs += inputTokens;
      outputs += outputTokens;
      const occurredAt = `${time.replace(' ', 'T').slice(0, 26)}Z`;
      const provider = 'azure';
      return (
        price(makeEvent({ provider, model, occurredAt, inputTokens, outputTokens })).cost ?? ''
      );
    });
    expect([calls.length, inputs, outputs]).toEqual([19_366, 22_361_870, 4_088_665]);
    expect(sumDecimals(costs)).toBe('96.791325');
  });
});
