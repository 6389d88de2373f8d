// Rules of the price list in Postgres: synced once, appended to, never changed, own prices kept apart,
// and held by the server without asking for each event.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isAppError } from '../../core/errors.ts';
import { createPool, type Pool, query, withTransaction } from '../../core/postgres.ts';
import {
  addTestClient,
  createTestBooks,
  silentLog,
  type TestBooks,
} from '../../core/test-support.ts';
import { compilePattern } from './cards.ts';
import { CATALOGUE, catalogueVersion, readCatalogue } from './genai-prices.ts';
import { createPriceBook } from './price-book.ts';
import { readPriceFile, type SetPrice, setPrices } from './set-price.ts';
import { appendCards, loadCards } from './stored-cards.ts';
import { syncPrices, syncPricesOnce } from './sync.ts';
import { makeEvent } from './test-support.ts';

const MILLION = 1_000_000;
const GPT_4O = {
  provider: 'openai',
  model: 'gpt-4o',
  match: 'starts_with' as const,
  rates: [
    { unit: 'input_tokens', price: '2', per: MILLION },
    { unit: 'output_tokens', price: '8', per: MILLION },
  ],
};

let books: TestBooks;

beforeAll(async () => {
  books = await createTestBooks();
  for (const clientId of ['acme', 'other', 'third', 'fourth']) {
    await addTestClient(books.app, { clientId });
  }
});

afterAll(() => books.close());

async function countCards(): Promise<bigint> {
  const [row] = await query<{ count: bigint }>(
    books.owner,
    'select count(*) as count from price_cards',
  );
  return row?.count ?? 0n;
}

function loadOwn(clientId: string) {
  return withTransaction(books.app, { clientId }, (connection) => loadCards(connection, clientId));
}

test('a sync adds nothing the second time, and a known version asks once', async () => {
  const before = await countCards();
  expect(before).toBe(BigInt((await readCatalogue()).length));
  expect(await syncPrices(books.owner, new Date())).toEqual({
    version: catalogueVersion(),
    added: 0,
    ended: 0,
  });
  expect(await syncPricesOnce(books.owner, new Date())).toBeUndefined();
  expect(await countCards()).toBe(before);
});

test('the catalogue comes back from the books as it was written', async () => {
  const stored = await loadCards(books.app, null);
  const strip = (card: object) => {
    const {
      id: _id,
      clientId: _client,
      recordedAt: _at,
      ...rest
    } = card as Record<string, unknown>;
    const rates = (rest.rates as object[]).map((rate) => Object.values(rate).join(' ')).sort();
    return JSON.stringify({ ...rest, pattern: undefined, rates });
  };
  expect(stored.map(strip).sort()).toEqual((await readCatalogue()).map(strip).sort());
});

test('two that sync at once add each card once', async () => {
  const fresh = await createTestBooks();
  await query(fresh.owner, 'truncate price_cards, price_rates');
  const results = await Promise.all([
    syncPrices(fresh.owner, new Date()),
    syncPrices(fresh.owner, new Date()),
  ]);
  const size = (await readCatalogue()).length;
  expect(results.map(({ added }) => added).sort((left, right) => left - right)).toEqual([0, size]);
  await fresh.close();
});

test('a changed price is added beside the old one, and may change back', async () => {
  const [card] = (await readCatalogue()).filter(({ model }) => model === 'o3');
  const cards = (await loadCards(books.app, null)).filter(({ model }) => model === 'o3');
  expect(card).toBeDefined();
  const append = (price: string) =>
    withTransaction(books.owner, {}, (connection) => {
      const made = { ...cards[0], provider: 'p', model: 'm', source: 'test' } as (typeof cards)[0];
      const rates = made.rates.slice(0, 1).map((rate) => ({ ...rate, price }));
      return appendCards(connection, null, [{ ...made, rates }], new Date());
    });
  for (const price of ['1', '1', '2', '1', '1']) await append(price);
  const stored = (await loadCards(books.app, null)).filter(({ source }) => source === 'test');
  expect(stored.map(({ rates }) => rates[0]?.price)).toEqual(['1', '2', '1']);
  expect(new Set(stored.map(({ recordedAt }) => recordedAt.getTime())).size).toBe(3);
});

test('a model that leaves the catalogue ends, and its past keeps its price', async () => {
  const fresh = await createTestBooks();
  await addTestClient(fresh.app);
  const gone = {
    provider: 'openai',
    model: 'gone',
    pattern: { equals: 'gone' },
    source: CATALOGUE,
  };
  const [like] = await readCatalogue();
  await withTransaction(fresh.owner, {}, (connection) =>
    appendCards(connection, null, [{ ...(like as NonNullable<typeof like>), ...gone }], new Date()),
  );
  const now = new Date('2026-11-01T00:00:00Z');
  expect(await syncPrices(fresh.owner, now)).toMatchObject({ added: 0, ended: 1 });
  expect(await syncPrices(fresh.owner, now)).toMatchObject({ added: 0, ended: 0 });
  const price = await createPriceBook(fresh.app)('acme');
  const at = (occurredAt: string) =>
    price(makeEvent({ model: 'gone', occurredAt, inputTokens: 9 }));
  expect(at('2026-10-31T23:59:59Z').costStatus).toBe('computed');
  expect(at('2026-11-01T00:00:00Z').costStatus).toBe('unpriced');
  await fresh.close();
});

test('nobody can change or remove a price, not even the client its own', async () => {
  await setPrices(books.app, 'acme', [{ ...GPT_4O, model: 'frozen' }], new Date());
  for (const change of [
    'delete from price_cards',
    'delete from price_rates',
    "update price_cards set version = 'x'",
    'update price_rates set price = 0',
  ]) {
    const attempt = withTransaction(books.app, { clientId: 'acme' }, (connection) =>
      query(connection, change),
    );
    await expect(attempt).rejects.toMatchObject({ code: '42501' });
  }
});

test('a client’s own price goes before the shared one, and applies to nobody else', async () => {
  const event = makeEvent({ inputTokens: MILLION, outputTokens: MILLION });
  await setPrices(books.app, 'acme', [GPT_4O], new Date());
  const pricesOf = createPriceBook(books.app);
  const costOf = async (clientId: string) => (await pricesOf(clientId))(event).cost;
  expect(await costOf('acme')).toBe('10');
  expect(await costOf('other')).toBe('12.5');
  expect(await loadOwn('other')).toEqual([]);
  // Control: without row security's tenant the same statement shows the card.
  expect((await loadCards(books.pipeline, 'acme')).map(({ model }) => model)).toContain('gpt-4o');
});

test('no client can add a price for another, or for all', async () => {
  const card = (await loadOwn('acme'))[0] as NonNullable<Awaited<ReturnType<typeof loadOwn>>[0]>;
  for (const clientId of ['acme', null]) {
    const attempt = withTransaction(books.app, { clientId: 'other' }, (connection) =>
      appendCards(connection, clientId, [{ ...card, source: 'forged' }], new Date()),
    );
    await expect(attempt).rejects.toMatchObject({ code: '42501' });
  }
  const rate = withTransaction(books.app, { clientId: 'other' }, (connection) =>
    query(
      connection,
      `insert into price_rates (price_card_id, unit, price) values ($1, 'requests', 0)`,
      [card.id],
    ),
  );
  await expect(rate).rejects.toMatchObject({ code: '42501' });
});

test('a client sees the rates of shared cards and its own, of another’s none', async () => {
  const visible = async (clientId: string) => {
    const cards = new Set((await loadOwn('acme')).map(({ id }) => id));
    const rates = await withTransaction(books.app, { clientId }, (connection) =>
      query<{ id: bigint }>(connection, 'select price_card_id as id from price_rates'),
    );
    const own = rates.filter(({ id }) => cards.has(String(id))).length;
    return { own, hasShared: rates.length > own };
  };
  expect(await visible('other')).toEqual({ own: 0, hasShared: true });
  // Control.
  expect((await visible('acme')).own).toBeGreaterThan(0);
});

test.each([{ equals: 'GPT-5' }, { ends_with: 'T-5' }, { regex: '^GPT-\\d$' }])(
  'a pattern may be written in capital letters: %j',
  (pattern) => expect(compilePattern(pattern)('gpt-5')).toBe(true),
);

test('a price that is set is not set again; a new one counts from its time', async () => {
  const clientId = 'third';
  const set = (price: string, from?: string) =>
    setPrices(
      books.app,
      clientId,
      [{ ...GPT_4O, from, rates: [{ unit: 'input_tokens', price, per: 1000 }] }],
      new Date(),
    );
  expect(await set('0.03')).toHaveLength(1);
  expect(await set('0.030')).toHaveLength(0);
  expect(await set('0.01', '2026-07-01')).toHaveLength(1);
  const price = await createPriceBook(books.app)(clientId);
  const costAt = (occurredAt: string) => price(makeEvent({ inputTokens: 1000, occurredAt })).cost;
  expect(costAt('2026-06-30T23:59:59Z')).toBe('0.03');
  expect(costAt('2026-07-01T00:00:00Z')).toBe('0.01');
});

test.each([
  [{ rates: [{ unit: 'bananas', price: '1' }] }, '"bananas" is no unit'],
  [{ rates: [{ unit: 'input_tokens', price: '-1' }] }, 'must not be negative'],
  [{ rates: [{ unit: 'input_tokens', price: 'x' }] }, 'must be a decimal number'],
  [{ rates: [{ unit: 'input_tokens', price: '1', per: '0' }] }, 'must be a whole number'],
  [{ rates: [{ unit: 'input_tokens', price: '1', above: 5 }] }, 'none below'],
  [{ currency: 'XYZ' }, 'is no currency'],
  [{ model: '(', match: 'regex' as const }, 'is no regular expression'],
  [{ from: '2026-02-01', to: '2026-01-01' }, 'before it starts'],
  [{ from: 'yesterday' }, 'is no day'],
])('a price that makes no sense is refused: %o', async (fields, message) => {
  const attempt = setPrices(books.app, 'acme', [{ ...GPT_4O, ...fields }], new Date());
  await expect(attempt).rejects.toThrow(message);
});

test('a list with two prices of one model at one time is refused, equal ones too', async () => {
  const until = { ...GPT_4O, to: '2026-07-01' };
  const set = (...prices: SetPrice[]) => setPrices(books.app, 'fourth', prices, new Date());
  for (const other of [GPT_4O, { ...GPT_4O, from: '2026-06-30' }, until]) {
    await expect(set(until, other)).rejects.toThrow('openai gpt-4o has two prices at one time');
  }
  expect(await set(until, { ...GPT_4O, from: '2026-07-01' })).toHaveLength(2);
});

test('the example holds rates of GPT-4, GPT-3.5, Whisper, and Groq for nothing', async () => {
  const clientId = 'other';
  const file = new URL('./example-prices.json', import.meta.url).pathname;
  await setPrices(books.app, clientId, readPriceFile(file), new Date());
  const price = await createPriceBook(books.app)(clientId);
  const used = { inputTokens: 150, outputTokens: 80 };
  // Their guide: 150 and 80 tokens of gpt-4.
  expect(price(makeEvent({ model: 'gpt-4', ...used })).cost).toBe('0.0093');
  expect(price(makeEvent({ model: 'gpt-3.5-turbo-0125', ...used })).cost).toBe('0.000385');
  expect(price(makeEvent({ model: 'whisper-1', audioSeconds: '30' })).cost).toBe('0.003');
  const groq = { provider: 'groq', model: 'llama-3.1-70b-versatile' };
  expect(price(makeEvent({ ...groq, ...used }))).toMatchObject({ cost: '0', costStatus: 'free' });
});

test('new prices are seen after the refresh, and not asked for before', async () => {
  let clock = 0;
  let questions = 0;
  const counting = new Proxy(books.app, {
    get: (pool, name) => {
      if (name === 'connect') questions += 1;
      const value = Reflect.get(pool, name) as unknown;
      return typeof value === 'function' ? value.bind(pool) : value;
    },
  });
  const pricesOf = createPriceBook(counting, { refreshMs: 10_000, now: () => clock });
  const costOf = async () => (await pricesOf('acme'))(makeEvent({ inputTokens: MILLION })).cost;
  expect([await costOf(), await costOf(), questions]).toEqual(['2', '2', 1]);
  const rates = [{ unit: 'input_tokens', price: '3', per: MILLION }];
  await setPrices(books.app, 'acme', [{ ...GPT_4O, rates }], new Date());
  clock = 9_999;
  expect([await costOf(), questions]).toEqual(['2', 1]);
  clock = 10_000;
  expect(await Promise.all([costOf(), costOf(), costOf()])).toEqual(['3', '3', '3']);
  expect(questions).toBe(2);
});

test('the old book stays in use while Postgres is away; a first use says that it is', async () => {
  const away: { pool: Pool } = { pool: books.app };
  const pool = new Proxy({} as Pool, {
    get: (_, name) => {
      const value = Reflect.get(away.pool, name) as unknown;
      return typeof value === 'function' ? value.bind(away.pool) : value;
    },
  });
  const pricesOf = createPriceBook(pool, { refreshMs: 0 });
  const event = makeEvent({ model: 'o3', inputTokens: MILLION });
  expect((await pricesOf('third'))(event).cost).toBe('2');
  away.pool = createPool({
    url: 'postgres://nobody@127.0.0.1:1/nothing',
    applicationName: 'tests',
    log: silentLog(),
    max: 1,
  });
  expect((await pricesOf('third'))(event).cost).toBe('2');
  const first = await pricesOf('acme').catch((error: unknown) => error);
  expect(isAppError(first, 'ERR_BOOKS_UNAVAILABLE')).toBe(true);
  await away.pool.end();
});
