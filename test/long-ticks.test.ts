// The copy under writers: long transactions, rows updated again and again, and a transaction that idles
// in another database. Nothing is missed, nothing differs, and nothing waits for any of them.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createPool, type Pool, query, withTransaction } from '../core/postgres.ts';
import {
  addTestClient,
  createTestBooks,
  rememberingLog,
  type TestBooks,
} from '../core/test-support.ts';
import { refreshWarehouse } from '../pipeline/refresh.ts';
import { insertEvents } from './booked-events.ts';
import { createTestWarehouse, type TestWarehouse } from './test-warehouse.ts';

const IS_FULL = inject('kills') > 3;
const TICKS = IS_FULL ? 10_000 : 15;
const WRITERS = 8;

let books: TestBooks;
let held: TestWarehouse;
let elsewhere: Pool;
let writing: Pool;

beforeAll(async () => {
  books = await createTestBooks();
  held = await createTestWarehouse();
  await addTestClient(books.app, { timeZone: 'Europe/Vienna' });
  await query(books.owner, 'create table watermarked (id bigint generated always as identity)');
  const log = rememberingLog().log;
  writing = createPool({ url: books.ownerUrl, applicationName: 'writers', log, max: WRITERS + 1 });
  const url = new URL(books.ownerUrl);
  url.pathname = '/postgres';
  elsewhere = createPool({ url: url.href, applicationName: 'elsewhere', log, max: 1 });
});
afterAll(async () => {
  await Promise.all([elsewhere.end(), writing.end()]);
  held.remove();
  await books.close();
});

let events = 0;
/** Books an event, changes an older one, and commits sooner or later. */
async function writeOnce(random: () => number): Promise<void> {
  await withTransaction(writing, {}, async (connection) => {
    await query(connection, 'insert into watermarked default values');
    events += 1;
    const at = new Date(Date.UTC(2025, 2, 1 + (events % 3), events % 24)).toISOString();
    await insertEvents(connection, 'acme', [{ id: `e${events}`, at, cost: '0.01', user: 'u' }]);
    await query(
      connection,
      `update usage_events set latency_ms = coalesce(latency_ms, 0) + 1,
         xid = pg_current_xact_id()
       where event_id = $1`,
      [`e${1 + Math.floor(random() * events)}`],
    );
    await sleep(random() < 0.1 ? 120 : random() * 40);
  }).catch((error: { code?: string }) => {
    // Two writers of one row: the books refuse one, as they should.
    if (error.code !== '40P01' && error.code !== '23505') throw error;
  });
}

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

test(`${TICKS} ticks under ${WRITERS} writers, a long transaction and one elsewhere`, async () => {
  const idle = await elsewhere.connect();
  await idle.query('begin; select pg_current_xact_id()');
  const long = await writing.connect();
  await long.query(
    `begin; select pg_current_xact_id(); insert into watermarked default values;
     insert into users (client_id, user_id) values ('acme', 'late')`,
  );
  let isOver = false;
  const writers = Array.from({ length: WRITERS }, async (_, index) => {
    const random = randomFrom(index + 1);
    while (!isOver) await writeOnce(random);
  });
  const { log, lines } = rememberingLog();
  const refresh = () => refreshWarehouse({ pool: books.pipeline, warehouse: held.warehouse, log });
  let watermark = 0n;
  let seenByWatermark = 0;
  const copied: number[] = [];
  for (let tick = 0; tick < TICKS; tick += 1) {
    copied.push((await refresh()).copiedRows);
    const fresh = await query<{ id: bigint }>(
      books.owner,
      'select id from watermarked where id > $1 order by id',
      [watermark],
    );
    seenByWatermark += fresh.length;
    watermark = fresh.at(-1)?.id ?? watermark;
  }
  // Nobody waited: rows came in while both transactions were open.
  expect(copied.filter((rows) => rows > 0).length).toBeGreaterThan(TICKS / 2);
  isOver = true;
  await Promise.all(writers);
  await long.query('commit');
  await idle.query('commit');
  long.release();
  idle.release();
  await refresh();
  const sums = 'count(*) as events, sum(latency_ms) as changes';
  const [inBooks] = await query(
    books.owner,
    `select count(*)::text as events, trim_scale(sum(latency_ms))::text as changes from usage_events`,
  );
  const [inWarehouse] = await held.warehouse.rows(`select ${sums} from raw.usage_events`);
  expect(inWarehouse).toEqual(inBooks);
  expect(lines.filter(({ event }) => event === 'copy.differed')).toEqual([]);
  const [all] = await query<{ rows: number }>(
    books.owner,
    'select count(*)::int as rows from watermarked',
  );
  // The control: a copy by a growing id misses what committed late.
  expect(seenByWatermark).toBeLessThan(all?.rows ?? 0);
}, 3_600_000);
