// The selects that reports are made from: given events, expected rows, in an order that never depends
// on how DuckDB happened to group them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadSql } from '../core/sql.ts';
import { addTestClient, createTestBooks, silentLog } from '../core/test-support.ts';
import { bookEvents } from '../test/booked-events.ts';
import { createTestWarehouse, type TestWarehouse } from '../test/test-warehouse.ts';
import { refreshWarehouse } from './refresh.ts';

let held: TestWarehouse;
const at = '2025-03-18T12:00:00Z';
// Many equals: whatever the grouping leaves open would be in another order next time.
const EQUALS = Array.from({ length: 300 }, (_, index) =>
  String((index * 7) % 300).padStart(3, '0'),
);

beforeAll(async () => {
  const books = await createTestBooks();
  await addTestClient(books.app);
  await addTestClient(books.app, { clientId: 'equals' });
  await bookEvents(books.app, 'acme', [
    { id: 'a', at, cost: '0.25', input: 10, output: 1, user: 'u1', status: 'success' },
    { id: 'b', at, cost: '0.5', input: 20, user: 'u1', model: 'gpt-4', status: 'error' },
    { id: 'c', at, currency: 'EUR', cost: '1', input: 5 },
    { id: 'd', at, cost: '0', user: 'u2', chatbot: 'bot' },
    { id: 'f', at, computed: '1', input: 5, user: 'u2' },
    { id: 'e', at: '2025-03-10T12:00:00Z', cost: '8', provider: 'groq' },
  ]);
  const currencies = ['CHF', 'EUR', 'GBP', 'JPY', 'NOK', 'SEK'];
  const equals = EQUALS.map((name, index) => ({
    id: name,
    at,
    chatbot: `bot-${name}`,
    user: `user-${name}`,
    model: `model-${name}`,
    currency: currencies[index % currencies.length] ?? '',
  }));
  await bookEvents(books.app, 'equals', equals);
  held = await createTestWarehouse();
  await refreshWarehouse({ pool: books.pipeline, warehouse: held.warehouse, log: silentLog() });
  await books.close();
});
afterAll(() => held.remove());

const breakdown = (clientId: string, kind = 'day', start = '2025-03-18') =>
  held.warehouse.rows(loadSql('duckdb/reports/usage_breakdown'), {
    client_id: clientId,
    currency: 'USD',
    period_kind: kind,
    period_start: start,
  });

describe('the breakdown of a period', () => {
  test('has one row in all: users count once, another currency is not added', async () => {
    const rows = (await breakdown('acme')).filter((row) => row.dimension === 'all');
    expect(rows).toMatchObject([
      {
        calls: '5',
        priced_calls: '4',
        paid_calls: '3',
        other_calls: '1',
        other_cost: '1',
        other_currency: 'EUR',
        input_tokens: '40',
        output_tokens: '1',
        total_tokens: '41',
        reported_cost: '0.75',
        computed_cost: '1',
        effective_cost: '1.75',
        users: '2',
        tokens_of_users: '36',
      },
    ]);
  });

  test.each([
    ['model', 'model', ['gpt-4 0.5', 'gpt-5 1.25']],
    ['user', 'user_id', ['u1 0.75', 'null 0', 'u2 1']],
    ['status', 'status', ['error 0.5', 'success 0.25', 'null 1']],
    ['chatbot', 'chatbot_id', ['null 1.75', 'bot 0']],
    ['provider', 'provider', ['openai 1.75']],
  ])('by %s adds up to it', async (dimension, column, expected) => {
    const rows = (await breakdown('acme')).filter((row) => row.dimension === dimension);
    const texts = rows.map((row) => `${row[column]} ${row.effective_cost}`);
    expect(texts.sort()).toEqual(expected.toSorted());
    expect(rows.reduce((sum, row) => sum + Number(row.calls), 0)).toBe(5);
  });

  test('shows amounts in other currencies by themselves', async () => {
    const rows = (await breakdown('acme')).filter((row) => row.dimension === 'currency');
    expect(rows.map((row) => `${row.currency} ${row.cost_of_currency}`)).toEqual([
      'USD 1.75',
      'EUR 1',
    ]);
  });

  test('of a period without calls is one row that knows nothing', async () => {
    const rows = await breakdown('acme', 'month', '1999-01-01');
    expect(rows).toMatchObject([
      { dimension: 'all', calls: null, reported_cost: null, users: '0' },
    ]);
  });

  test.each([
    ['chatbot', 'chatbot_id'],
    ['user', 'user_id'],
    ['model', 'model'],
    ['currency', 'currency'],
  ])('by %s leaves no tie open', async (dimension, column) => {
    const rows = (await breakdown('equals')).filter((row) => row.dimension === dimension);
    const names = rows.map((row) => row[column]);
    expect(names.length).toBeGreaterThan(1);
    expect(names).toEqual(names.toSorted());
  });

  test('control: the order in which the rows were booked is another one', () => {
    expect(EQUALS).not.toEqual(EQUALS.toSorted());
  });
});

test('the history is one row per period with calls, oldest first, its end left out', async () => {
  const rows = await held.warehouse.rows(loadSql('duckdb/reports/usage_history'), {
    client_id: 'acme',
    currency: 'USD',
    period_kind: 'week',
    range_from: '2025-03-10',
    range_until: '2025-03-24',
  });
  expect(rows.map((row) => `${row.period_start} ${row.calls} ${row.effective_cost}`)).toEqual([
    '2025-03-10 1 8',
    '2025-03-17 5 1.75',
  ]);
  const before = await held.warehouse.rows(loadSql('duckdb/reports/usage_history'), {
    client_id: 'acme',
    currency: 'USD',
    period_kind: 'week',
    range_from: '2025-03-10',
    range_until: '2025-03-17',
  });
  expect(before).toHaveLength(1);
});

test('the all-time summary adds up to the same totals by day, week, month and model', async () => {
  const rows = await held.warehouse.rows<Record<string, string>>(
    loadSql('duckdb/reports/usage_summary'),
    {
      client_id: 'acme',
      currency: 'USD',
    },
  );
  for (const part of ['totals', 'by_day', 'by_week', 'by_month', 'by_model']) {
    const requests = rows.filter((row) => row.part === part).map((row) => Number(row.requests));
    expect(
      requests.reduce((sum, count) => sum + count, 0),
      part,
    ).toBe(6);
  }
  expect(rows.find((row) => row.part === 'totals')).toMatchObject({
    cost: '8.75',
    effective_cost: '9.75',
    total_tokens: '41',
  });
  expect(rows.filter((row) => row.part === 'by_user').map((row) => row.part_key)).toEqual([
    'u1',
    'u2',
  ]);
});

test('a report asks for one client and never sees another', async () => {
  const [row] = await held.warehouse.rows(loadSql('duckdb/reports/select_client'), {
    client_id: 'acme',
  });
  expect(row).toMatchObject({
    client_id: 'acme',
    time_zone: 'UTC',
    week_start: 1,
    currency: 'USD',
  });
  const injected = { client_id: `acme' or true --` };
  expect(await held.warehouse.rows(loadSql('duckdb/reports/select_client'), injected)).toEqual([]);
});
