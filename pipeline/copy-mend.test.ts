// A warehouse that is not a copy of these books is noticed, warned of and copied afresh.
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Log } from '../core/log.ts';
import { migrate } from '../core/migrate.ts';
import { createPool, type Pool, query } from '../core/postgres.ts';
import { APP_ROLE, deriveRoleUrl, PIPELINE_ROLE } from '../core/roles.ts';
import { addTestClient, createTestBooks, rememberingLog, silentLog } from '../core/test-support.ts';
import { bookEvents, waitUntilSettled } from '../test/booked-events.ts';
import { createTestWarehouse, type TestWarehouse } from '../test/test-warehouse.ts';
import { copyBooks, readCopyState } from './copy.ts';

let books: Awaited<ReturnType<typeof createTestBooks>>;
let held: TestWarehouse;

const EVENTS = [
  { id: 'a', at: '2025-03-18T10:00:00Z', cost: '0.1', input: 10 },
  { id: 'b', at: '2025-03-18T11:00:00Z', cost: '0.2', output: 20 },
  { id: 'c', at: '2025-03-19T11:00:00Z' },
  // These two change, so that the next copy compares their days.
  { id: 'd', at: '2025-03-18T12:00:00Z' },
  { id: 'e', at: '2025-03-19T12:00:00Z' },
];
const ALL = EVENTS.map(({ id }) => id);

beforeAll(async () => {
  books = await createTestBooks();
  await addTestClient(books.app);
  await bookEvents(books.app, 'acme', EVENTS);
  // While a writer of another test is older, a copy reads these rows again and so mends them.
  await waitUntilSettled(books.pipeline);
});
afterAll(() => books.close());
beforeEach(async () => {
  held = await createTestWarehouse();
  await copy();
  // As if the rollups had been built: what is compared is what changes from here on.
  await held.warehouse.run('truncate calendar.changed_days');
});
afterEach(() => held.remove());

/** What a refresh does first: a copy in a transaction of the warehouse. */
const copy = (pool: Pool = books.pipeline, log: Log = silentLog()) =>
  held.warehouse.transaction(() => copyBooks(pool, held.warehouse, log));

const touchDays = () =>
  query(
    books.owner,
    `update usage_events set latency_ms = coalesce(latency_ms, 0) + 1, xid = pg_current_xact_id()
     where event_id in ('d', 'e')`,
  );

const ids = async () => {
  const sql = 'select event_id from raw.usage_events order by event_id';
  return (await held.warehouse.rows<{ event_id: string }>(sql)).map((row) => row.event_id);
};

test.each([
  ['a row is gone', `delete from raw.usage_events where event_id = 'a'`],
  ['a row without cost and tokens is gone', `delete from raw.usage_events where event_id = 'c'`],
  [
    'a row is there twice',
    `insert into raw.usage_events select * from raw.usage_events where event_id = 'a'`,
  ],
  [
    'a cost was changed by 10^-18',
    `update raw.usage_events set reported_cost = reported_cost + 0.000000000000000001 where event_id = 'a'`,
  ],
  [
    'a count of tokens was changed',
    `update raw.usage_events set output_tokens = 21 where event_id = 'b'`,
  ],
  ['a currency was changed', `update raw.usage_events set currency = 'EUR' where event_id = 'a'`],
  [
    'a row moved to another client',
    `update raw.usage_events set client_id = 'x' where event_id = 'c'`,
  ],
])('a warehouse is mended with a warning when %s', async (_name, tamper) => {
  await held.warehouse.run(tamper);
  await touchDays();
  const { log, lines } = rememberingLog();
  expect(await copy(books.pipeline, log)).toMatchObject({ isFresh: true });
  expect(lines).toMatchObject([{ level: 'warn', event: 'copy.differed' }]);
  expect(await ids()).toEqual(ALL);
  const [sum] = await held.warehouse.rows(
    'select sum(reported_cost) as cost from raw.usage_events',
  );
  expect(sum).toEqual({ cost: '0.3' });
});

test('control: an undamaged warehouse is not copied afresh, and nothing is warned of', async () => {
  await touchDays();
  const { log, lines } = rememberingLog();
  expect(await copy(books.pipeline, log)).toMatchObject({ isFresh: false });
  expect(lines).toEqual([]);
});

test('a copy compares the days that it changes, and no others', async () => {
  await held.warehouse.run(`delete from raw.usage_events where event_id = 'a'`);
  await query(
    books.owner,
    `update usage_events set latency_ms = coalesce(latency_ms, 0) + 1, xid = pg_current_xact_id()
     where event_id = 'e'`,
  );
  expect(await copy()).toMatchObject({ isFresh: false });
  expect(await ids()).toEqual(['b', 'c', 'd', 'e']);
});

test('a warehouse of another database is copied afresh', async () => {
  const other = await createTestBooks();
  try {
    await addTestClient(other.app, { clientId: 'other' });
    await bookEvents(other.app, 'other', [{ id: 'z', at: '2025-03-18T10:00:00Z' }]);
    expect(await copy(other.pipeline)).toMatchObject({ isFresh: true });
    expect(await ids()).toEqual(['z']);
    expect(await held.warehouse.rows('select client_id from raw.clients')).toEqual([
      { client_id: 'other' },
    ]);
  } finally {
    await other.close();
  }
});

test('books restored to an earlier state take later rows out of the warehouse', async () => {
  const restored = await createTestBooks();
  try {
    await addTestClient(restored.app);
    await bookEvents(restored.app, 'acme', EVENTS.slice(0, 1));
    // A restored backup keeps the identity of its server and database.
    await copy(restored.pipeline);
    const state = await readCopyState(held.warehouse);
    await copy();
    await held.warehouse.run(
      'update raw.copy_state set database_oid = $oid::varchar, horizon_xid = $xid::varchar',
      { oid: state?.database_oid ?? '', xid: '999999999' },
    );
    expect(await copy(restored.pipeline)).toMatchObject({ isFresh: true });
    expect(await ids()).toEqual(['a']);
  } finally {
    await restored.close();
  }
});

test('a copy that fails half-way changes nothing', async () => {
  const before = await readCopyState(held.warehouse);
  await bookEvents(books.app, 'acme', [{ id: 'new', at: '2025-03-20T11:00:00Z' }]);
  // A column that the copied rows lack makes the insert fail after the clients were replaced.
  await held.warehouse.run('alter table raw.usage_events add column more varchar');
  await expect(copy()).rejects.toThrow();
  expect(await readCopyState(held.warehouse)).toEqual(before);
  expect(await ids()).toEqual(ALL);
  await query(books.owner, `delete from usage_events where event_id = 'new'`);
});

test('the order in which a database sorts its texts does not matter', async () => {
  const name = `sorted_${randomBytes(6).toString('hex')}`;
  await query(
    books.owner,
    `create database ${name} template template0 locale_provider icu icu_locale 'en-u-ka-shifted'`,
  );
  const url = Object.assign(new URL(books.ownerUrl), { pathname: `/${name}` }).toString();
  const open = (roleUrl: string) =>
    createPool({ url: roleUrl, applicationName: 'tests', log: silentLog(), max: 2 });
  const roleUrls = {
    [APP_ROLE]: deriveRoleUrl(url, APP_ROLE),
    [PIPELINE_ROLE]: deriveRoleUrl(url, PIPELINE_ROLE),
  };
  const pools = [url, roleUrls[APP_ROLE], roleUrls[PIPELINE_ROLE]].map(open);
  const [owner, app, pipeline] = pools as [Pool, Pool, Pool];
  try {
    await migrate({ owner, roleUrls, log: silentLog() });
    for (const clientId of ['a-c', 'ab']) {
      await addTestClient(app, { clientId });
      await bookEvents(app, clientId, [{ id: 'a', at: '2025-03-18T10:00:00Z' }]);
    }
    // This database skips the hyphen; DuckDB sorts by code point.
    const sorted = await query(pipeline, 'select client_id from clients order by client_id');
    expect(sorted.map((row) => row.client_id)).toEqual(['ab', 'a-c']);
    const { log, lines } = rememberingLog();
    await copy(pipeline, log);
    expect(lines).toEqual([]);
    expect(await ids()).toEqual(['a', 'a']);
  } finally {
    await Promise.all(pools.map((pool) => pool.end()));
    await query(books.owner, `drop database ${name} with (force)`);
  }
});
