// Given events, expected rollups: a client's own days, weeks and months, exact sums, and the same
// figures however and whenever the events came.

import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { listSql } from '../core/sql.ts';
import { addTestClient, createTestBooks, silentLog } from '../core/test-support.ts';
import { bookEvents } from '../test/booked-events.ts';
import { createTestWarehouse, type TestWarehouse } from '../test/test-warehouse.ts';
import { refreshWarehouse } from './refresh.ts';
import { openWarehouse } from './warehouse.ts';

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
  const clientId = `zone-${clients}`;
  await addTestClient(books.app, { clientId, timeZone, weekStart });
  const events = instants.map((at, index) => ({ id: `e${index}`, at, cost: `${2 ** index}` }));
  await bookEvents(books.app, clientId, events);
  await refresh();
  return clientId;
}

describe('a day is from midnight to midnight by the client’s clock', () => {
  test.each([
    [
      'UTC',
      ['2025-03-17T23:59:59.999999Z', '2025-03-18T00:00:00Z'],
      ['2025-03-17 1 1', '2025-03-18 1 2'],
    ],
    [
      'America/New_York',
      ['2025-03-18T03:59:59.999999Z', '2025-03-18T04:00:00Z'],
      ['2025-03-17 1 1', '2025-03-18 1 2'],
    ],
    [
      'Asia/Kolkata',
      ['2025-03-17T18:29:59.999999Z', '2025-03-17T18:30:00Z'],
      ['2025-03-17 1 1', '2025-03-18 1 2'],
    ],
    [
      'Pacific/Chatham',
      ['2025-03-17T10:14:59.999999Z', '2025-03-17T10:15:00Z'],
      ['2025-03-17 1 1', '2025-03-18 1 2'],
    ],
    // 23 hours, 25 hours, 23.5 hours.
    [
      'Europe/Vienna',
      ['2025-03-29T23:00:00Z', '2025-03-30T21:59:59.999999Z', '2025-03-30T22:00:00Z'],
      ['2025-03-30 2 3', '2025-03-31 1 4'],
    ],
    [
      'Europe/Vienna',
      ['2025-10-25T22:00:00Z', '2025-10-26T22:59:59.999999Z', '2025-10-26T23:00:00Z'],
      ['2025-10-26 2 3', '2025-10-27 1 4'],
    ],
    [
      'Australia/Lord_Howe',
      ['2025-10-04T13:30:00Z', '2025-10-05T12:59:59.999999Z', '2025-10-05T13:00:00Z'],
      ['2025-10-05 2 3', '2025-10-06 1 4'],
    ],
    // Days that begin at one, for midnight does not exist.
    [
      'America/Havana',
      ['2025-03-09T04:59:59.999999Z', '2025-03-09T05:00:00Z'],
      ['2025-03-08 1 1', '2025-03-09 1 2'],
    ],
    // A day that Samoa left out: 30 December 2011 has no events.
    [
      'Pacific/Apia',
      ['2011-12-30T09:59:59.999999Z', '2011-12-30T10:00:00Z', '2011-12-31T10:00:00Z'],
      ['2011-12-29 1 1', '2011-12-31 1 2', '2012-01-01 1 4'],
    ],
  ])('in %s %j', async (timeZone, instants, expected) => {
    const clientId = await clientWithEvents(timeZone, instants);
    expect(await rollupsOf(clientId, 'day')).toEqual(expected);
  });
});

describe('a week begins on the client’s day', () => {
  const TURN = ['2025-03-15T12:00:00Z', '2025-03-16T12:00:00Z', '2025-03-17T12:00:00Z'];
  test.each([
    ['Monday', 1, ['2025-03-10 2 3', '2025-03-17 1 4']],
    ['Sunday', 7, ['2025-03-09 1 1', '2025-03-16 2 6']],
    ['Saturday', 6, ['2025-03-15 3 7']],
  ])('from %s', async (_name, weekStart, expected) => {
    expect(await rollupsOf(await clientWithEvents('UTC', TURN, weekStart), 'week')).toEqual(
      expected,
    );
  });

  test('and in its zone: Sunday evening in New York is Monday in UTC', async () => {
    const clientId = await clientWithEvents('America/New_York', [
      '2025-03-17T03:59:59Z',
      '2025-03-17T04:00:00Z',
    ]);
    expect(await rollupsOf(clientId, 'week')).toEqual(['2025-03-10 1 1', '2025-03-17 1 2']);
  });

  test('across the turn of the year', async () => {
    const clientId = await clientWithEvents('UTC', [
      '2024-12-30T00:00:00Z',
      '2025-01-05T23:59:59Z',
    ]);
    expect(await rollupsOf(clientId, 'week')).toEqual(['2024-12-30 2 3']);
  });
});

test('a month ends with its last second in the client’s zone, leap days included', async () => {
  const instants = ['2024-02-29T18:29:59Z', '2024-02-29T18:30:00Z', '2024-03-31T18:29:59Z'];
  const clientId = await clientWithEvents('Asia/Kolkata', instants);
  expect(await rollupsOf(clientId, 'month')).toEqual(['2024-02-01 1 1', '2024-03-01 2 6']);
});

test('a rollup keeps every dimension apart, the unknown too, and counts paid calls', async () => {
  const clientId = await clientWithEvents('UTC', []);
  const base = { at: '2025-03-18T12:00:00Z', cost: '0.1', input: 3, output: 2 };
  await bookEvents(books.app, clientId, [
    { ...base, id: 'a' },
    { ...base, id: 'b', cost: '0.000000000000000001' },
    { ...base, id: 'c', cost: '0' },
    { ...base, id: 'd', cost: null, input: null, output: null },
    { ...base, id: 'e', user: 'u' },
    { ...base, id: 'f', chatbot: 'c' },
    { ...base, id: 'g', status: 'error' },
    { ...base, id: 'h', currency: 'EUR' },
    { ...base, id: 'i', provider: 'groq' },
  ]);
  await refresh();
  const rows = await held.warehouse.rows(
    `select provider, user_id, chatbot_id, status, cost_status, currency, calls, paid_calls, input_tokens,
       output_tokens, reported_cost
     from rollups.usage_by_period
     where client_id = $clientId::varchar and period_kind = 'day' order by all`,
    { clientId },
  );
  const one = {
    provider: 'openai',
    user_id: null,
    chatbot_id: null,
    status: null,
    cost_status: 'reported',
    currency: 'USD',
    calls: '1',
    paid_calls: '1',
    input_tokens: '3',
    output_tokens: '2',
    reported_cost: '0.1',
  };
  const reported = {
    ...one,
    calls: '2',
    paid_calls: '2',
    input_tokens: '6',
    output_tokens: '4',
    reported_cost: '0.100000000000000001',
  };
  const unpriced = {
    ...one,
    cost_status: 'unpriced',
    calls: '2',
    paid_calls: '0',
    reported_cost: '0',
  };
  expect(new Set(rows.map((row) => JSON.stringify(row)))).toEqual(
    new Set(
      [
        reported,
        unpriced,
        { ...one, user_id: 'u' },
        { ...one, chatbot_id: 'c' },
        { ...one, status: 'error' },
        { ...one, currency: 'EUR' },
        { ...one, provider: 'groq' },
      ].map((row) => JSON.stringify(row)),
    ),
  );
});

test('rebuilt from a deleted file the rollups are the same to the last decimal', async () => {
  const all = () => held.warehouse.rows('select * from rollups.usage_by_period order by all');
  await refresh();
  const before = await all();
  expect(before.length).toBeGreaterThan(50);
  held.warehouse.close();
  for (const suffix of ['', '.wal']) rmSync(`${held.paths.warehouse}${suffix}`, { force: true });
  held.warehouse = await openWarehouse(held.paths);
  expect((await refresh()).isFresh).toBe(true);
  expect(await all()).toEqual(before);
});

test('a rollup whose file is gone goes too, and what the files make comes back', async () => {
  await clientWithEvents('UTC', ['2025-03-18T10:00:00Z']);
  await held.warehouse.run('create table rollups.forgotten as select 1 as one');
  await held.warehouse.run(`update calendar.models set version = 'of other files'`);
  await refresh();
  const names = await held.warehouse.rows<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'rollups'`,
  );
  const found = names.map(({ name }) => name).sort();
  expect(found).not.toContain('forgotten');
  expect(found).toEqual(listSql('duckdb/rollups').map((file) => file.split('/').at(-1)));
});
