// Rules of the writer, on a real Postgres: one result per item in order, and each (client, event
// id) is one row however often, in whatever order and by however many it is sent.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { query } from '../../core/postgres.ts';
import { addTestClient, createTestBooks, type TestBooks } from '../../core/test-support.ts';
import type { ParsedItem } from '../usage/event.ts';
import { parseNativeItem } from '../usage/native.ts';
import { parseExactJson } from '../usage/values/exact-json.ts';
import { createUsageStore, type StoreUsage } from './usage-events.ts';

let books: TestBooks;
let storeUsage: StoreUsage;
let clientId: string;
let clients = 0;

beforeAll(async () => {
  books = await createTestBooks();
  storeUsage = createUsageStore(books.app);
});

beforeEach(async () => {
  clients += 1;
  clientId = `client-${clients}`;
  await addTestClient(books.app, { clientId, currency: 'EUR' });
});

afterAll(() => books.close());

/** A received event as an item; `fields` is JSON text so that numbers can be spelt freely. */
function item(id: string, fields = '"cost":1'): ParsedItem {
  const base = { id, occurred_at: '2025-03-18T09:30:00Z', provider: 'p', model: 'm' };
  return parseNativeItem(parseExactJson(`${JSON.stringify(base).slice(0, -1)},${fields}}`));
}

function rows(columns: string): Promise<Record<string, unknown>[]> {
  const sql = `select ${columns} from usage_events where client_id = $1 order by event_id`;
  return query(books.owner, sql, [clientId]);
}

async function outcomes(items: ParsedItem[]): Promise<string[]> {
  return (await storeUsage(clientId, items)).map(({ result }) => result);
}

describe('a batch', () => {
  test('answers one result per item in its order, and stores what is good', async () => {
    await storeUsage(clientId, [item('known')]);
    const bad = item('bad', '"cost":-1');
    const items = [
      item('new'),
      bad,
      item('known'),
      item('known', '"cost":2'),
      item('new'),
      item('new', '"cost":2'),
      item('bad', '"cost":1'),
      item('bad', '"cost":1'),
    ];
    const results = await storeUsage(clientId, items);
    expect(results.map(({ index, id, result }) => [index, id, result])).toEqual([
      [0, 'new', 'accepted'],
      [1, 'bad', 'rejected'],
      [2, 'known', 'duplicate'],
      [3, 'known', 'conflict'],
      [4, 'new', 'duplicate'],
      [5, 'new', 'conflict'],
      [6, 'bad', 'accepted'],
      [7, 'bad', 'duplicate'],
    ]);
    expect(results[1]).toMatchObject({ field: 'cost', reason: 'must not be negative' });
    expect(await rows('event_id')).toEqual([
      { event_id: 'bad' },
      { event_id: 'known' },
      { event_id: 'new' },
    ]);
  });

  test('compares with the booked row, not with its own first item', async () => {
    await storeUsage(clientId, [item('a', '"cost":1')]);
    expect(
      await outcomes([item('a', '"cost":2'), item('a', '"cost":2'), item('a', '"cost":1.0')]),
    ).toEqual(['conflict', 'conflict', 'duplicate']);
    expect(await rows('reported_cost')).toEqual([{ reported_cost: '1.000000000000000000' }]);
  });

  test('of nothing, or of rejected items only, stores nothing', async () => {
    expect(await storeUsage(clientId, [])).toEqual([]);
    expect(await outcomes([item('a', '"cost":-1')])).toEqual(['rejected']);
    expect(await rows('event_id')).toEqual([]);
  });

  test('with an id that another client has used is new here', async () => {
    await storeUsage(clientId, [item('shared')]);
    await addTestClient(books.app, { clientId: 'elsewhere' });
    const [result] = await storeUsage('elsewhere', [item('shared', '"cost":2')]);
    expect(result?.result).toBe('accepted');
  });

  test('is stored whole or not at all', async () => {
    // The provider is too strange for the table, which the parser would have noticed.
    const poison = item('b');
    if ('event' in poison) poison.event.provider = 'a\u0000b';
    await expect(storeUsage(clientId, [item('a'), poison])).rejects.toThrow();
    expect(await rows('event_id')).toEqual([]);
  });
});

describe('a row', () => {
  test('holds exactly what was received', async () => {
    const fields = `"user_id":"u","conversation_id":"c","chatbot_id":"b",
      "input_tokens":1000000000000,
      "output_tokens":0,"cost":"0.013317500000000001","currency":"USD","status":"error",
      "latency_ms":99999999999.999,
      "metadata":{"b":[1.50,9007199254740993],"a":{"t":"\u2028\\"\\\\{,}"}}`;
    expect(await outcomes([item('a', fields)])).toEqual(['accepted']);
    expect(await rows('*')).toEqual([
      expect.objectContaining({
        occurred_at: new Date('2025-03-18T09:30:00Z'),
        user_id: 'u',
        conversation_id: 'c',
        chatbot_id: 'b',
        input_tokens: 1_000_000_000_000n,
        output_tokens: 0n,
        reported_cost: '0.013317500000000001',
        reported_cost_text: null,
        currency: 'USD',
        status: 'error',
        latency_ms: '99999999999.999',
      }),
    ]);
    expect(await rows(`metadata::text as text`)).toEqual([
      { text: '{"a": {"t": "\u2028\\"\\\\{,}"}, "b": [1.5, 9007199254740993]}' },
    ]);
  });

  test('takes the currency of the client where the event names none', async () => {
    await storeUsage(clientId, [item('a'), item('b', '"cost":1,"currency":"USD"')]);
    expect(await rows('currency')).toEqual([{ currency: 'EUR' }, { currency: 'USD' }]);
  });

  test('keeps the text of a cost only where rounding or notation changed it', async () => {
    const spelt = ['"1.5"', '"1.50"', '15e-1', '0.0000000000000000005', '1e-7'];
    await storeUsage(
      clientId,
      spelt.map((cost, index) => item(`${index}`, `"cost":${cost}`)),
    );
    expect(await rows('trim_scale(reported_cost) as cost, reported_cost_text as text')).toEqual([
      { cost: '1.5', text: null },
      { cost: '1.5', text: '1.50' },
      { cost: '1.5', text: '15e-1' },
      { cost: '0', text: '0.0000000000000000005' },
      { cost: '0.0000001', text: '1e-7' },
    ]);
  });

  test('creates the user, chatbot and conversation that it names, once', async () => {
    const named = '"cost":1,"user_id":"u","conversation_id":"c","chatbot_id":"b"';
    await storeUsage(clientId, [item('a', named), item('b', named)]);
    await storeUsage(clientId, [item('c', named)]);
    for (const [table, column] of [
      ['users', 'user_id'],
      ['conversations', 'conversation_id'],
      ['chatbots', 'chatbot_id'],
    ]) {
      const found = await query(
        books.owner,
        `select ${column} as id from ${table} where client_id = $1`,
        [clientId],
      );
      expect(found).toHaveLength(1);
    }
  });

  test.each([`{a,b}`, `"`, `\\`, `NULL`, `'; drop table users; --`, `\u{1f600}`, `a\tb`, ` `])(
    'keeps the id %j unharmed',
    async (id) => {
      expect(await outcomes([item(id, `"cost":1,"user_id":${JSON.stringify(id)}`)])).toEqual([
        'accepted',
      ]);
      expect(await rows('event_id, user_id')).toEqual([{ event_id: id, user_id: id }]);
    },
  );

  test('takes every time that the parser takes, whatever its offset', async () => {
    const times = [
      '2000-01-01T00:00:00Z',
      '2099-12-31T23:59:59.999999999Z',
      '2025-01-01T00:00:00+23:59',
    ];
    const items = times.map((time, index) => item(`${index}`, `"cost":1,"occurred_at":"${time}"`));
    expect(await outcomes(items)).toEqual(['accepted', 'accepted', 'accepted']);
  });
});
