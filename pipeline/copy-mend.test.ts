// A warehouse that is not a copy of these books is noticed, warned of and copied afresh.
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { migrate } from '../core/migrate.ts';
import { createPool, type Pool, query } from '../core/postgres.ts';
import { APP_ROLE, deriveRoleUrl, PIPELINE_ROLE } from '../core/roles.ts';
import { loadSql } from '../core/sql.ts';
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
];

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
  await copyBooks(books.pipeline, held.warehouse, silentLog());
});
afterEach(() => held.remove());

const ids = async () => {
  const sql = 'select event_id from raw.usage_events order by event_id';
  return (await held.warehouse.rows<{ event_id: string }>(sql)).map((row) => row.event_id);
};

test.each([
  ['a row is gone', `delete from raw.usage_events where event_id = 'a'`],
  ['a row without cost and tokens is gone', `delete from raw.usage_events where event_id = 'c'`],
  ['a row is there twice', `insert into raw.usage_events select * from raw.usage_events limit 1`],
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
  const { log, lines } = rememberingLog();
  expect(await copyBooks(books.pipeline, held.warehouse, log)).toMatchObject({ isFresh: true });
  expect(lines).toMatchObject([{ level: 'warn', event: 'copy.differed' }]);
  expect(await ids()).toEqual(['a', 'b', 'c']);
  const [sum] = await held.warehouse.rows(
    'select sum(reported_cost) as cost from raw.usage_events',
  );
  expect(sum).toEqual({ cost: '0.3' });
});

test('control: an untouched warehouse is not copied afresh, and nothing is warned of', async () => {
  const { log, lines } = rememberingLog();
  expect(await copyBooks(books.pipeline, held.warehouse, log)).toMatchObject({ isFresh: false });
  expect(lines).toEqual([]);
});

test('a warehouse of another database is copied afresh', async () => {
  const other = await createTestBooks();
  try {
    await addTestClient(other.app, { clientId: 'other' });
    await bookEvents(other.app, 'other', [{ id: 'z', at: '2025-03-18T10:00:00Z' }]);
    const result = await copyBooks(other.pipeline, held.warehouse, silentLog());
    expect(result).toMatchObject({ isFresh: true, copiedRows: 2 });
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
    await copyBooks(restored.pipeline, held.warehouse, silentLog());
    const state = await readCopyState(held.warehouse);
    await copyBooks(books.pipeline, held.warehouse, silentLog());
    await held.warehouse.run(
      'update raw.copy_state set database_oid = $oid::varchar, horizon_xid = $xid::varchar',
      { oid: state?.database_oid ?? '', xid: '999999999' },
    );
    expect(await copyBooks(restored.pipeline, held.warehouse, silentLog())).toMatchObject({
      isFresh: true,
    });
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
  await expect(copyBooks(books.pipeline, held.warehouse, silentLog())).rejects.toThrow();
  expect(await readCopyState(held.warehouse)).toEqual(before);
  expect(await ids()).toEqual(['a', 'b', 'c']);
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
    const sums = await query(pipeline, loadSql('postgres/queries/sum_usage_by_client'));
    expect(sums.map((row) => row.client_id)).toEqual(['ab', 'a-c']);
    const { log, lines } = rememberingLog();
    await copyBooks(pipeline, held.warehouse, log);
    expect(lines).toEqual([]);
    expect(await ids()).toEqual(['a', 'a']);
  } finally {
    await Promise.all(pools.map((pool) => pool.end()));
    await query(books.owner, `drop database ${name} with (force)`);
  }
});
