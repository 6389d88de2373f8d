// Rules of the two costs in the warehouse: kinds stay apart, a repriced call takes its newest price
// without a change of the event, an outlier is shown apart and still counts.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { setOutlierMultiple } from '../core/clients.ts';
import { query, withTransaction } from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';
import { addTestClient, createTestBooks, rememberingLog, silentLog } from '../core/test-support.ts';
import { bookEvents } from '../test/booked-events.ts';
import { createTestWarehouse, type TestWarehouse } from '../test/test-warehouse.ts';
import { refreshWarehouse } from './refresh.ts';

const AT = '2025-03-18T09:00:00Z';
const REPRICE = '00000000-0000-0000-0000-000000000001';

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

const refresh = () =>
  refreshWarehouse({ pool: books.pipeline, warehouse: held.warehouse, log: silentLog() });

async function adjust(clientId: string, eventId: string, cost: string | null, currency = 'USD') {
  const status = cost === null ? 'unpriced' : 'computed';
  await withTransaction(books.app, { clientId }, (connection) =>
    query(
      connection,
      `insert into cost_adjustments (client_id, event_id, reprice_id, old_cost_status, new_cost,
         new_computed_cost, new_cost_status, currency, reason, recorded_at)
       values ($1, $2, $3, 'unpriced', $4, $4, $5, $6, 'a test', '2025-04-01Z')`,
      [clientId, eventId, REPRICE, cost, status, currency],
    ),
  );
}

/** The client's day as `status currency calls reported computed effective`. */
async function costsOf(clientId: string): Promise<string[]> {
  const rows = await held.warehouse.rows(
    `select cost_status, currency, sum(calls) as calls, sum(reported_cost) as reported,
       sum(computed_cost) as computed, sum(effective_cost) as effective
     from rollups.usage_by_period where client_id = $clientId::varchar and period_kind = 'day'
     group by all order by all`,
    { clientId },
  );
  return rows.map((row) => Object.values(row).join(' '));
}

test('reported, computed and unknown costs stand apart, and what counts is their sum', async () => {
  await addTestClient(books.app, { clientId: 'kinds' });
  await bookEvents(books.app, 'kinds', [
    { id: 'a', at: AT, cost: '0.3', computed: '0.25' },
    { id: 'b', at: AT, cost: '0', computed: '0.5' },
    { id: 'c', at: AT, cost: '0' },
    { id: 'd', at: AT },
  ]);
  await refresh();
  expect(await costsOf('kinds')).toEqual([
    'computed USD 1 0 0.5 0.5',
    'reported USD 1 0.3 0.25 0.3',
    'unpriced USD 2 0 0 0',
  ]);
});

test('a repriced call takes its newest adjustment, in that one’s currency', async () => {
  await addTestClient(books.app, { clientId: 'repriced' });
  await bookEvents(books.app, 'repriced', [
    { id: 'a', at: AT, currency: 'EUR' },
    { id: 'b', at: AT, cost: '2' },
  ]);
  await refresh();
  expect(await costsOf('repriced')).toEqual(['reported USD 1 2 0 2', 'unpriced EUR 1 0 0 0']);
  await adjust('repriced', 'a', '0.7');
  await adjust('repriced', 'a', '0.000000000000000001');
  await refresh();
  expect(await costsOf('repriced')).toEqual([
    'computed USD 1 0 0.000000000000000001 0.000000000000000001',
    'reported USD 1 2 0 2',
  ]);
  await adjust('repriced', 'a', null, 'EUR');
  await refresh();
  expect(await costsOf('repriced')).toEqual(['reported USD 1 2 0 2', 'unpriced EUR 1 0 0 0']);
});

test('a lost or altered adjustment is noticed and mended', async () => {
  await addTestClient(books.app, { clientId: 'mended' });
  await bookEvents(books.app, 'mended', [
    { id: 'a', at: AT },
    { id: 'b', at: AT, cost: '2' },
  ]);
  await adjust('mended', 'a', '1');
  for (const tamper of [
    'delete from raw.cost_adjustments',
    'update raw.cost_adjustments set new_cost = new_cost + 0.000000000000000001',
    'update raw.usage_events set computed_cost = 1',
    `update raw.usage_events set cost_status = 'free'`,
  ]) {
    await refresh();
    await held.warehouse.run(tamper);
    // A tick compares the days that it touches: another call of the day changes.
    await query(
      books.owner,
      `update usage_events set latency_ms = coalesce(latency_ms, 0) + 1, xid = pg_current_xact_id()
       where client_id = 'mended' and event_id = 'b'`,
    );
    const { log, lines } = rememberingLog();
    await refreshWarehouse({ pool: books.pipeline, warehouse: held.warehouse, log });
    // A writer of another test that is still open has rows copied again, which mends them as well.
    const warned = lines.filter(({ level }) => level === 'warn');
    expect(warned.every(({ event }) => event === 'copy.differed')).toBe(true);
    expect(await costsOf('mended'), tamper).toEqual([
      'computed USD 1 0 1 1',
      'reported USD 1 2 0 2',
    ]);
  }
});

const outliersOf = (clientId: string, from = '2025-03-18', until = '2025-03-19') =>
  held.warehouse.rows(loadSql('duckdb/reports/usage_outliers'), {
    client_id: clientId,
    currency: 'USD',
    range_from: from,
    range_until: until,
    usual_from: '2024-03-19',
  });

test('a call far above the usual one of its model is an outlier, and counts', async () => {
  await addTestClient(books.app, { clientId: 'outliers', outlierMultiple: 10 });
  const usual = Array.from({ length: 20 }, (_, index) => ({ id: `u${index}`, at: AT, cost: '1' }));
  await bookEvents(books.app, 'outliers', [
    ...usual,
    { id: 'at-the-multiple', at: AT, cost: '10' },
    { id: 'above', at: AT, cost: '10.000000000000000001' },
    { id: 'of-a-rare-model', at: AT, model: 'rare', cost: '9990.01' },
  ]);
  await refresh();
  expect(await outliersOf('outliers')).toEqual([
    { outlier_calls: '1', outlier_cost: '10.000000000000000001' },
  ]);
  const [day] = await held.warehouse.rows(
    `select sum(effective_cost) as effective from rollups.usage_by_period
     where client_id = 'outliers' and period_kind = 'day'`,
  );
  expect(day).toEqual({ effective: '10030.010000000000000001' });
});

test('what is usual is of the year before too; outliers are of the period alone', async () => {
  await bookEvents(books.app, 'outliers', [
    { id: 'later', at: '2025-03-19T09:00:00Z', cost: '100' },
    { id: 'in-euros', at: '2025-03-19T09:00:00Z', cost: '100', currency: 'EUR' },
  ]);
  await refresh();
  expect(await outliersOf('outliers', '2025-03-19', '2025-03-20')).toEqual([
    { outlier_calls: '1', outlier_cost: '100' },
  ]);
  expect(await outliersOf('outliers', '2025-03-20', '2025-03-21')).toEqual([
    { outlier_calls: '0', outlier_cost: '0' },
  ]);
});

test('a changed multiple applies from the next refresh on', async () => {
  await setOutlierMultiple(books.app, 'outliers', 11);
  await refresh();
  expect(await outliersOf('outliers')).toEqual([{ outlier_calls: '0', outlier_cost: '0' }]);
  await expect(setOutlierMultiple(books.app, 'outliers', 1.5)).rejects.toThrow(/whole number/);
  await expect(setOutlierMultiple(books.app, 'nobody', 5)).rejects.toThrow(/no client/);
});

test('raw tables of an older version are dropped and copied afresh', async () => {
  await addTestClient(books.app, { clientId: 'older' });
  await bookEvents(books.app, 'older', [{ id: 'a', at: AT, cost: '1' }]);
  await refresh();
  await held.warehouse.run(`comment on table raw.copy_state is 'of an older version'`);
  expect(await refresh()).toMatchObject({ isFresh: true });
  expect(await refresh()).toMatchObject({ isFresh: false });
});
