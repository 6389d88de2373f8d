// The costs of random calls, priced, reported and repriced in several currencies: the view of the
// books and the rollups of the warehouse agree to the last decimal, and a reprice settles at once.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import { addTestClient, createTestBooks, silentLog, type TestBooks } from '../core/test-support.ts';
import { createPriceBook } from '../ingest/pricing/price-book.ts';
import { repriceUsage } from '../ingest/pricing/reprice.ts';
import { setPrices } from '../ingest/pricing/set-price.ts';
import { createUsageStore } from '../ingest/store/usage-events.ts';
import { parseNativeItem } from '../ingest/usage/native.ts';
import { refreshWarehouse } from '../pipeline/refresh.ts';
import { createTestWarehouse, type TestWarehouse } from './test-warehouse.ts';

const BOOKED = `
  select currency, cost_status, count(*)::text as calls,
    sum(coalesce(input_tokens, 0))::text as tokens,
    sum(coalesce(reported_cost, 0))::numeric(38, 18)::text as reported,
    sum(coalesce(computed_cost, 0))::numeric(38, 18)::text as computed,
    sum(coalesce(effective_cost, 0))::numeric(38, 18)::text as effective
  from usage_calls where client_id = $1 group by 1, 2 order by 1, 2`;
const ROLLED = `
  select currency, cost_status, sum(calls)::varchar as calls,
    sum(input_tokens)::varchar as tokens, sum(reported_cost)::varchar as reported,
    sum(computed_cost)::varchar as computed, sum(effective_cost)::varchar as effective
  from rollups.usage_by_period
  where client_id = $clientId::varchar and period_kind = $kind::varchar
  group by 1, 2 order by 1, 2`;

const currency = fc.constantFrom('USD', 'EUR', 'JPY');
const digits = fc.bigInt(0n, 10n ** 18n - 1n).map((units) => String(units).padStart(18, '0'));
const amount = fc.oneof(
  fc.constantFrom('0', '999999999999.999999999999999999'),
  digits.map((decimals) => `0.${decimals}`),
);
const call = fc.record({
  occurred_at: fc.integer({ min: 0, max: 10_000 }).map((hours) => {
    return new Date(Date.UTC(2025, 0) + hours * 3_600_000).toISOString();
  }),
  model: fc.constantFrom('model-a', 'model-b'),
  input_tokens: fc.option(fc.oneof(fc.constant(10 ** 12), fc.nat(10 ** 9))),
  cost: fc.option(amount),
  currency: fc.option(currency),
  estimated: fc.boolean(),
  status: fc.constantFrom('success', 'error', 'cancelled'),
});
const round = fc.record({
  price: digits.map((decimals) => `0.${decimals}`),
  currency,
  calls: fc.array(call, { minLength: 1, maxLength: 40 }),
});

type Round = typeof round extends fc.Arbitrary<infer Value> ? Value : never;

let books: TestBooks;
let held: TestWarehouse;
beforeAll(async () => {
  books = await createTestBooks();
  held = await createTestWarehouse();
});
afterAll(async () => {
  held.remove();
  await books.close();
});

async function book(clientId: string, { price, currency, calls }: Round, id: number) {
  const rates = [{ unit: 'input_tokens', price }];
  await setPrices(
    books.app,
    clientId,
    [{ provider: 'home', model: 'model-a', currency, rates }],
    new Date(),
  );
  const items = calls.map((fields, index) =>
    parseNativeItem({ id: `${id}-${index}`, provider: 'home', ...fields }),
  );
  await createUsageStore(books.app)(clientId, items);
}

async function reprice(clientId: string): Promise<number> {
  const { changed } = await repriceUsage(books.app, await createPriceBook(books.app)(clientId), {
    clientId,
    from: new Date('2025-01-01T00:00:00Z'),
    to: new Date('2027-01-01T00:00:00Z'),
    isDryRun: false,
    reason: 'A test.',
    now: new Date(),
  });
  return changed;
}

let clients = 0;
test('the books and the warehouse agree on every kind of cost', async () => {
  const property = fc.asyncProperty(
    fc.array(round, { minLength: 1, maxLength: 4 }),
    async (rounds) => {
      clients += 1;
      const clientId = `c${clients}`;
      await addTestClient(books.app, { clientId, currency: 'EUR', timeZone: 'Europe/Vienna' });
      for (const [id, one] of rounds.entries()) {
        await book(clientId, one, id);
        if (id % 2 === 1) await Promise.all([reprice(clientId), reprice(clientId)]);
        if (id % 2 === 1) expect(await reprice(clientId)).toBe(0);
      }
      await refreshWarehouse({ pool: books.pipeline, warehouse: held.warehouse, log: silentLog() });
      const booked = await query(books.owner, BOOKED, [clientId]);
      for (const kind of ['day', 'week', 'month']) {
        expect(await held.warehouse.rows(ROLLED, { clientId, kind })).toEqual(booked);
      }
    },
  );
  await fc.assert(property, { numRuns: 6 });
}, 60_000);
