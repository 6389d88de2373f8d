// Rules of many senders at once, on a real Postgres: each event is one row, and no order of ids
// makes two batches wait for each other.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createPool, type Pool, query, withTransaction } from '../../core/postgres.ts';
import { APP_ROLE, deriveRoleUrl } from '../../core/roles.ts';
import { loadSql } from '../../core/sql.ts';
import {
  addTestClient,
  createTestBooks,
  silentLog,
  type TestBooks,
} from '../../core/test-support.ts';
import type { ParsedItem } from '../usage/event.ts';
import { parseNativeItem } from '../usage/native.ts';
import { parseExactJson } from '../usage/values/exact-json.ts';
import { createGroupedStore } from './group-commit.ts';
import { createUsageStore, type ItemResult } from './usage-events.ts';

let books: TestBooks;
let clientId: string;
let clients = 0;

beforeAll(async () => {
  books = await createTestBooks();
});

beforeEach(async () => {
  clients += 1;
  clientId = `client-${clients}`;
  await addTestClient(books.app, { clientId });
});

afterAll(() => books.close());

/** A received event as an item; `fields` is JSON text so that numbers can be spelt freely. */
function item(id: string, fields = '"cost":1'): ParsedItem {
  const base = { id, occurred_at: '2025-03-18T09:30:00Z', provider: 'p', model: 'm' };
  return parseNativeItem(parseExactJson(`${JSON.stringify(base).slice(0, -1)},${fields}}`));
}

describe('many at once', () => {
  const KEYS = 300;
  const SENDERS = 50;
  const CONNECTIONS = 20;
  const CONTROL_KEYS = 30;
  const keys = Array.from({ length: KEYS }, (_, index) => `key-${index}`);
  /** Every sender sends every key, in an order of its own. */
  const batches = () =>
    Array.from({ length: SENDERS }, (_, sender) => {
      const turned = [...keys.slice(sender * 6), ...keys.slice(0, sender * 6)];
      return (sender % 2 === 0 ? turned : turned.toReversed()).map((id) =>
        item(id, `"cost":1,"user_id":"${id}"`),
      );
    });

  test.each([
    ['in a batch each', createUsageStore, KEYS],
    ['one by one, in shared transactions', createGroupedStore, 1],
  ])(`${KEYS} keys from ${SENDERS} senders, %s, are ${KEYS} rows`, async (_how, create, size) => {
    const pool = createPool({
      url: appUrl(),
      applicationName: 'tests',
      log: silentLog(),
      max: CONNECTIONS,
    });
    const store = create(pool);
    const send = async (batch: ParsedItem[]) => {
      const results: ItemResult[] = [];
      for (let sent = 0; sent < batch.length; sent += size) {
        results.push(...(await store(clientId, batch.slice(sent, sent + size))));
      }
      return results;
    };
    const results = (await Promise.all(batches().map(send))).flat();
    const counted = Map.groupBy(results, ({ result }) => result);
    expect(counted.get('accepted')).toHaveLength(KEYS);
    expect(counted.get('duplicate')).toHaveLength(KEYS * (SENDERS - 1));
    expect(await countRows('usage_events')).toBe(KEYS);
    expect(await countRows('users')).toBe(KEYS);
    await pool.end();
  });

  test('a writer that looks first and then inserts makes duplicates (control)', async () => {
    const table = `unkeyed_${clients}`;
    await query(books.owner, `create table ${table} (client_id text, event_id text)`);
    const pool = createPool({
      url: books.ownerUrl,
      applicationName: 'tests',
      log: silentLog(),
      max: CONNECTIONS,
    });
    await Promise.all(
      Array.from({ length: SENDERS }, () =>
        checkThenInsert(pool, table, keys.slice(0, CONTROL_KEYS)),
      ),
    );
    expect(await countRows(table)).toBeGreaterThan(CONTROL_KEYS);
    await pool.end();
  });

  test('opposite orders of the same ids never deadlock; unsorted writes do (control)', async () => {
    const pool = createPool({ url: appUrl(), applicationName: 'tests', log: silentLog(), max: 2 });
    const store = createUsageStore(pool);
    const forward = keys.map((id) => item(id, `"cost":1,"user_id":"${id}","chatbot_id":"${id}"`));
    const before = await deadlocks();
    for (let round = 0; round < 5; round += 1) {
      await addTestClient(books.app, { clientId: `${clientId}-${round}` });
      const send = (batch: ParsedItem[]) => store(`${clientId}-${round}`, batch);
      const results = await Promise.all([send(forward), send(forward.toReversed())]);
      expect(results.flat().filter(({ result }) => result === 'accepted')).toHaveLength(KEYS);
    }
    await pool.end();
    const crossing = createPool({
      url: appUrl(),
      applicationName: 'tests',
      log: silentLog(),
      max: 2,
    });
    await expect(insertCrosswise(crossing)).rejects.toMatchObject({ code: '40P01' });
    // Postgres reports a session's deadlocks when it ends: the control's, and no other.
    await crossing.end();
    await expect.poll(deadlocks).toBe(before + 1n);
  });

  test('a duplicate that waits for a sender who fails is accepted in its place', async () => {
    const pool = createPool({ url: appUrl(), applicationName: 'tests', log: silentLog(), max: 2 });
    const [first] = batches();
    let second: Promise<unknown> = Promise.resolve();
    const failing = withTransaction(pool, { clientId }, async (connection) => {
      await insertUser(connection, 'key-0');
      second = createUsageStore(books.app)(clientId, first ?? []);
      throw new Error('sender failed');
    });
    await expect(failing).rejects.toThrow('sender failed');
    await second;
    expect(await countRows('usage_events')).toBe(KEYS);
    await pool.end();
  });
});

function appUrl(): string {
  return deriveRoleUrl(books.ownerUrl, APP_ROLE);
}

async function countRows(table: string): Promise<number | undefined> {
  const sql = `select count(*)::int as rows from ${table} where client_id = $1`;
  const [row] = await query<{ rows: number }>(books.owner, sql, [clientId]);
  return row?.rows;
}

async function checkThenInsert(pool: Pool, table: string, ids: string[]): Promise<void> {
  for (const id of ids) {
    const found = await query(pool, `select 1 from ${table} where event_id = $1`, [id]);
    if (found.length > 0) continue;
    await query(pool, `insert into ${table} values ($1, $2)`, [clientId, id]);
  }
}

type Connection = Parameters<Parameters<typeof withTransaction>[2]>[0];

function insertUser(connection: Connection, id: string): Promise<unknown> {
  return query(connection, loadSql('postgres/queries/insert_users'), [clientId, [id]]);
}

/** Two transactions that name two users in opposite order, each after the other's first. */
async function insertCrosswise(pool: Pool): Promise<void> {
  const [left, right] = await Promise.all([pool.connect(), pool.connect()]);
  try {
    for (const connection of [left, right]) {
      await connection.query('begin');
      await connection.query(`select set_config('daybook.client_id', $1, true)`, [clientId]);
    }
    await insertUser(left, 'crossed-a');
    await insertUser(right, 'crossed-b');
    await Promise.all([insertUser(left, 'crossed-b'), insertUser(right, 'crossed-a')]);
  } finally {
    await Promise.allSettled([left.query('rollback'), right.query('rollback')]);
    left.release();
    right.release();
  }
}

async function deadlocks(): Promise<bigint> {
  const sql = 'select deadlocks from pg_stat_database where datname = current_database()';
  const [row] = await query<{ deadlocks: bigint }>(books.owner, sql);
  return row?.deadlocks ?? 0n;
}
