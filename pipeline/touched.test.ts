// What one change of the books rebuilds: the day, week and month that it counts in, and nothing else.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import { addTestClient, createTestBooks, silentLog, type TestBooks } from '../core/test-support.ts';
import { bookEvents } from '../test/booked-events.ts';
import { bookLoneText, bookTasks } from '../test/sms-rows.ts';
import { createTestWarehouse, type TestWarehouse } from '../test/test-warehouse.ts';
import { copyBooks } from './copy.ts';
import { refreshWarehouse } from './refresh.ts';
import { buildRollups, forgetChanges } from './rollup.ts';

let books: TestBooks;
let held: TestWarehouse;
let clients = 0;
let clientId = '';
beforeAll(async () => {
  books = await createTestBooks();
});
afterAll(() => books.close());
beforeEach(async () => {
  held = await createTestWarehouse();
  clients += 1;
  clientId = `kolkata-${clients}`;
  await addTestClient(books.app, { clientId, timeZone: 'Asia/Kolkata' });
});
afterEach(() => held.remove());

const refresh = () =>
  refreshWarehouse({ pool: books.pipeline, warehouse: held.warehouse, log: silentLog() });

/** The days that the last refresh touched, of every client. */
async function touchedDays(): Promise<string[]> {
  const rows = await held.warehouse.rows(
    'select client_id, business_date from calendar.touched_days order by all',
  );
  return rows.map((row) => `${row.client_id} ${row.business_date}`);
}

/** Every row of figures that is kept, as `table client kind start row`. */
async function keptRows(): Promise<Set<string>> {
  const tables = await held.warehouse.rows<{ name: string; period: string }>(
    `select schema_name || '.' || table_name as name,
       if(schema_name = 'marts', '''day'', business_date', 'period_kind, period_start') as period
     from duckdb_tables() where schema_name in ('marts', 'rollups')`,
  );
  const found = new Set<string>();
  for (const { name, period } of tables) {
    const rows = await held.warehouse.rows(`select client_id, ${period}, rowid from ${name}`);
    for (const row of rows) found.add([name, ...Object.values(row)].join(' '));
  }
  return found;
}

/** The periods that a change replaced rows of, as `client kind start`. */
async function replacedPeriods(before: Set<string>): Promise<string[]> {
  const after = await keptRows();
  const replaced = before.symmetricDifference(after);
  return [...new Set([...replaced].map((row) => row.split(' ').slice(1, 4).join(' ')))].sort();
}

/** Calls and tasks of this client and of another one on every tenth day of half a year. */
async function bookHalfAYear(): Promise<void> {
  const other = `other-${clients}`;
  await addTestClient(books.app, { clientId: other });
  for (const client of [clientId, other]) {
    const days = Array.from({ length: 18 }, (_, index) => {
      return new Date(Date.UTC(2025, 0, 1 + index * 10, 12)).toISOString();
    });
    const calls = days.map((at) => ({ id: at, at, cost: '1', user: 'u', latency: '5' }));
    await bookEvents(books.app, client, calls);
    await bookTasks(
      books.owner,
      client,
      days.map((at) => ({ id: at, at, calls: [{}] })),
    );
  }
}

test('a call that is three months late rebuilds its day, week and month alone', async () => {
  await bookHalfAYear();
  await refresh();
  const before = await keptRows();
  expect(before.size).toBeGreaterThan(500);
  // By the clock of Kolkata it is the first of April.
  await bookEvents(books.app, clientId, [{ id: 'late', at: '2025-03-31T18:30:00Z', cost: '7' }]);
  const { rebuiltDays } = await refresh();
  expect(rebuiltDays).toBe(1);
  expect(await touchedDays()).toEqual([`${clientId} 2025-04-01`]);
  expect(await replacedPeriods(before)).toEqual([
    `${clientId} day 2025-04-01`,
    `${clientId} month 2025-04-01`,
    `${clientId} week 2025-03-31`,
  ]);
});

test('what stands in other periods is not read, and so not mended', async () => {
  await bookHalfAYear();
  await refresh();
  // A mark that no check of the touched periods looks at.
  await held.warehouse.run(`update rollups.usage_by_period set operation = 'marked'`);
  await bookEvents(books.app, clientId, [{ id: 'late', at: '2025-03-31T18:30:00Z' }]);
  await refresh();
  const rows = await held.warehouse.rows(
    `select distinct period_kind, period_start from rollups.usage_by_period
     where operation is null order by all`,
  );
  expect(rows.map((row) => `${row.period_kind} ${row.period_start}`)).toEqual([
    'day 2025-04-01',
    'month 2025-04-01',
    'week 2025-03-31',
  ]);
  // Control: a build of everything leaves no mark.
  await refreshWarehouse({
    ...{ pool: books.pipeline, warehouse: held.warehouse, log: silentLog(), everything: true },
  });
  const marked = `select 1 from rollups.usage_by_period where operation = 'marked'`;
  expect(await held.warehouse.rows(marked)).toEqual([]);
});

test('a row that is read again and is the same touches nothing', async () => {
  await bookEvents(books.app, clientId, [{ id: 'a', at: '2025-03-31T12:00:00Z' }]);
  await refresh();
  const again = 'update usage_events set xid = pg_current_xact_id() where client_id = $1';
  await query(books.owner, again, [clientId]);
  const { copiedRows, rebuiltDays } = await refresh();
  expect(copiedRows).toBeGreaterThan(0);
  expect(rebuiltDays).toBe(0);
});

describe('a text that is told its price weeks later', () => {
  test('touches its task’s day alone', async () => {
    await bookTasks(books.owner, clientId, [
      // Its answer went out after midnight.
      { id: 'a', at: '2025-03-31T18:29:00Z', seconds: 3_600, texts: [{}, { estimate: '1' }] },
      { id: 'b', at: '2025-03-31T18:31:00Z', texts: [{}, { estimate: '1' }] },
    ]);
    await refresh();
    await query(
      books.owner,
      `update sms_messages set price = 0.5, happened_at = '2025-03-31T19:29:00Z'
       from tasks where sms_messages.client_id = $1 and sms_messages.direction = 'outbound'
         and tasks.client_id = $1 and tasks.task_id = sms_messages.task_id
         and tasks.received_at < '2025-03-31T18:30:00Z'`,
      [clientId],
    );
    await refresh();
    expect(await touchedDays()).toEqual([`${clientId} 2025-03-31`]);
  });

  test('touches its own where it has none', async () => {
    const text = { id: 'l', at: '2025-03-31T18:31:00Z' };
    await bookLoneText(books.owner, clientId, text);
    await refresh();
    await query(books.owner, 'update sms_messages set price = 1 where client_id = $1', [clientId]);
    await refresh();
    expect(await touchedDays()).toEqual([`${clientId} 2025-04-01`]);
  });
});

describe('a task’s call that was made after midnight and is repriced', () => {
  const modelCosts = async () => {
    const rows = await held.warehouse.rows(
      `select period_start, sum(model_cost) as cost from rollups.answer_costs_by_period
       where client_id = $clientId::varchar and period_kind = 'day' group by all order by all`,
      { clientId },
    );
    return rows.map((row) => `${row.period_start} ${row.cost}`);
  };
  beforeEach(async () => {
    await bookTasks(books.owner, clientId, [
      { id: 'a', at: '2025-03-31T18:29:00Z', calls: [{ cost: '1', at: '2025-03-31T18:31:00Z' }] },
    ]);
    await refresh();
    expect(await modelCosts()).toEqual(['2025-03-31 1']);
    await query(
      books.owner,
      `insert into cost_adjustments (client_id, event_id, reprice_id, old_cost_status, new_cost,
         new_computed_cost, new_cost_status, currency, reason, recorded_at)
       values ($1, 'a/0', gen_random_uuid(), 'computed', 3, 3, 'computed', 'USD', 'x', now())`,
      [clientId],
    );
  });

  test('touches its own day and that of its task', async () => {
    await refresh();
    expect(await touchedDays()).toEqual([`${clientId} 2025-03-31`, `${clientId} 2025-04-01`]);
    expect(await modelCosts()).toEqual(['2025-03-31 3']);
  });

  test('control: were the task’s day not noted, its answer would keep the old cost', async () => {
    await held.warehouse.transaction(async () => {
      await copyBooks(books.pipeline, held.warehouse, silentLog());
      await held.warehouse.run(`delete from calendar.changed_days
        where business_date = '2025-03-31'`);
      await buildRollups(held.warehouse);
      await forgetChanges(held.warehouse);
    });
    expect(await modelCosts()).toEqual(['2025-03-31 1']);
  });
});
