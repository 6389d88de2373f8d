// The report's cost against the books: adjustments count, what came after the snapshot does not, and a
// warehouse that says something else stops the report.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parsePeriod } from '../../core/calendar.ts';
import { query, withTransaction } from '../../core/postgres.ts';
import {
  addTestClient,
  createTestBooks,
  silentLog,
  type TestBooks,
} from '../../core/test-support.ts';
import { refreshWarehouse } from '../../pipeline/refresh.ts';
import { bookEvents } from '../../test/booked-events.ts';
import { createTestWarehouse, type TestWarehouse } from '../../test/test-warehouse.ts';
import { composeExecutive } from './content.ts';
import { loadExecutiveFacts } from './facts.ts';

const AT = '2025-03-18T09:00:00Z';

let books: TestBooks;
let held: TestWarehouse;
beforeAll(async () => {
  books = await createTestBooks();
  held = await createTestWarehouse();
  await addTestClient(books.app, { currency: 'EUR' });
  await bookEvents(books.app, 'acme', [
    { id: 'reported', at: AT, cost: '0.3', computed: '0.25', currency: 'EUR' },
    { id: 'computed', at: AT, cost: '0', computed: '0.5', currency: 'EUR' },
    { id: 'adjusted', at: AT, computed: '9', currency: 'EUR' },
    { id: 'dollars', at: AT, computed: '3.5', currency: 'USD' },
    { id: 'unknown', at: AT, currency: 'EUR' },
  ]);
  await adjust('1');
  await adjust('0.000000000000000001');
  await refreshWarehouse({ pool: books.pipeline, warehouse: held.warehouse, log: silentLog() });
});
afterAll(async () => {
  held.remove();
  await books.close();
});

async function adjust(cost: string): Promise<void> {
  const sql = `
    insert into cost_adjustments (client_id, event_id, reprice_id, old_cost_status, new_cost,
      new_computed_cost, new_cost_status, currency, reason, recorded_at)
    values ('acme', 'adjusted', gen_random_uuid(), 'computed', $1, $1, 'computed', 'EUR', 'a test',
      '2025-04-01Z')`;
  await withTransaction(books.app, { clientId: 'acme' }, (connection) =>
    query(connection, sql, [cost]),
  );
}

const loadFacts = () =>
  loadExecutiveFacts(
    books.pipeline,
    held.warehouse,
    'acme',
    (weekStart) => parsePeriod('2025-03-18', weekStart),
    new Date('2025-03-20T00:00:00Z'),
  );

test('the cost is what the books say counts, and other currencies stand beside it', async () => {
  const facts = await loadFacts();
  const sql = `select sum(effective_cost)::text as cost, sum(reported_cost)::text as reported
    from usage_calls where client_id = 'acme' and currency = 'EUR'`;
  expect(await query(books.owner, sql)).toEqual([
    { cost: facts.current.all.cost, reported: facts.current.all.reportedCost },
  ]);
  expect(facts.current.all).toMatchObject({
    cost: '0.800000000000000001',
    reportedCost: '0.3',
    calls: '5',
    pricedCalls: '4',
    paidCalls: '3',
    otherCalls: '1',
    otherCost: '3.5',
    otherCurrency: 'USD',
  });
  expect(facts.completeness).toMatchObject({ costDifference: '0', reportedCostDifference: '0' });
  expect(composeExecutive(facts).lede).toMatch(/A further USD\s3\.50 is not converted/);
});

test('a cost that was adjusted after the snapshot changes nothing yet', async () => {
  await adjust('7');
  const facts = await loadFacts();
  expect(facts.completeness).toMatchObject({ costDifference: '0' });
  expect(facts.current.all.cost).toBe('0.800000000000000001');
});

test('no report is made from a warehouse whose cost differs from the books', async () => {
  const tamper = (change: string) =>
    held.warehouse.run(`update rollups.usage_by_period set effective_cost = effective_cost ${change}
      where cost_status = 'computed' and currency = 'USD'`);
  await tamper('- 0.000000000000000001');
  const facts = await loadFacts();
  expect(() => composeExecutive(facts)).toThrow(/cost in Postgres and in the warehouse/);
  await tamper('+ 0.000000000000000001');
  const mended = await loadFacts();
  expect(() => composeExecutive(mended)).not.toThrow();
});
