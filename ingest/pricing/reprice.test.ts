// Rules of repricing: compared first, adjusted beside the event, once, with its reason, and only for
// its own client.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { query } from '../../core/postgres.ts';
import { addTestClient, createTestBooks, type TestBooks } from '../../core/test-support.ts';
import { createUsageStore } from '../store/usage-events.ts';
import { parseNativeItem } from '../usage/native.ts';
import { createPriceBook } from './price-book.ts';
import { type RepriceRequest, repriceUsage } from './reprice.ts';
import { setPrices } from './set-price.ts';

const MILLION = 1_000_000;
const MISSING = 'unit_not_priced';
const NOW = new Date('2026-11-01T08:00:00Z');

let books: TestBooks;

beforeAll(async () => {
  books = await createTestBooks();
});

afterAll(() => books.close());

beforeEach(async () => {
  await query(books.owner, 'truncate cost_adjustments, usage_events cascade');
  await query(books.owner, `delete from price_rates where price_card_id in ${OWN_CARDS}`);
  await query(books.owner, 'delete from price_cards where client_id is not null');
  for (const clientId of ['acme', 'other']) {
    await addTestClient(books.app, { clientId, currency: 'EUR' });
  }
});

const OWN_CARDS = '(select price_card_id from price_cards where client_id is not null)';

async function store(clientId: string, items: Record<string, unknown>[]): Promise<void> {
  const defaults = { provider: 'home', model: 'model-a', occurred_at: '2026-10-05T12:00:00Z' };
  const results = await createUsageStore(books.app, createPriceBook(books.app))(
    clientId,
    items.map((item) => parseNativeItem({ ...defaults, ...item })),
  );
  expect(results.map(({ result }) => result)).toEqual(items.map(() => 'accepted'));
}

function setPrice(clientId: string, price: string, model = 'model-a') {
  const rates = [{ unit: 'input_tokens', price, per: MILLION }];
  return setPrices(books.app, clientId, [{ provider: 'home', model, rates }], new Date());
}

async function reprice(fields: Partial<RepriceRequest> = {}) {
  const request = {
    clientId: 'acme',
    from: new Date('2026-10-01T00:00:00Z'),
    to: new Date('2026-11-01T00:00:00Z'),
    isDryRun: false,
    reason: 'A test.',
    now: NOW,
    ...fields,
  };
  const price = await createPriceBook(books.app)(request.clientId);
  return repriceUsage(books.app, price, request);
}

function readEvents() {
  return query(books.owner, 'select *, xid::text from usage_events order by client_id, event_id');
}

function readAdjustments() {
  return query(
    books.owner,
    `select event_id, reprice_id, old_cost::float as old_cost, old_cost_status,
       new_cost::float as new_cost, new_computed_cost::float as new_computed_cost,
       new_cost_status, currency, price_card_id, reason, recorded_at
     from cost_adjustments order by adjustment_id`,
  );
}

test('a dry run shows the difference by model and writes nothing', async () => {
  await store('acme', [
    { id: 'e1', input_tokens: MILLION },
    { id: 'e2', input_tokens: 2 * MILLION },
    { id: 'e3', input_tokens: 5, model: 'model-b' },
  ]);
  await setPrice('acme', '2.5');
  const { models, calls, changed } = await reprice({ isDryRun: true });
  expect([calls, changed]).toEqual([3, 2]);
  expect(models).toEqual([
    {
      model: 'model-a',
      currency: 'USD',
      calls: 2,
      changed: 2,
      costBefore: '0',
      costAfter: '7.5',
      difference: '7.5',
      unknownBefore: 2,
      unknownAfter: 0,
      statusChanges: { 'unpriced → computed': 2 },
    },
    {
      model: 'model-b',
      currency: 'EUR',
      calls: 1,
      changed: 0,
      costBefore: '0',
      costAfter: '0',
      difference: '0',
      unknownBefore: 1,
      unknownAfter: 1,
      statusChanges: {},
    },
  ]);
  expect(await readAdjustments()).toEqual([]);
});

test('an adjustment stands beside the event, which stays as it was', async () => {
  await store('acme', [{ id: 'e1', input_tokens: MILLION }]);
  const before = await readEvents();
  await setPrice('acme', '2.5');
  const { repriceId, changed } = await reprice();
  expect(changed).toBe(1);
  expect(await readEvents()).toEqual(before);
  expect(await readAdjustments()).toEqual([
    {
      event_id: 'e1',
      reprice_id: repriceId,
      old_cost: null,
      old_cost_status: 'unpriced',
      new_cost: 2.5,
      new_computed_cost: 2.5,
      new_cost_status: 'computed',
      currency: 'USD',
      price_card_id: expect.any(BigInt),
      reason: expect.stringMatching(/^A test\. Card \d+ \(home model-a/),
      recorded_at: NOW,
    },
  ]);
});

test('a repeated run adds nothing; the next change counts from the last', async () => {
  await store('acme', [{ id: 'e1', input_tokens: MILLION }]);
  await setPrice('acme', '2.5');
  await reprice();
  expect((await reprice()).changed).toBe(0);
  await setPrice('acme', '3');
  const { models } = await reprice();
  expect(models).toMatchObject([{ costBefore: '2.5', costAfter: '3', difference: '0.5' }]);
  expect((await reprice()).changed).toBe(0);
  const adjustments = await readAdjustments();
  expect(adjustments.map(({ old_cost, new_cost }) => [old_cost, new_cost])).toEqual([
    [null, 2.5],
    [2.5, 3],
  ]);
});

test('two that run at once adjust each event once', async () => {
  await store(
    'acme',
    Array.from({ length: 1_500 }, (_, index) => ({ id: `e${index}`, input_tokens: 10 })),
  );
  await setPrice('acme', '2.5');
  const results = await Promise.all([reprice(), reprice(), reprice()]);
  expect(results.reduce((sum, { changed }) => sum + changed, 0)).toBe(1_500);
  expect(await readAdjustments()).toHaveLength(1_500);
});

test('all calls of a range are read, also where times are equal, and no more', async () => {
  const at = (occurred_at: string) => (id: string) => ({ id, input_tokens: 1, occurred_at });
  const ids = Array.from({ length: 2_345 }, (_, index) => `m${index}`);
  await store('acme', ids.map(at('2026-10-05T12:00:00.123456Z')));
  await store('acme', [
    at('2026-09-30T23:59:59.999999Z')('before'),
    at('2026-10-01T00:00:00Z')('first'),
    at('2026-10-31T23:59:59.999999Z')('last'),
    at('2026-11-01T00:00:00Z')('after'),
  ]);
  await setPrice('acme', '1');
  expect(await reprice()).toMatchObject({ calls: 2_347, changed: 2_347 });
  const adjusted = (await readAdjustments()).map(({ event_id }) => event_id);
  expect(new Set(adjusted)).toEqual(new Set([...ids, 'first', 'last']));
});

test('what was reported goes on counting; the computed cost stands beside it', async () => {
  await store('acme', [{ id: 'e1', input_tokens: MILLION, cost: '2.4', currency: 'USD' }]);
  await setPrice('acme', '2.5');
  const { models } = await reprice();
  expect(models).toMatchObject([{ costBefore: '2.4', costAfter: '2.4', currency: 'USD' }]);
  expect(await readAdjustments()).toMatchObject([
    { new_cost: 2.4, new_computed_cost: 2.5, new_cost_status: 'reported', currency: 'USD' },
  ]);
});

test('a cost computed in another currency never passes for one in the reported', async () => {
  await setPrice('acme', '1');
  await store('acme', [{ id: 'e1', input_tokens: MILLION, cost: '2.4', currency: 'EUR' }]);
  await setPrice('acme', '2.5');
  expect(await reprice()).toMatchObject({ changed: 0 });
  expect(await readAdjustments()).toEqual([]);
});

test('a cost that lacks a part is flagged in the books, and a whole card mends it', async () => {
  await setPrice('acme', '1');
  await store('acme', [{ id: 'e1', input_tokens: MILLION, output_tokens: MILLION }]);
  expect(await readEvents()).toMatchObject([{ cost_status: 'computed', flags: [MISSING] }]);
  await setPrice('acme', '2.5');
  await reprice();
  const [half] = await readAdjustments();
  expect(half?.reason).toContain('output_tokens has no price on this card');
  const rates = ['input_tokens', 'output_tokens'].map((unit) => {
    return { unit, price: '2.5', per: MILLION };
  });
  await setPrices(books.app, 'acme', [{ provider: 'home', model: 'model-a', rates }], new Date());
  await reprice();
  const [, whole] = await readAdjustments();
  expect(whole).toMatchObject({ new_cost: 5 });
  expect(whole?.reason).not.toContain('has no price on this card');
});

test('the price is that of the call’s own time, not today’s', async () => {
  await store('acme', [
    { id: 'old', input_tokens: MILLION, provider: 'openai', model: 'o3' },
    { id: 'new', input_tokens: MILLION, provider: 'openai', model: 'o3' },
  ]);
  await query(books.owner, "update usage_events set cost = null, cost_status = 'unpriced'");
  await query(
    books.owner,
    "update usage_events set occurred_at = '2025-06-09T00:00:00Z' where event_id = 'old'",
  );
  await reprice({ from: new Date('2025-01-01T00:00:00Z') });
  const costs = (await readAdjustments()).map(({ event_id, new_cost }) => [event_id, new_cost]);
  expect(costs).toEqual([
    ['old', 10],
    ['new', 2],
  ]);
});

test('one model can be asked for, by either of its names', async () => {
  await store('acme', [
    { id: 'e1', input_tokens: 5 },
    { id: 'e2', input_tokens: 5, model: 'alias', served_model: 'model-a' },
    { id: 'e3', input_tokens: 5, model: 'model-b' },
  ]);
  for (const model of ['model-a', 'model-b']) await setPrice('acme', '1', model);
  expect(await reprice({ model: 'model-a', isDryRun: true })).toMatchObject({ calls: 2 });
});

test('usage that nobody could read when it came is read anew', async () => {
  const usage = { prompt_tokens: 1000, completion_tokens: 100 };
  await store('acme', [{ id: 'e1', raw_usage: usage, provider: 'openai', model: 'gpt-4o' }]);
  await query(
    books.owner,
    `update usage_events set input_tokens = null, output_tokens = null, cost = null,
       computed_cost = null, cost_status = 'unpriced'`,
  );
  await reprice();
  expect(await readAdjustments()).toMatchObject([{ new_cost: 0.0035 }]);
});

test('a refused call keeps costing nothing, and one that had begun stays unknown', async () => {
  const refusal = { status: 'error', error_type: 'rate_limit_exceeded', raw_usage: {} };
  await store('acme', [
    { id: 'e1', ...refusal },
    { id: 'e2', ...refusal, ttft_ms: 3 },
  ]);
  const statuses = (await readEvents()).map(({ cost_status }) => cost_status);
  expect(statuses).toEqual(['free', 'unpriced']);
  await setPrice('acme', '1');
  expect(await reprice()).toMatchObject({ calls: 2, changed: 0 });
});

test('one client’s reprice and prices never touch another’s calls', async () => {
  await store('acme', [{ id: 'e1', input_tokens: MILLION }]);
  await store('other', [{ id: 'e1', input_tokens: MILLION }]);
  await setPrice('acme', '2.5');
  expect(await reprice({ clientId: 'other' })).toMatchObject({ calls: 1, changed: 0 });
  expect(await reprice()).toMatchObject({ calls: 1, changed: 1 });
  const rows = await query(books.owner, 'select distinct client_id from cost_adjustments');
  expect(rows).toEqual([{ client_id: 'acme' }]);
});
