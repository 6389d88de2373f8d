// Rules of the calendar that the answers in SQL count in: the books' own, with the zones that a client
// has had; Postgres' zone data only where the calendar has no such day.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { calendarDays } from '../core/calendar.ts';
import { query, withTransaction } from '../core/postgres.ts';
import { createTestBooks, type TestBooks } from '../core/test-support.ts';
import { keepCalendar } from '../pipeline/books-calendar.ts';
import { dropLogins, type OpenLogin, openAnalyst } from './sql-logins.ts';

let books: TestBooks;
const opened: OpenLogin[] = [];

beforeAll(async () => {
  books = await createTestBooks();
});

afterAll(async () => {
  await dropLogins(books, opened);
  await books.close();
});

/** An analyst of a new client, with one call at each instant and the calendar that they need. */
async function analystOf(clientId: string, timeZone: string, instants: string[]) {
  const calls = instants.map((at, index) => ({ id: `e${index}`, at, user: 'ann', input: 1 }));
  const login = await openAnalyst(books, { clientId, timeZone }, calls);
  opened.push(login);
  await keepCalendar(books.pipeline);
  return (sql: string) => query(login.pool, sql);
}

async function moveClient(clientId: string, timeZone: string, from: string): Promise<void> {
  await withTransaction(books.app, { clientId }, (connection) =>
    query(
      connection,
      `with moved as (
         insert into client_zones (client_id, effective_from, time_zone) values ($1, $2, $3)
       )
       update clients set time_zone = $3 where client_id = $1`,
      [clientId, from, timeZone],
    ),
  );
  await keepCalendar(books.pipeline);
}

const daily = (clientId: string, days: number, asOf: string) =>
  `select usage_date::text as day, request_count::int as calls
   from get_daily_usage('${clientId}', ${days}, '${asOf}') order by usage_date`;

describe('a zone whose rules differ between Postgres and the calendar', () => {
  // Zone data of tomorrow: from this day on, the clocks of Vienna stand an hour earlier.
  const DAY = '2025-06-15';
  const lateStart = '2025-06-14T23:00:00Z';

  async function shiftDay(timeZone: string): Promise<void> {
    await query(
      books.owner,
      `update calendar_days set
         starts_at = case when calendar_date = $2 then $3::timestamptz else starts_at end,
         ends_at = case when calendar_date = $2 then ends_at else $3::timestamptz end
       where time_zone = $1 and calendar_date in ($2::date, $2::date - 1)`,
      [timeZone, DAY, lateStart],
    );
  }

  const ANSWERS = [
    daily('vienna', 2, '2025-06-15T12:00:00Z'),
    // The instant of asking is dated by the calendar, too.
    daily('vienna', 1, '2025-06-14T22:59:59.999Z'),
    daily('vienna', 1, lateStart),
    `select week_start::text as day, request_count::int as calls
     from get_weekly_evolution('vienna', 1, '2025-06-15T12:00:00Z')`,
    `select business_date('2025-06-14T22:30:00Z', 'Europe/Vienna')::text as day`,
    `select day_starts_at('${DAY}', 'Europe/Vienna') as starts_at`,
  ];

  test('follows the calendar in every answer; control: Postgres alone says otherwise', async () => {
    const calls = ['2025-06-14T21:59:59.999Z', '2025-06-14T22:30:00Z', lateStart];
    const ask = await analystOf('vienna', 'Europe/Vienna', calls);
    const before = [];
    for (const sql of ANSWERS) before.push(await ask(sql));
    await shiftDay('Europe/Vienna');
    const after = [];
    for (const sql of ANSWERS) after.push(await ask(sql));
    expect(before[0]).toEqual([
      { day: '2025-06-14', calls: 1 },
      { day: '2025-06-15', calls: 2 },
    ]);
    expect(after).toEqual([
      [
        { day: '2025-06-14', calls: 2 },
        { day: '2025-06-15', calls: 1 },
      ],
      [{ day: '2025-06-14', calls: 2 }],
      [{ day: '2025-06-15', calls: 1 }],
      [{ day: '2025-06-09', calls: 3 }],
      [{ day: '2025-06-14' }],
      [{ starts_at: new Date(lateStart) }],
    ]);
    const alone = await ask(`select computed_day_starts_at('${DAY}', 'Europe/Vienna') as starts`);
    expect(alone).toEqual([{ starts: new Date('2025-06-14T22:00:00Z') }]);
  });

  test('a month that begins on such a day begins there in every sum of months', async () => {
    const ask = await analystOf('months', 'Asia/Kolkata', [
      '2025-05-31T18:29:59Z',
      '2025-05-31T18:45:00Z',
      '2025-05-31T19:30:00Z',
    ]);
    await query(
      books.owner,
      `update calendar_days set starts_at = '2025-05-31T19:00:00Z'
       where time_zone = 'Asia/Kolkata' and calendar_date = '2025-06-01'`,
    );
    const months = await ask(
      `select month_start::text as month, request_count::int as calls from tokens_usage
       where user_id = 'ann' order by month_start`,
    );
    expect(months).toEqual([
      { month: '2025-05-01', calls: 2 },
      { month: '2025-06-01', calls: 1 },
    ]);
    const june = await ask(
      `select request_count::int as calls from get_monthly_summary('months', 2025, 6)`,
    );
    expect(june).toEqual([{ calls: 1 }]);
  });
});

test('a day that the calendar does not hold yet is computed by Postgres', async () => {
  const ask = await analystOf('kept', 'Pacific/Chatham', ['2025-04-06T10:00:00Z']);
  const rows = `select count(*)::int as days from calendar_days
     where time_zone = 'Pacific/Chatham' and calendar_date >= '2090-01-01'`;
  expect(await ask(rows)).toEqual([{ days: 0 }]);
  const [day] = calendarDays('Pacific/Chatham', '2090-07-01', '2090-07-01');
  expect(await ask(`select starts_at from client_day_starts('kept', '{2090-07-01}')`)).toEqual([
    { starts_at: new Date(day?.startsAt ?? '') },
  ]);
});

test('days before the books have rows as well', async () => {
  const ask = await analystOf('early', 'Asia/Kolkata', ['2025-04-06T10:00:00Z']);
  const days = await ask(daily('early', 3, '2000-01-01T12:00:00Z'));
  expect(days).toEqual(
    ['1999-12-30', '1999-12-31', '2000-01-01'].map((day) => ({ day, calls: 0 })),
  );
});

describe('a client that has moved', () => {
  test('counts the days before in its old zone, and those since in its new one', async () => {
    const ask = await analystOf('moved', 'America/New_York', [
      '2025-03-09T04:59:59Z',
      '2025-03-09T05:00:00Z',
      '2025-03-09T23:00:00Z',
      '2025-03-10T22:59:59Z',
      '2025-03-10T23:00:00Z',
    ]);
    await moveClient('moved', 'Europe/Vienna', '2025-03-10');
    expect(await ask(daily('moved', 4, '2025-03-11T12:00:00Z'))).toEqual([
      { day: '2025-03-08', calls: 1 },
      // From midnight in New York to midnight in Vienna: 18 hours.
      { day: '2025-03-09', calls: 1 },
      { day: '2025-03-10', calls: 2 },
      { day: '2025-03-11', calls: 1 },
    ]);
    const months = `select month_start::text as month, request_count::int as calls
      from tokens_usage where user_id = 'ann'`;
    expect(await ask(months)).toEqual([{ month: '2025-03-01', calls: 5 }]);
  });

  test.each([
    ['east over', 'east', 'Pacific/Honolulu', 'Pacific/Kiritimati'],
    ['west over', 'west', 'Pacific/Kiritimati', 'Etc/GMT+12'],
    ['so far that a day is overtaken, over', 'far', 'Etc/GMT+12', 'Pacific/Kiritimati'],
  ])('%s the date line has the days of client_days', async (_name, clientId, from, to) => {
    const ask = await analystOf(clientId, from, ['2025-03-09T12:00:00Z']);
    await moveClient(clientId, to, '2025-03-10');
    const days = await ask(
      `select business_date::text as day, starts_at, ends_at from client_days
       where client_id = '${clientId}' and business_date between '2025-03-06' and '2025-03-13'
       order by business_date`,
    );
    expect(days.length).toBeGreaterThanOrEqual(7);
    for (const { day, starts_at: startsAt, ends_at: endsAt } of days) {
      const bounds = await ask(
        `select business_date::text as day, starts_at from client_day_starts('${clientId}',
           array['${day}'::date, '${day}'::date + 1]) order by business_date`,
      );
      expect(bounds.map(({ starts_at }) => starts_at)).toEqual([startsAt, endsAt]);
      for (const [instant, shift] of [
        [startsAt as Date, 0],
        [endsAt as Date, -1],
      ] as const) {
        const at = new Date(instant.getTime() + shift).toISOString();
        const sql = `select client_business_date('${clientId}', '${at}')::text as day`;
        expect([at, await ask(sql)]).toEqual([at, [{ day }]]);
      }
    }
  });
});
