// What is deleted from the books leaves the warehouse with the next copy, and its figures with it.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import { addTestClient, createTestBooks, silentLog, type TestBooks } from '../core/test-support.ts';
import { bookEvents } from '../test/booked-events.ts';
import { bookLoneText, bookTasks } from '../test/sms-rows.ts';
import { createTestWarehouse, type TestWarehouse } from '../test/test-warehouse.ts';
import { copyBooks } from './copy.ts';
import { refreshWarehouse } from './refresh.ts';

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
  clientId = `client-${clients}`;
  await addTestClient(books.app, { clientId });
});
afterEach(() => held.remove());

const refresh = () =>
  refreshWarehouse({ pool: books.pipeline, warehouse: held.warehouse, log: silentLog() });
const copy = () =>
  held.warehouse.transaction(() => copyBooks(books.pipeline, held.warehouse, silentLog()));
const copiedIds = async () => {
  const rows = await held.warehouse.rows<{ event_id: string }>(
    'select event_id from raw.usage_events where client_id = $clientId::varchar order by event_id',
    { clientId },
  );
  return rows.map((row) => row.event_id);
};

describe('a row that is deleted from the books', () => {
  const remove = (id: string) =>
    query(books.owner, 'delete from usage_events where client_id = $1 and event_id = $2', [
      clientId,
      id,
    ]);
  const at = '2025-03-18T10:00:00Z';

  test('leaves the warehouse with the next copy, and no other', async () => {
    await bookEvents(books.app, clientId, [
      { id: 'a', at },
      { id: 'b', at },
    ]);
    await copy();
    await remove('a');
    expect(await copy()).toMatchObject({ isFresh: false });
    expect(await copiedIds()).toEqual(['b']);
    const days = await held.warehouse.rows(
      `select business_date, source from calendar.changed_days
       where client_id = $clientId::varchar`,
      { clientId },
    );
    expect(days).toContainEqual({ business_date: '2025-03-18', source: 'usage_events' });
  });

  test('and booked anew is there, with what it is now', async () => {
    await bookEvents(books.app, clientId, [{ id: 'a', at, model: 'old' }]);
    await copy();
    await remove('a');
    await bookEvents(books.app, clientId, [{ id: 'a', at: '2025-04-01T10:00:00Z', model: 'new' }]);
    await copy();
    const rows = () =>
      held.warehouse.rows(
        `select model, business_date from raw.usage_events where client_id = $clientId::varchar`,
        { clientId },
      );
    expect(await rows()).toEqual([{ model: 'new', business_date: '2025-04-01' }]);
    // However often its deletion is read again.
    await copy();
    expect(await rows()).toEqual([{ model: 'new', business_date: '2025-04-01' }]);
  });

  test('control: without a tombstone the copy cannot see it, but its comparison does', async () => {
    await bookEvents(books.app, clientId, [
      { id: 'a', at },
      { id: 'b', at },
    ]);
    await refresh();
    await remove('a');
    await query(books.owner, 'delete from tombstones where client_id = $1', [clientId]);
    await refresh();
    expect(await copiedIds()).toEqual(['a', 'b']);
    await bookEvents(books.app, clientId, [{ id: 'c', at }]);
    expect(await refresh()).toMatchObject({ isFresh: true });
    expect(await copiedIds()).toEqual(['b', 'c']);
  });
});

describe('the figures', () => {
  const figures = async (table: string) => {
    const rows = await held.warehouse.rows(
      `select distinct period_kind from ${table} where client_id = $clientId::varchar order by all`,
      { clientId },
    );
    return rows.map((row) => row.period_kind);
  };

  test.each([
    ['a call', 'rollups.usage_by_period', 'delete from usage_events'],
    ['an error', 'rollups.errors_by_period', 'delete from error_logs'],
    ['a text', 'rollups.answer_costs_by_period', 'delete from sms_messages'],
  ])('of %s go with it, to the last row', async (_name, table, sql) => {
    const at = '2025-03-31T12:00:00Z';
    await bookEvents(books.app, clientId, [{ id: 'a', at, cost: '1' }]);
    await bookLoneText(books.owner, clientId, { id: 'l', at });
    await query(
      books.owner,
      `insert into error_logs (client_id, error_id, error_type, message, is_critical, occurred_at)
       values ($1, gen_random_uuid(), 'system_error', 'm', true, $2)`,
      [clientId, at],
    );
    await refresh();
    expect(await figures(table)).toEqual(['day', 'month', 'week']);
    await query(books.owner, `${sql} where client_id = $1`, [clientId]);
    expect((await refresh()).isFresh).toBe(false);
    expect(await figures(table)).toEqual([]);
    const touched = await held.warehouse.rows('from calendar.touched_days');
    expect(touched).toEqual([{ client_id: clientId, business_date: '2025-03-31' }]);
  });

  test('of a task go with its calls and texts; the calls’ own stay', async () => {
    await bookTasks(books.owner, clientId, [{ id: 'a', at: '2025-03-31T12:00:00Z', calls: [{}] }]);
    await refresh();
    for (const table of ['task_calls', 'tasks', 'sms_messages'])
      await query(books.owner, `delete from ${table} where client_id = $1`, [clientId]);
    expect((await refresh()).isFresh).toBe(false);
    expect(await figures('rollups.tasks_by_period')).toEqual([]);
    expect(await figures('rollups.answer_costs_by_period')).toEqual([]);
    expect(await figures('rollups.usage_by_period')).toEqual(['day', 'month', 'week']);
  });
});

test('a person who is named otherwise is in no table under the old name', async () => {
  const person = 'somebody-by-name';
  const at = '2025-03-31T12:00:00Z';
  await bookEvents(books.app, clientId, [{ id: 'a', at, user: person }]);
  await bookTasks(books.owner, clientId, [{ id: 't', at, user: person }]);
  await refresh();
  const tablesWith = async () => {
    const found: string[] = [];
    const tables = await held.warehouse.rows<{ name: string }>(
      `select table_schema || '.' || table_name as name from information_schema.tables
       where not starts_with(table_schema || table_name, 'calendar')
         and table_name <> 'calendar_days'`,
    );
    for (const { name } of tables) {
      const rows = await held.warehouse.rows(`select * from ${name}`);
      if (JSON.stringify(rows).includes(person)) found.push(name);
    }
    return found;
  };
  expect(await tablesWith()).toContain('rollups.activity_by_period');
  await query(books.owner, 'insert into users (client_id, user_id) values ($1, $2)', [
    ...[clientId, 'erased-1'],
  ]);
  for (const table of ['usage_events', 'tasks', 'sms_messages']) {
    const sql = `update ${table} set user_id = 'erased-1' where client_id = $1 and user_id = $2`;
    await query(books.owner, sql, [clientId, person]);
  }
  const sql = 'delete from users where client_id = $1 and user_id = $2';
  await query(books.owner, sql, [clientId, person]);
  expect((await refresh()).isFresh).toBe(false);
  expect(await tablesWith()).toEqual([]);
});
