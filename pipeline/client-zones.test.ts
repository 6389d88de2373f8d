// A client that counts its days in another zone or its weeks from another day on, and a calendar that
// was made of other zone data: every figure moves to where it belongs.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import { addTestClient, createTestBooks, silentLog } from '../core/test-support.ts';
import { bookEvents } from '../test/booked-events.ts';
import { createTestWarehouse, type TestWarehouse } from '../test/test-warehouse.ts';
import { refreshWarehouse } from './refresh.ts';

let books: Awaited<ReturnType<typeof createTestBooks>>;
let held: TestWarehouse;
beforeAll(async () => {
  books = await createTestBooks();
});
afterAll(() => books.close());
beforeEach(async () => {
  held = await createTestWarehouse();
});
afterEach(() => held.remove());

const refresh = () => {
  return refreshWarehouse({ pool: books.pipeline, warehouse: held.warehouse, log: silentLog() });
};

/** The client's rollups as `kind start calls cost`, cost in all currencies. */
async function rollupsOf(clientId: string, kind: 'day' | 'week' | 'month'): Promise<string[]> {
  const rows = await held.warehouse.rows(
    `select period_start, sum(calls) as calls, sum(reported_cost) as cost
     from rollups.usage_by_period
     where client_id = $clientId::varchar and period_kind = $kind::varchar
     group by period_start order by period_start`,
    { clientId, kind },
  );
  return rows.map((row) => `${row.period_start} ${row.calls} ${row.cost}`);
}

let clients = 0;
/** Books events at the instants, each with a cost of its own, refreshes, and returns the client. */
async function clientWithEvents(
  timeZone: string,
  instants: string[],
  weekStart = 1,
): Promise<string> {
  clients += 1;
  const clientId = `moved-${clients}`;
  await addTestClient(books.app, { clientId, timeZone, weekStart });
  const events = instants.map((at, index) => ({ id: `e${index}`, at, cost: `${2 ** index}` }));
  await bookEvents(books.app, clientId, events);
  await refresh();
  return clientId;
}

describe('a client that moves to another zone', () => {
  const move = (clientId: string, timeZone: string, from: string) =>
    query(
      books.owner,
      'insert into client_zones (client_id, effective_from, time_zone) values ($1, $2, $3)',
      [clientId, from, timeZone],
    );

  test.each([
    // The last day in the old zone ends where the first in the new one begins.
    ['Pacific/Kiritimati', '2025-03-19', ['2025-03-17 1 1', '2025-03-18 1 2', '2025-03-19 3 28']],
    ['Pacific/Kiritimati', '2025-03-18', ['2025-03-18 2 3', '2025-03-19 3 28']],
    ['America/New_York', '2025-03-19', ['2025-03-17 1 1', '2025-03-18 3 14', '2025-03-19 1 16']],
  ])('to %s counts its days in it from %s on', async (timeZone, from, expected) => {
    const clientId = await clientWithEvents('UTC', [
      '2025-03-17T12:00:00Z',
      '2025-03-18T09:59:59Z',
      '2025-03-18T10:00:00Z',
      '2025-03-19T03:59:59Z',
      '2025-03-19T04:00:00Z',
    ]);
    await move(clientId, timeZone, from);
    await refresh();
    expect(await rollupsOf(clientId, 'day')).toEqual(expected);
    const [month] = await rollupsOf(clientId, 'month');
    expect(month).toBe('2025-03-01 5 31');
  });

  test('the farthest there is counts every event once', async () => {
    // Midnight of a day in Kiritimati comes before that of the day before in Pago Pago.
    const clientId = await clientWithEvents('Pacific/Pago_Pago', [
      '2025-03-17T10:59:59Z',
      '2025-03-18T09:59:59Z',
      '2025-03-18T10:30:00Z',
      '2025-03-18T11:30:00Z',
    ]);
    await move(clientId, 'Pacific/Kiritimati', '2025-03-19');
    await refresh();
    expect(await rollupsOf(clientId, 'day')).toEqual([
      '2025-03-16 1 1',
      '2025-03-17 1 2',
      '2025-03-19 2 12',
    ]);
  });

  test('keeps its days when only its present zone is changed', async () => {
    const clientId = await clientWithEvents('UTC', ['2025-03-17T23:00:00Z']);
    const change = `update clients set time_zone = 'Pacific/Kiritimati' where client_id = $1`;
    await query(books.owner, change, [clientId]);
    await refresh();
    expect(await rollupsOf(clientId, 'day')).toEqual(['2025-03-17 1 1']);
  });
});

test('a client whose week begins on another day has no week of before', async () => {
  const clientId = await clientWithEvents('UTC', ['2025-03-15T12:00:00Z', '2025-03-16T12:00:00Z']);
  expect(await rollupsOf(clientId, 'week')).toEqual(['2025-03-10 2 3']);
  await query(books.owner, 'update clients set week_start = 7 where client_id = $1', [clientId]);
  await refresh();
  expect(await rollupsOf(clientId, 'week')).toEqual(['2025-03-09 1 1', '2025-03-16 1 2']);
});

test('the calendar is mended when the zone data of Node is newer than it', async () => {
  const clientId = await clientWithEvents('Europe/Vienna', ['2025-07-01T22:30:00Z']);
  // As if an older version had not known of summer time.
  const damage = `update calendar_days set starts_at = starts_at + interval '1 hour',
    ends_at = ends_at + interval '1 hour', xid = pg_current_xact_id()
    where time_zone = 'Europe/Vienna'`;
  await query(books.owner, damage);
  await refresh();
  expect(await rollupsOf(clientId, 'day')).toEqual(['2025-07-01 1 1']);
  await query(books.owner, `update calendar_days set zone_data = '1999a'`);
  await refresh();
  expect(await rollupsOf(clientId, 'day')).toEqual(['2025-07-02 1 1']);
});

test('an event before the first day of the calendar has its day, too', async () => {
  const clientId = await clientWithEvents('Asia/Kolkata', ['2025-03-18T10:00:00Z']);
  await bookEvents(books.app, clientId, [{ id: 'old', at: '2003-12-31T18:30:00Z', cost: '2' }]);
  await refresh();
  expect(await rollupsOf(clientId, 'day')).toEqual(['2004-01-01 1 2', '2025-03-18 1 1']);
});
