// Rules of the answers in SQL for periods: given calls, the expected rows. Days are the client's own,
// an unknown cost is never 0, amounts of two currencies are never added.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../core/clients.ts';
import { query } from '../core/postgres.ts';
import { addTestClient, createTestBooks, type TestBooks } from '../core/test-support.ts';
import {
  bookAdjustments,
  dropLogins,
  type OpenLogin,
  openAnalyst,
  type PricedCall,
} from './sql-logins.ts';

let books: TestBooks;
const opened: OpenLogin[] = [];

beforeAll(async () => {
  books = await createTestBooks();
});

afterAll(async () => {
  await dropLogins(books, opened);
  await books.close();
});

/** A client with its calls, asked by an analyst of its own. */
async function analystOf(fields: Partial<Client> & { clientId: string }, calls: PricedCall[]) {
  const login = await openAnalyst(books, fields, calls);
  opened.push(login);
  return (sql: string, values: unknown[] = []) => query(login.pool, sql, values);
}

/** Calls of one token each at the given instants. */
const callsAt = (...instants: string[]): PricedCall[] =>
  instants.map((at, index) => ({ id: `e${index}`, at, input: 1 }));

const DAILY = `select usage_date::text as day, request_count::int as calls
  from get_daily_usage($1, $2, $3) order by usage_date`;
const WEEKLY = `select week_start::text as start, week_end::text as end, request_count::int as calls
  from get_weekly_evolution($1, $2, $3)`;
const MONTHLY = `select month_start::text as start, month_end::text as end,
  request_count::int as calls from get_monthly_summary($1, $2, $3)`;

describe('business days', () => {
  test('have 23 and 25 hours in New York when its clocks change', async () => {
    const clientId = 'new-york';
    const ask = await analystOf(
      { clientId, timeZone: 'America/New_York' },
      callsAt(
        '2025-03-09T04:59:59.999Z',
        '2025-03-09T05:00:00Z',
        '2025-03-10T03:59:59.999Z',
        '2025-03-10T04:00:00Z',
        '2025-11-02T03:59:59.999Z',
        '2025-11-02T04:00:00Z',
        '2025-11-02T05:30:00Z',
        '2025-11-02T06:30:00Z',
        '2025-11-03T04:59:59.999Z',
        '2025-11-03T05:00:00Z',
      ),
    );
    expect(await ask(DAILY, [clientId, 3, '2025-03-10T12:00:00Z'])).toEqual([
      { day: '2025-03-08', calls: 1 },
      { day: '2025-03-09', calls: 2 },
      { day: '2025-03-10', calls: 1 },
    ]);
    expect(await ask(DAILY, [clientId, 3, '2025-11-03T12:00:00Z'])).toEqual([
      { day: '2025-11-01', calls: 1 },
      { day: '2025-11-02', calls: 4 },
      { day: '2025-11-03', calls: 1 },
    ]);
  });

  test('start at half past six in the evening, UTC, in Kolkata', async () => {
    const clientId = 'kolkata';
    const ask = await analystOf(
      { clientId, timeZone: 'Asia/Kolkata' },
      callsAt('2025-03-17T18:29:59.999Z', '2025-03-17T18:30:00Z', '2025-03-18T18:29:59.999Z'),
    );
    expect(await ask(DAILY, [clientId, 2, '2025-03-18T00:00:00Z'])).toEqual([
      { day: '2025-03-17', calls: 1 },
      { day: '2025-03-18', calls: 2 },
    ]);
    // The same instant is still the day before a millisecond earlier.
    expect(await ask(DAILY, [clientId, 1, '2025-03-17T18:29:59.999Z'])).toEqual([
      { day: '2025-03-17', calls: 1 },
    ]);
  });

  test('start with the first of two midnights in Havana', async () => {
    const clientId = 'havana';
    const ask = await analystOf(
      { clientId, timeZone: 'America/Havana' },
      // On 2025-11-02 it is midnight at 04:00Z and again at 05:00Z.
      callsAt('2025-11-02T03:59:59.999Z', '2025-11-02T04:00:00Z', '2025-11-02T05:00:00Z'),
    );
    expect(await ask(DAILY, [clientId, 2, '2025-11-02T12:00:00Z'])).toEqual([
      { day: '2025-11-01', calls: 1 },
      { day: '2025-11-02', calls: 2 },
    ]);
  });
});

describe('weeks and months', () => {
  const calls = callsAt(
    '2024-02-24T23:59:59.999Z',
    '2024-02-25T00:00:00Z',
    '2024-02-26T00:00:00Z',
    '2024-02-29T23:59:59.999Z',
    '2024-03-01T00:00:00Z',
  );

  test('start where the client’s do: on Sunday or on Monday', async () => {
    const sunday = await analystOf({ clientId: 'sunday', weekStart: 7 }, calls);
    const monday = await analystOf({ clientId: 'monday', weekStart: 1 }, calls);
    expect(await sunday(WEEKLY, ['sunday', 2, '2024-03-02T23:00:00Z'])).toEqual([
      { start: '2024-02-18', end: '2024-02-25', calls: 1 },
      { start: '2024-02-25', end: '2024-03-03', calls: 4 },
    ]);
    expect(await monday(WEEKLY, ['monday', 2, '2024-03-03T23:00:00Z'])).toEqual([
      { start: '2024-02-19', end: '2024-02-26', calls: 2 },
      { start: '2024-02-26', end: '2024-03-04', calls: 3 },
    ]);
  });

  test('of February hold 29 days in a leap year, and end before March', async () => {
    const ask = await analystOf({ clientId: 'leap' }, calls);
    expect(await ask(MONTHLY, ['leap', 2024, 2])).toEqual([
      { start: '2024-02-01', end: '2024-03-01', calls: 4 },
    ]);
    expect(await ask(MONTHLY, ['leap', 2025, 2])).toEqual([
      { start: '2025-02-01', end: '2025-03-01', calls: 0 },
    ]);
  });
});

describe('money', () => {
  let ask: Awaited<ReturnType<typeof analystOf>>;
  const clientId = 'money';

  beforeAll(async () => {
    const at = '2025-03-18T10:00:00Z';
    const reported = { reported: '0.1', cost: '0.1', costStatus: 'reported' };
    ask = await analystOf({ clientId }, [
      { id: 'reported', at, user: 'u', ...reported, computed: '0.11', status: 'success' },
      { id: 'tiny', at, user: 'u', reported: '0.000000000000000001', cost: '0.000000000000000001' },
      { id: 'unknown', at, user: 'u', reported: '0', status: 'error', input: 5 },
      { id: 'free', at, user: 'u', cost: '0', computed: '0', costStatus: 'free' },
      { id: 'euro', at, user: 'u', reported: '7', cost: '7', currency: 'EUR', computed: '8' },
      { id: 'lost', at: '2025-03-19T10:00:00Z', user: 'lost', model: 'other' },
      { id: 'repriced', at, user: 'v', cost: '5', computed: '5', costStatus: 'computed' },
      { id: 'emptied', at, user: 'w', cost: '3', computed: '3', costStatus: 'computed' },
    ]);
    await bookAdjustments(books.app, clientId, [
      { event: 'repriced', cost: '9', computed: '9', status: 'computed' },
      { event: 'repriced', cost: '0.3', computed: '0.3', status: 'computed' },
      { event: 'emptied', cost: null, computed: null, status: 'unpriced' },
    ]);
  });

  test('is exact, kept apart by currency, and three costs are three sums', async () => {
    const rows = await ask(
      `select currency, request_count::int as calls, reported_cost, computed_cost, total_cost,
         unpriced_requests::int as unpriced from get_daily_usage($1, 1, '2025-03-18T12:00:00Z')`,
      [clientId],
    );
    expect(rows).toEqual([
      // Computed in dollars, which are no part of a sum in euros.
      {
        currency: 'EUR',
        calls: 1,
        reported_cost: '7',
        computed_cost: null,
        total_cost: '7',
        unpriced: 0,
      },
      {
        currency: 'USD',
        calls: 6,
        reported_cost: '0.100000000000000001',
        computed_cost: '0.41',
        total_cost: '0.400000000000000001',
        unpriced: 2,
      },
    ]);
  });

  test('that nobody knows is null, beside how many; of no call it is 0', async () => {
    const rows = await ask(
      `select usage_date::text as day, total_tokens, total_cost, unpriced_requests::int as unpriced
       from get_daily_usage($1, 2, '2025-03-20T12:00:00Z')`,
      [clientId],
    );
    expect(rows).toEqual([
      { day: '2025-03-19', total_tokens: null, total_cost: null, unpriced: 1 },
      { day: '2025-03-20', total_tokens: '0', total_cost: '0', unpriced: 0 },
    ]);
  });

  test('of a repriced call is its newest adjustment’s, also where that is unknown', async () => {
    const cost = (user: string) =>
      ask(`select effective_cost, computed_cost, cost_status from get_user_request_history($1)`, [
        user,
      ]);
    expect(await cost('v')).toEqual([
      { effective_cost: '0.3', computed_cost: '0.3', cost_status: 'computed' },
    ]);
    expect(await cost('w')).toEqual([
      { effective_cost: null, computed_cost: null, cost_status: 'unpriced' },
    ]);
  });
});

describe('a parameter out of its bounds', () => {
  test.each([
    ["get_daily_usage('bounds', 0)", 'days must be between 1 and 3660, not 0'],
    ["get_daily_usage('bounds', null)", 'days must be between 1 and 3660, not null'],
    ["get_weekly_evolution('bounds', -1)", 'weeks must be between 1 and 520, not -1'],
    ["get_monthly_summary('bounds', 1999, 1)", 'year must be between 2000 and 2099, not 1999'],
    ["get_monthly_summary('bounds', 2025, 13)", 'month must be between 1 and 12, not 13'],
    ["get_user_request_history('u', 0)", 'row_limit must be between 1 and 1000, not 0'],
    ["get_user_request_history('u', 1001)", 'row_limit must be between 1 and 1000, not 1001'],
    ["get_user_request_history('u', null)", 'row_limit must be between 1 and 1000, not null'],
    ["get_user_request_history('u', 1, -1)", 'row_offset must be between 0 and 2147483647, not -1'],
  ])('is refused by name: %s', async (call, message) => {
    await addTestClient(books.app, { clientId: 'bounds' });
    await expect(query(books.owner, `select * from ${call}`)).rejects.toMatchObject({
      code: '22023',
      message,
    });
  });
});
