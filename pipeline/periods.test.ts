// Rules of restatements: a figure of a closed period that late rows change is on record with what it
// was, why and how many rows; what was open, or before a client's first figures, is not.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import { addTestClient, createTestBooks, silentLog, type TestBooks } from '../core/test-support.ts';
import { bookEvents } from '../test/booked-events.ts';
import { createTestWarehouse, type TestWarehouse } from '../test/test-warehouse.ts';
import { refreshWarehouse } from './refresh.ts';

let books: TestBooks;
let held: TestWarehouse;
let count = 0;
let clientId: string;

beforeAll(async () => {
  books = await createTestBooks();
  held = await createTestWarehouse();
});
afterAll(async () => {
  held.remove();
  await books.close();
});
beforeEach(async () => {
  count += 1;
  clientId = `client-${count}`;
  await addTestClient(books.app, { clientId });
});

let events = 0;
/** Books calls of a dollar and ten tokens at the instants, and refreshes. */
async function book(...instants: string[]): Promise<number> {
  await bookEvents(
    books.app,
    clientId,
    instants.map((at) => {
      events += 1;
      return { id: `e${events}`, at, cost: '1', input: 10 };
    }),
  );
  return refresh();
}

const refresh = async () =>
  (await refreshWarehouse({ pool: books.pipeline, warehouse: held.warehouse, log: silentLog() }))
    .restated;

const records = (kind: string) =>
  query(
    books.pipeline,
    `select to_char(period_start, 'YYYY-MM-DD') as start, measure, old_value, new_value,
       row_count::int as rows, reason
     from restatements where client_id = $1 and period_kind = $2
     order by as_of, period_start, measure`,
    [clientId, kind],
  );

describe('late calls of a closed period', () => {
  test('restate its figures in its day, week and month, and nothing else', async () => {
    expect(await book('2025-03-10T12:00:00Z', '2025-03-18T12:00:00Z')).toBe(0);
    await book('2025-03-10T13:00:00Z', '2025-03-10T14:00:00Z', '2025-03-10T15:00:00Z');
    const told = { rows: 3, reason: 'late calls' };
    const figures = (start: string, old: number) => [
      { start, measure: 'call_cost', old_value: `${old}`, new_value: `${old + 3}`, ...told },
      { start, measure: 'calls', old_value: `${old}`, new_value: `${old + 3}`, ...told },
      { start, measure: 'input_tokens', old_value: `${old}0`, new_value: `${old + 3}0`, ...told },
    ];
    expect(await records('day')).toEqual(figures('2025-03-10', 1));
    expect(await records('week')).toEqual(figures('2025-03-10', 1));
    expect(await records('month')).toEqual(figures('2025-03-01', 2));
  });

  test('restate also one that closed without a call', async () => {
    await book('2025-03-10T12:00:00Z', '2025-03-18T12:00:00Z');
    await book('2025-03-12T12:00:00Z');
    expect(await records('day')).toContainEqual({
      ...{ start: '2025-03-12', measure: 'calls', old_value: '0', new_value: '1' },
      ...{ rows: 1, reason: 'late calls' },
    });
  });

  test('are history where they are before the first ones of their client', async () => {
    await book('2025-03-10T12:00:00Z');
    expect(await book('2024-12-10T12:00:00Z', '2025-01-18T12:00:00Z')).toBe(0);
    // What comes between is late again.
    expect(await book('2024-12-20T12:00:00Z')).toBeGreaterThan(0);
  });
});

test('a call of today restates nothing: its periods are open', async () => {
  await book('2025-03-10T12:00:00Z');
  expect(await book(new Date().toISOString())).toBe(0);
  expect(await book(new Date().toISOString())).toBe(0);
});

test('the same figures again are no restatement', async () => {
  await book('2025-03-10T12:00:00Z');
  await query(books.owner, 'update usage_events set xid = pg_current_xact_id()');
  expect(await refresh()).toBe(0);
});
