// Rules of the check of zone data: days as long as the zones make them are found alike, a rule that a
// database lacks is named with its first day, and so is a zone that it does not know.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CalendarDay, calendarDays } from '../core/calendar.ts';
import { query } from '../core/postgres.ts';
import {
  addTestClient,
  createTestBooks,
  makeTestFolder,
  type TestBooks,
} from '../core/test-support.ts';
import { openWarehouse, type Warehouse } from './warehouse.ts';
import { checkClientZones, compareZone, describeDifference } from './zone-check.ts';

const folder = makeTestFolder();
let books: TestBooks;
let warehouse: Warehouse;

beforeAll(async () => {
  books = await createTestBooks();
  warehouse = await openWarehouse({
    warehouse: join(folder.path, 'w.duckdb'),
    staging: join(folder.path, 'staging'),
  });
});

afterAll(async () => {
  warehouse.close();
  await books.close();
  folder.remove();
});

const compare = (zone: string, days: CalendarDay[]) =>
  compareZone({ pool: books.pipeline, warehouse }, zone, days);

/** Years whose rules all three have known for long. */
const settled = (zone: string) => calendarDays(zone, '2020-01-01', '2024-12-31');

describe('zones whose days are of 23, 23.5, 24, 24.5 and 25 hours', () => {
  test.each([
    ['America/Vancouver', [23, 24, 25]],
    ['Africa/Casablanca', [23, 24, 25]],
    ['Europe/Vienna', [23, 24, 25]],
    ['America/New_York', [23, 24, 25]],
    ['Australia/Lord_Howe', [23.5, 24, 24.5]],
    ['Asia/Kolkata', [24]],
    ['Pacific/Chatham', [23, 24, 25]],
    // Midnight is skipped, and comes twice.
    ['America/Havana', [23, 24, 25]],
    ['Asia/Beirut', [23, 24, 25]],
  ])('start alike in Node, Postgres and DuckDB: %s', async (zone, hours) => {
    const days = settled(zone);
    const lengths = days.map(
      ({ startsAt, endsAt }) => (Date.parse(endsAt) - Date.parse(startsAt)) / 3_600_000,
    );
    expect([...new Set(lengths)].sort()).toEqual(hours);
    expect(await compare(zone, days)).toEqual([]);
  });

  test.each([
    ['an hour late', 3_600_000],
    ['an hour early', -3_600_000],
    ['half an hour late', 1_800_000],
    ['a minute early', -60_000],
  ])('of which one starts %s differ from it on (control)', async (_name, shiftMs) => {
    const days = settled('Australia/Lord_Howe').map((day) =>
      day.date < '2024-04-08'
        ? day
        : { ...day, startsAt: new Date(Date.parse(day.startsAt) + shiftMs).toISOString() },
    );
    const differs = { timeZone: 'Australia/Lord_Howe', firstDate: '2024-04-08', days: 268 };
    expect(await compare('Australia/Lord_Howe', days)).toEqual([
      { ...differs, database: 'Postgres' },
      { ...differs, database: 'DuckDB' },
    ]);
  });
});

test('a day that a zone left out is in nobody’s way', async () => {
  const days = calendarDays('Pacific/Apia', '2011-12-28', '2012-01-02');
  expect(await compare('Pacific/Apia', days)).toEqual([]);
});

test('a zone that a database does not know is named', async () => {
  const found = await compare('Mars/Olympus', settled('UTC'));
  expect(found.map(describeDifference)).toEqual([
    expect.stringContaining('Postgres does not know the zone Mars/Olympus'),
    expect.stringContaining('DuckDB does not know the zone Mars/Olympus'),
  ]);
});

test('a difference says what it means', () => {
  const text = describeDifference({
    timeZone: 'America/Vancouver',
    database: 'Postgres',
    firstDate: '2026-11-02',
    days: 252,
  });
  expect(text).toContain(
    'Postgres starts 2026-11-02 and 251 later days in America/Vancouver at another time',
  );
  expect(text).toContain('Figures and reports use the calendar');
});

test('every zone that a client has or had is compared, a year back and two ahead', async () => {
  const zones = ['Asia/Kolkata', 'Europe/Vienna', 'Pacific/Chatham'];
  for (const timeZone of zones.slice(1))
    await addTestClient(books.app, { clientId: timeZone.slice(-4).toLowerCase(), timeZone });
  await query(
    books.owner,
    `insert into client_zones (client_id, effective_from, time_zone)
     values ('enna', '2024-01-01', 'Asia/Kolkata')`,
  );
  const databases = { pool: books.pipeline, warehouse };
  expect(await checkClientZones(databases, '2024-01-01')).toEqual({ zones: 3, differences: [] });
});

test('what the databases of today know of years to come is told as it is', async () => {
  // The rules of Vancouver and Casablanca change; whoever is behind is named, with the first day.
  for (const zone of ['America/Vancouver', 'Africa/Casablanca', 'Europe/Vienna']) {
    const days = calendarDays(zone, '2025-01-01', '2028-12-31');
    const wrong = await query<{ date: string }>(
      books.owner,
      `select to_char(day, 'YYYY-MM-DD') as date
       from unnest($2::timestamp[], $3::timestamptz[]) as days (day, starts_at)
       where computed_day_starts_at(day::date, $1) <> starts_at`,
      [zone, days.map(({ date }) => date), days.map(({ startsAt }) => startsAt)],
    );
    const found = (await compare(zone, days)).find(({ database }) => database === 'Postgres');
    expect([zone, found?.firstDate, found?.days ?? 0]).toEqual([
      ...[zone, wrong[0]?.date, wrong.length],
    ]);
  }
});
