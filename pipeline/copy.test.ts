// What a copy takes along: every committed row once, whatever it holds and whenever its transaction
// ends.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Decimal } from '../core/money.ts';
import { query } from '../core/postgres.ts';
import { addTestClient, createTestBooks, silentLog } from '../core/test-support.ts';
import {
  type BookedEvent,
  bookEvents,
  insertEvents,
  waitUntilSettled,
} from '../test/booked-events.ts';
import { createTestWarehouse, type TestWarehouse } from '../test/test-warehouse.ts';
import { copyBooks } from './copy.ts';

let books: Awaited<ReturnType<typeof createTestBooks>>;
let held: TestWarehouse;

beforeAll(async () => {
  books = await createTestBooks();
});
afterAll(() => books.close());

/** Each test has its own client; all share the books, so a warehouse holds every client's rows. */
let clientId = '';
let clients = 0;
beforeEach(async () => {
  clients += 1;
  clientId = `client-${clients}`;
  await addTestClient(books.app, { clientId });
  held = await createTestWarehouse();
  return () => held.remove();
});

const copy = () =>
  held.warehouse.transaction(() => copyBooks(books.pipeline, held.warehouse, silentLog()));
const book = (events: BookedEvent[]) => bookEvents(books.app, clientId, events);
const copiedIds = async () => {
  const rows = await held.warehouse.rows<{ event_id: string }>(
    'select event_id from raw.usage_events where client_id = $clientId::varchar order by event_id',
    { clientId },
  );
  return rows.map((row) => row.event_id);
};

test('the first copy takes everything and says that it began from nothing', async () => {
  await book([
    { id: 'a', at: '2025-03-18T10:00:00Z' },
    { id: 'b', at: '2025-03-18T11:00:00Z' },
  ]);
  expect(await copy()).toMatchObject({ isFresh: true });
  expect(await copiedIds()).toEqual(['a', 'b']);
});

test('a second copy reads no row again, and a third only what is new', async () => {
  await book([{ id: 'a', at: '2025-03-18T10:00:00Z' }]);
  await waitUntilSettled(books.pipeline);
  await copy();
  expect(await copy()).toMatchObject({ copiedRows: 0, isFresh: false });
  await book([{ id: 'b', at: '2025-02-01T00:00:00Z' }]);
  expect(await copy()).toMatchObject({ copiedRows: 1, isFresh: false });
  expect(await copiedIds()).toEqual(['a', 'b']);
});

test('the instant of a copy is the instant of its snapshot, to the microsecond', async () => {
  const before = await query<{ at: Date }>(books.pipeline, 'select clock_timestamp() as at');
  const { asOf } = await copy();
  expect(asOf).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/);
  expect(new Date(asOf).getTime()).toBeGreaterThanOrEqual(before[0]?.at.getTime() ?? Infinity);
});

describe('a transaction that was open during a copy and commits after it', () => {
  /** Opens a transaction with a row, copies what others commit meanwhile, then commits. */
  async function commitLate(): Promise<void> {
    const late = await books.app.connect();
    try {
      await late.query('begin');
      await late.query(`select set_config('daybook.client_id', $1, true)`, [clientId]);
      await insertEvents(late, clientId, [{ id: 'late', at: '2025-03-18T10:00:00Z' }]);
      await book([{ id: 'meanwhile', at: '2025-03-18T12:00:00Z' }]);
      await copy();
      expect(await copiedIds()).toEqual(['meanwhile']);
      await late.query('commit');
    } finally {
      late.release();
    }
  }

  test('is in the next copy', async () => {
    await commitLate();
    await copy();
    expect(await copiedIds()).toEqual(['late', 'meanwhile']);
  });

  test.each([
    ['transaction id', 'xid > (select max(xid) from usage_events where event_id = $2)'],
    [
      'time of receipt',
      'received_at > (select max(received_at) from usage_events where event_id = $2)',
    ],
  ])('control: a watermark by %s misses it for ever', async (_name, newer) => {
    await commitLate();
    const found = await query<{ event_id: string }>(
      books.pipeline,
      `select event_id from usage_events where client_id = $1 and ${newer}`,
      [clientId, 'meanwhile'],
    );
    expect(found.map((row) => row.event_id)).not.toContain('late');
    await copy();
    expect(await copiedIds()).toContain('late');
  });
});

test('a row is copied once however often its transaction range is read again', async () => {
  const blocker = await books.owner.connect();
  try {
    await blocker.query('begin');
    await blocker.query('select pg_current_xact_id()');
    await book([{ id: 'a', at: '2025-03-18T10:00:00Z', cost: '1.5' }]);
    await copy();
    const again = await copy();
    expect(again.copiedRows).toBeGreaterThan(0);
    expect(await copiedIds()).toEqual(['a']);
  } finally {
    await blocker.query('rollback');
    blocker.release();
  }
});

test('a writer that stays open in another database of the server stalls nothing', async () => {
  const other = await createTestBooks();
  const writer = await other.owner.connect();
  try {
    await writer.query('begin');
    await writer.query('create table still_open ()');
    await book([{ id: 'a', at: '2025-03-18T10:00:00Z' }]);
    await copy();
    expect(await copiedIds()).toEqual(['a']);
    await book([{ id: 'b', at: '2025-03-18T10:00:00Z' }]);
    await copy();
    expect(await copiedIds()).toEqual(['a', 'b']);
    // Control: with an upper bound at the oldest open transaction both rows would wait for it.
    const bounded = await query(
      books.pipeline,
      `select 1 from usage_events
       where client_id = $1 and xid < pg_snapshot_xmin(pg_current_snapshot())`,
      [clientId],
    );
    expect(bounded).toEqual([]);
  } finally {
    await writer.query('rollback');
    writer.release();
    await other.close();
  }
});

describe('values', () => {
  const HOSTILE = [
    '',
    'null',
    'NULL',
    '\\N',
    '\\.',
    '"',
    '""',
    'a "quoted" name',
    "it's",
    'a,b;c\td',
    ' padded ',
    'two\nlines',
    'two\r\nlines',
    'a\rb',
    'back\\slash',
    'emoji 🦆',
    '你好',
    'e\u0301',
    '\u202eabc',
    '=cmd()',
    '\u0001',
    'a\uFEFFmark',
    "'); drop table x; --",
    'x'.repeat(5_000),
  ];

  test('texts arrive as they are, and empty text stays apart from none', async () => {
    const events = [...HOSTILE, null].map((user, index) => ({
      id: `e${String(index).padStart(2, '0')}`,
      at: '2025-03-18T10:00:00Z',
      user,
      model: `model ${user}`,
    }));
    await book(events);
    await copy();
    const rows = await held.warehouse.rows<{ user_id: string | null; model: string }>(
      `select user_id, model from raw.usage_events where client_id = $clientId::varchar
       order by event_id`,
      { clientId },
    );
    expect(rows.map((row) => row.user_id)).toEqual([...HOSTILE, null]);
    expect(rows.map((row) => row.model)).toEqual(events.map((event) => event.model));
  });

  test('control: DuckDB by itself reads the empty text as none', async () => {
    const file = join(held.warehouse.stagingDir, 'control.csv');
    writeFileSync(file, 'user_id\n""\n');
    const [row] = await held.warehouse.rows(
      `select user_id from read_csv($file::varchar, columns = {'user_id': 'varchar'})`,
      { file },
    );
    expect(row).toEqual({ user_id: null });
  });

  test('costs keep 18 decimals, instants microseconds, the unknown stays unknown', async () => {
    await book([
      {
        id: 'exact',
        at: '2025-03-18T10:00:00.123456Z',
        cost: '12345678901234567890.012345678901234567',
        input: 1_000_000_000_000,
        output: 0,
        latency: '0.001',
      },
      { id: 'unknown', at: '1999-12-31T23:30:00-12:00' },
    ]);
    await copy();
    const rows = await held.warehouse.rows(
      `select occurred_at, reported_cost, input_tokens, output_tokens, latency_ms, status
       from raw.usage_events where client_id = $clientId::varchar order by event_id`,
      { clientId },
    );
    expect(rows).toEqual([
      {
        occurred_at: '2025-03-18T10:00:00.123456Z',
        reported_cost: '12345678901234567890.012345678901234567',
        input_tokens: '1000000000000',
        output_tokens: '0',
        latency_ms: '0.001',
        status: null,
      },
      {
        occurred_at: '2000-01-01T11:30:00.000Z',
        reported_cost: null,
        input_tokens: null,
        output_tokens: null,
        latency_ms: null,
        status: null,
      },
    ]);
    // Control: the same cost as a double is another amount.
    const asDouble = new Decimal(Number('12345678901234567890.012345678901234567'));
    expect(asDouble.equals('12345678901234567890.012345678901234567')).toBe(false);
  });
});

test('a change of a client reaches the warehouse with the next copy', async () => {
  await copy();
  await query(
    books.owner,
    `update clients set time_zone = 'Asia/Kolkata', name = 'New, "name"' where client_id = $1`,
    [clientId],
  );
  expect((await copy()).isFresh).toBe(false);
  const rows = await held.warehouse.rows(
    'select time_zone, name from raw.clients where client_id = $clientId::varchar',
    { clientId },
  );
  expect(rows).toEqual([{ time_zone: 'Asia/Kolkata', name: 'New, "name"' }]);
});
