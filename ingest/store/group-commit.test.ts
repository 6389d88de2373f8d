// Rules of group commit on a real Postgres: concurrent requests share transactions, each gets the
// results of its own items, and one that fails takes no other with it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPool, query } from '../../core/postgres.ts';
import {
  addTestClient,
  createTestBooks,
  silentLog,
  type TestBooks,
} from '../../core/test-support.ts';
import type { ParsedItem } from '../usage/event.ts';
import { parseNativeItem } from '../usage/native.ts';
import { createGroupedStore } from './group-commit.ts';
import { createUsageStore, type ItemResult, type StoreUsage } from './usage-events.ts';

let books: TestBooks;
beforeAll(async () => {
  books = await createTestBooks();
  for (const clientId of ['alpha', 'beta', 'gamma']) await addTestClient(books.app, { clientId });
});
afterAll(() => books.close());

const AT = '2025-03-18T09:30:00Z';
const item = (id: string, cost = '1', more: object = {}): ParsedItem =>
  parseNativeItem({ id, occurred_at: AT, provider: 'p', model: 'm', cost, ...more });

async function transactionsOf(prefix: string): Promise<number> {
  const sql = `select count(distinct xid)::int as count from usage_events where event_id like $1`;
  const [row] = await query<{ count: number }>(books.owner, sql, [`${prefix}%`]);
  return row?.count ?? 0;
}

const sendSingles = (store: StoreUsage, prefix: string, count: number) =>
  Promise.all(
    Array.from({ length: count }, (_, index) => store('alpha', [item(`${prefix}${index}`)])),
  );

describe('requests at the same time', () => {
  test('share a few transactions; without group commit each has its own (control)', async () => {
    const results = await sendSingles(createGroupedStore(books.app), 'shared-', 200);
    expect(results.every(([result]) => result?.result === 'accepted')).toBe(true);
    expect(await transactionsOf('shared-')).toBeLessThan(20);
    await sendSingles(createUsageStore(books.app), 'single-', 200);
    expect(await transactionsOf('single-')).toBe(200);
  });

  test('get the results of their own items, numbered from 0', async () => {
    const store = createGroupedStore(books.app);
    const results = await Promise.all([
      store('alpha', [item('own-1'), item('own-2')]),
      store('beta', [item('own-1'), { rejection: { id: 'bad', field: 'cost', reason: 'why' } }]),
      store('alpha', [item('own-3')]),
    ]);
    expect(results).toEqual([
      [
        { index: 0, id: 'own-1', result: 'accepted' },
        { index: 1, id: 'own-2', result: 'accepted' },
      ],
      [
        { index: 0, id: 'own-1', result: 'accepted' },
        { index: 1, id: 'bad', result: 'rejected', field: 'cost', reason: 'why' },
      ],
      [{ index: 0, id: 'own-3', result: 'accepted' }],
    ]);
  });

  test('with one id are one row: one is accepted, the others are told so', async () => {
    const store = createGroupedStore(books.app);
    const send = async (cost: string) => (await store('alpha', [item('same', cost)]))[0]?.result;
    const results = await Promise.all(['1', '1', '1', '1'].map(send));
    expect(results.toSorted()).toEqual(['accepted', 'duplicate', 'duplicate', 'duplicate']);
    expect(await Promise.all(['2', '1'].map(send))).toEqual(['conflict', 'duplicate']);
  });

  test('that only hold rejected items need no transaction', async () => {
    const store = createGroupedStore(createClosedPool());
    const rejection = { id: null, field: '', reason: 'must be an object' };
    const [result] = await store('alpha', [{ rejection }]);
    expect(result).toMatchObject({ result: 'rejected' });
  });
});

describe('a request that fails', () => {
  test('because its client is unknown leaves the others of its group stored', async () => {
    const store = createGroupedStore(books.app);
    const settled = await Promise.allSettled([
      store('alpha', [item('beside-1')]),
      store('nobody', [item('beside-2')]),
      store('gamma', [item('beside-3')]),
      store('alpha', [item('beside-4')]),
    ]);
    expect(settled.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    expect(await countEvents('beside-')).toBe(3);
  });

  test('with all others because Postgres is away says so to each', async () => {
    const store = createGroupedStore(createClosedPool());
    const settled = await Promise.allSettled(
      ['away-1', 'away-2', 'away-3'].map((id) => store('alpha', [item(id)])),
    );
    for (const one of settled) {
      expect(one).toMatchObject({ reason: { code: 'ERR_BOOKS_UNAVAILABLE' } });
    }
    expect(await countEvents('away-')).toBe(0);
  });
});

test('groups over several clients, in any order, never deadlock', async () => {
  const stores = [createGroupedStore(books.app), createGroupedStore(books.app)];
  const clients = ['alpha', 'beta', 'gamma'];
  const sent: Promise<ItemResult[]>[] = [];
  for (let round = 0; round < 100; round += 1) {
    const order = round % 2 === 0 ? clients : clients.toReversed();
    for (const [index, clientId] of order.entries()) {
      const more = { user_id: `u${round % 7}`, chatbot_id: `b${round % 3}` };
      const store = stores[(round + index) % 2] as StoreUsage;
      sent.push(store(clientId, [item(`crossing-${round}`, '1', more)]));
    }
  }
  const results = (await Promise.all(sent)).flat();
  expect(results.every(({ result }) => result === 'accepted')).toBe(true);
  expect(await countEvents('crossing-')).toBe(300);
});

function createClosedPool() {
  return createPool({
    url: 'postgres://nobody@127.0.0.1:9/none',
    applicationName: 'tests',
    log: silentLog(),
  });
}

async function countEvents(prefix: string): Promise<number> {
  const sql = 'select count(*)::int as count from usage_events where event_id like $1';
  const [row] = await query<{ count: number }>(books.owner, sql, [`${prefix}%`]);
  return row?.count ?? 0;
}
