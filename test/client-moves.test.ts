// A client that moves counts its days in the new zone from a date on: figures before it stay, those from
// it on are counted anew and say so, and its reports come in its new morning.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parsePeriod } from '../core/calendar.ts';
import { changeZone, describeZones, listZones } from '../core/client-zones.ts';
import { query } from '../core/postgres.ts';
import { addTestClient, createTestBooks, silentLog, type TestBooks } from '../core/test-support.ts';
import { loadJobs } from '../pipeline/jobs.ts';
import { nextSlot } from '../pipeline/occurrences.ts';
import { refreshWarehouse } from '../pipeline/refresh.ts';
import { verifyWarehouse } from '../pipeline/verify.ts';
import { findReport } from '../reports/catalog.ts';
import { bookEvents } from './booked-events.ts';
import { createTestWarehouse, type TestWarehouse } from './test-warehouse.ts';

const NOW = new Date('2025-04-20T12:00:00Z');
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

const refresh = () =>
  refreshWarehouse({ pool: books.pipeline, warehouse: held.warehouse, log: silentLog() });

const figures = (kind: string) =>
  held.warehouse
    .rows(
      `select period_start, sum(calls) as calls from rollups.usage_by_period
       where client_id = 'acme' and period_kind = $kind::varchar
       group by period_start order by period_start`,
      { kind },
    )
    .then((rows) => rows.map((row) => `${row.period_start} ${row.calls}`));

const restated = () =>
  query(
    books.pipeline,
    `select period_kind || ' ' || period_start as period, old_value, new_value, reason
     from restatements where measure = 'calls' order by period_kind, period_start`,
  );

describe('a move from New York to Vienna on 10 March', () => {
  const calls = [
    // Sunday the 2nd, the 9th's first and last hour in New York, the first hours of the 10th in Vienna.
    ['2025-03-02T12:00:00Z', '2025-03-09T05:30:00Z', '2025-03-10T03:30:00Z'],
    ['2025-03-10T00:30:00Z', '2025-03-10T04:30:00Z', '2025-03-12T23:30:00Z'],
    ['2025-04-01T00:30:00Z'],
  ].flat();

  beforeAll(async () => {
    await addTestClient(books.app, { timeZone: 'America/New_York' });
    await bookEvents(
      books.app,
      'acme',
      calls.map((at, index) => ({ id: `e${index}`, at, cost: '1' })),
    );
    await refresh();
  });

  test('leaves the days before as they were and counts the others anew', async () => {
    expect(await figures('day')).toEqual([
      '2025-03-02 1',
      '2025-03-09 3',
      '2025-03-10 1',
      '2025-03-12 1',
      '2025-03-31 1',
    ]);
    const change = { clientId: 'acme', timeZone: 'europe/vienna', from: '2025-03-10' };
    expect(await changeZone(books.app, change, NOW)).toBe(true);
    await refresh();
    expect(await figures('day')).toEqual([
      '2025-03-02 1',
      // From 23:00Z on it is the 10th in Vienna.
      '2025-03-09 1',
      '2025-03-10 3',
      '2025-03-13 1',
      '2025-04-01 1',
    ]);
    expect(await figures('week')).toEqual([
      '2025-02-24 1',
      '2025-03-03 1',
      '2025-03-10 4',
      '2025-03-31 1',
    ]);
    expect(await figures('month')).toEqual(['2025-03-01 6', '2025-04-01 1']);
  });

  test('is on record as the reason of every figure that changed, and of no other', async () => {
    const reason = 'another zone or week';
    expect(await restated()).toEqual([
      { period: 'day 2025-03-09', old_value: '3', new_value: '1', reason },
      { period: 'day 2025-03-10', old_value: '1', new_value: '3', reason },
      { period: 'day 2025-03-12', old_value: '1', new_value: '0', reason },
      { period: 'day 2025-03-13', old_value: '0', new_value: '1', reason },
      { period: 'day 2025-03-31', old_value: '1', new_value: '0', reason },
      { period: 'day 2025-04-01', old_value: '0', new_value: '1', reason },
      { period: 'month 2025-03-01', old_value: '7', new_value: '6', reason },
      { period: 'month 2025-04-01', old_value: '0', new_value: '1', reason },
      { period: 'week 2025-03-03', old_value: '3', new_value: '1', reason },
      { period: 'week 2025-03-10', old_value: '2', new_value: '4', reason },
    ]);
  });

  test('holds against the books, and in the answers in SQL', async () => {
    const { warehouse } = held;
    const options = { pool: books.pipeline, warehouse, log: silentLog(), deep: true };
    expect((await verifyWarehouse(options)).failures).toEqual([]);
    const rows = await query(
      books.owner,
      `select usage_date::text || ' ' || request_count as day
       from get_daily_usage('acme', 5, '2025-03-13T12:00:00Z') where request_count > 0`,
    );
    expect(rows.map(({ day }) => day)).toEqual(['2025-03-09 1', '2025-03-10 3', '2025-03-13 1']);
  });

  test('is named by reports of the days around it, and by no other', async () => {
    const { warehouse } = held;
    const meaningOf = async (week: string) => {
      const sources = { pool: books.pipeline, warehouse, now: () => NOW };
      const toPeriod = (weekStart: number) => parsePeriod(week, weekStart);
      const { content } = await findReport('executive').compose(sources, 'acme', toPeriod);
      return content.definitions.find(({ term }) => term === 'Day')?.meaning;
    };
    const moved = 'From midnight to midnight in Europe/Vienna (America/New_York before 2025-03-10)';
    expect(await meaningOf('2025-W11')).toContain(moved);
    expect(await meaningOf('2025-W13')).toContain('in Europe/Vienna, daylight saving included');
  });

  test('lets reports come in the morning of Vienna', async () => {
    const jobs = await loadJobs(books.pipeline, silentLog());
    const daily = jobs.find(({ job }) => job === 'report executive day');
    expect(daily?.timeZone).toBe('Europe/Vienna');
    const next = daily?.recurrence && nextSlot(daily.recurrence, NOW);
    expect(next?.toISOString()).toBe('2025-04-21T05:00:00.000Z');
  });

  test('is listed; the same again changes nothing, its date again replaces it', async () => {
    const change = { clientId: 'acme', timeZone: 'Europe/Vienna', from: '2025-03-12' };
    expect(await changeZone(books.app, change, NOW)).toBe(false);
    expect(describeZones(await listZones(books.pipeline))).toBe(
      'Europe/Vienna (America/New_York before 2025-03-10)',
    );
    const mended = { ...change, timeZone: 'Europe/London', from: '2025-03-10' };
    expect(await changeZone(books.app, mended, NOW)).toBe(true);
    await refresh();
    expect(await figures('day')).toEqual([
      '2025-03-02 1',
      '2025-03-09 1',
      '2025-03-10 3',
      '2025-03-12 1',
      '2025-04-01 1',
    ]);
    const undone = { ...mended, timeZone: 'America/New_York' };
    expect(await changeZone(books.app, undone, NOW)).toBe(true);
    expect(describeZones(await listZones(books.pipeline))).toBe('America/New_York');
  });
});

describe('a change of zone is refused', () => {
  beforeAll(async () => {
    await addTestClient(books.app, { clientId: 'firm', timeZone: 'Asia/Kolkata' });
    const change = { clientId: 'firm', timeZone: 'Asia/Tokyo', from: '2025-03-10' };
    await changeZone(books.app, change, NOW);
  });

  test.each([
    [
      'Mars/Olympus',
      '2025-04-01',
      'the zone "Mars/Olympus" is unknown, give one such as Europe/Vienna',
    ],
    ['Asia/Dubai', '2025-02-30', 'the date "2025-02-30" is no date, give one such as 2025-03-10'],
    ['Asia/Dubai', 'tomorrow', 'the date "tomorrow" is no date, give one such as 2025-03-10'],
    ['Asia/Dubai', '2025-04-21', 'the date 2025-04-21 is in the future'],
    ['Asia/Dubai', '1999-12-31', 'the date 1999-12-31 is before the books, 2000-01-01'],
    ['Asia/Dubai', '2025-03-09', 'firm counts in Asia/Tokyo since 2025-03-10'],
  ])('to %s from %s', async (timeZone, from, problem) => {
    const attempt = changeZone(books.app, { clientId: 'firm', timeZone, from }, NOW);
    await expect(attempt).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: expect.stringContaining(problem),
    });
  });

  test('of a client that is not there', async () => {
    const change = { clientId: 'nobody', timeZone: 'Asia/Dubai', from: '2025-04-01' };
    await expect(changeZone(books.app, change, NOW)).rejects.toMatchObject({
      code: 'ERR_NOT_FOUND',
    });
  });

  test('and today is no future where the day has begun there', async () => {
    const evening = new Date('2025-04-20T15:30:00Z');
    const change = { clientId: 'firm', timeZone: 'Pacific/Auckland', from: '2025-04-21' };
    expect(await changeZone(books.app, change, evening)).toBe(true);
  });
});
