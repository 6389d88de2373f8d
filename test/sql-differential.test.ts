// The answers in SQL against a plain computation of the same: random calls, zones, weeks, currencies
// and repricings.
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { calendarDays, localDate, periodContaining, shiftPeriod } from '../core/calendar.ts';
import { canonicalDecimal, Decimal } from '../core/money.ts';
import { query } from '../core/postgres.ts';
import { addTestClient, createTestBooks, type TestBooks } from '../core/test-support.ts';
import {
  breakdownOf,
  type Counted,
  countCalls,
  groupBy,
  mostUsed,
  periodRows,
  totalsOf,
  type World,
} from './plain-usage.ts';
import { bookAdjustments, bookCalls, dropLogins, type OpenLogin, openLogin } from './sql-logins.ts';

const ZONES = [
  'UTC',
  'America/New_York',
  'America/Havana',
  'America/St_Johns',
  'America/Sao_Paulo',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Pacific/Chatham',
];
const AS_OF = '2024-11-04T12:00:00Z';

let books: TestBooks;
let analyst: OpenLogin;

beforeAll(async () => {
  books = await createTestBooks();
  await addTestClient(books.app);
  analyst = await openLogin(books, 'acme', 'analyst');
});

afterAll(async () => {
  await dropLogins(books, [analyst]);
  await books.close();
});

test('every day of twenty years starts where our calendar says', async () => {
  for (const zone of ZONES) {
    const days = calendarDays(zone, '2005-01-01', '2025-12-31');
    const rows = await query<{ starts_at: Date }>(
      books.owner,
      `select day_starts_at(day::date, $1) as starts_at
       from generate_series('2005-01-01'::timestamp, '2025-12-31', '1 day') as series (day)`,
      [zone],
    );
    const wrong = days.filter(
      ({ startsAt }, index) => rows[index]?.starts_at.getTime() !== Date.parse(startsAt),
    );
    expect([zone, wrong]).toEqual([zone, []]);
  }
}, 60_000);

const money = fc.option(
  fc.bigInt(0n, 10n ** 24n).map((units) => canonicalDecimal(new Decimal(`${units}e-18`))),
);
const tokens = fc.option(fc.integer({ min: 0, max: 2_000_000_000 }));

/** Instants of the weeks around two changes of the clocks, many of them at the edge of a day. */
const instantIn = (zone: string) => {
  const days = calendarDays(zone, '2024-09-28', '2024-11-05');
  const edge = fc
    .tuple(fc.constantFrom(...days), fc.constantFrom(-1, 0, 1, 3_600_000))
    .map(([day, shiftMs]) => Date.parse(day.startsAt) + shiftMs);
  const within = fc.integer({
    min: Date.parse('2024-09-28T00:00:00Z'),
    max: Date.parse('2024-11-05T00:00:00Z'),
  });
  return fc.oneof(edge, within).map((milliseconds) => new Date(milliseconds).toISOString());
};

const world: fc.Arbitrary<World> = fc.constantFrom(...ZONES).chain((zone) =>
  fc.record({
    zone: fc.constant(zone),
    weekStart: fc.integer({ min: 1, max: 7 }),
    calls: fc
      .array(
        fc.record({
          at: instantIn(zone),
          user: fc.option(fc.constantFrom('ann', 'bob', 'zoë')),
          provider: fc.constantFrom('openai', 'groq', 'Zed'),
          model: fc.constantFrom('small', 'large', 'Éclair'),
          status: fc.option(fc.constantFrom('success', 'error', 'cancelled')),
          input: tokens,
          output: tokens,
          cost: money,
          currency: fc.constantFrom('USD', 'EUR'),
          latency: fc.option(fc.integer({ min: 0, max: 99_999 }).map(String)),
        }),
        { maxLength: 40 },
      )
      .map((calls) => calls.map((call, index) => ({ id: `e${index}`, ...call }))),
    adjustments: fc.array(
      fc.record({
        event: fc.nat(39).map((index) => `e${index}`),
        cost: money,
        computed: fc.constant(null),
        status: fc.constant('computed'),
        currency: fc.constantFrom('USD', 'EUR'),
      }),
      { maxLength: 12 },
    ),
  }),
);

const TOTALS = `request_count::int as requests, failed_requests::int as failed,
  total_tokens as tokens, total_cost as cost, unpriced_requests::int as unpriced`;

async function book(clientId: string, { zone, weekStart, calls, adjustments }: World) {
  await addTestClient(books.app, { clientId, timeZone: zone, weekStart });
  await bookCalls(books.app, clientId, calls);
  const booked = adjustments.filter(({ event }) => calls.some(({ id }) => id === event));
  await bookAdjustments(books.app, clientId, booked);
  await query(books.owner, 'update database_logins set client_id = $1', [clientId]);
}

async function checkPeriods(clientId: string, { zone, weekStart }: World, counted: Counted[]) {
  const ask = (sql: string) => query(analyst.pool, sql, [clientId]);
  const today = localDate(new Date(AS_OF), zone);
  const last = (kind: 'day' | 'week', count: number) =>
    Array.from({ length: count }, (_, index) =>
      shiftPeriod(periodContaining(kind, today, weekStart), index - count + 1, weekStart),
    );
  expect(
    await ask(`select usage_date::text as start, currency, ${TOTALS}
      from get_daily_usage($1, 35, '${AS_OF}')`),
  ).toEqual(periodRows(counted, last('day', 35)));
  expect(
    await ask(`select week_start::text as start, currency, ${TOTALS}
      from get_weekly_evolution($1, 6, '${AS_OF}')`),
  ).toEqual(periodRows(counted, last('week', 6)));
  expect(
    await ask(`select month_start::text as start, currency, ${TOTALS}
      from get_monthly_summary($1, 2024, 10)`),
  ).toEqual(periodRows(counted, [periodContaining('month', '2024-10-15', weekStart)]));
}

async function checkPeople(counted: Counted[]) {
  const named = counted.filter(({ call }) => typeof call.user === 'string');
  const summaries = groupBy(named, ({ call, currency }) => `${call.user} ${currency}`);
  expect(
    await query(
      analyst.pool,
      `select user_id || ' ' || currency as key, total_requests::int as requests,
         failed_requests::int as failed, total_tokens_from_logs as tokens, total_cost as cost,
         unpriced_requests::int as unpriced, most_used_model as model,
         most_used_provider as provider
       from user_request_analytics order by 1`,
    ),
  ).toEqual(
    summaries.map(([key, of]) => ({
      key,
      ...totalsOf(of),
      model: mostUsed(of.map(({ call }) => call.model)),
      provider: mostUsed(of.map(({ call }) => call.provider)),
    })),
  );
  const months = groupBy(
    counted,
    ({ call, currency, date }) => `${call.user ?? ''} ${date.slice(0, 7)} ${currency}`,
  );
  const rows = await query(
    analyst.pool,
    `select coalesce(user_id, '') || ' ' || to_char(month_start, 'YYYY-MM') || ' ' || currency
       as key, request_count::int as requests, total_tokens as tokens, total_cost as cost,
       unpriced_requests::int as unpriced, model_breakdown as models
     from tokens_usage order by 1`,
  );
  expect(rows).toEqual(
    months.map(([key, of]) => {
      const { failed: _failed, ...totals } = totalsOf(of);
      return { key, ...totals, models: breakdownOf(of) };
    }),
  );
}

test('random calls give the same figures by hand', async () => {
  await fc.assert(
    fc.asyncProperty(world, async (given) => {
      const clientId = `c-${randomBytes(6).toString('hex')}`;
      await book(clientId, given);
      const counted = countCalls(given);
      await checkPeriods(clientId, given, counted);
      await checkPeople(counted);
    }),
    { numRuns: 40 },
  );
}, 120_000);

test('a computation by UTC days would be told apart (control)', async () => {
  const given: World = {
    zone: 'America/New_York',
    weekStart: 1,
    calls: [{ id: 'e0', at: '2024-11-03T03:30:00Z', input: 1 }],
    adjustments: [],
  };
  const clientId = `c-${randomBytes(6).toString('hex')}`;
  await book(clientId, given);
  await checkPeriods(clientId, given, countCalls(given));
  const wrong = checkPeriods(clientId, given, countCalls({ ...given, zone: 'UTC' }));
  await expect(wrong).rejects.toThrow();
});
