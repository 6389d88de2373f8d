// How long words are kept: what is older goes, a row of exactly that age stays, and what proves the
// figures is never touched.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import { addTestClient, createTestBooks, type TestBooks } from '../core/test-support.ts';
import { applyRetention, setPolicy } from './retention.ts';

const NOW = new Date('2025-06-30T03:30:00Z');
const DAY_MS = 86_400_000;
const AGES = { younger: 1, exact: 0, older: -1 } as const;

let books: TestBooks;

beforeAll(async () => {
  books = await createTestBooks();
});
beforeEach(async () => {
  await query(books.owner, 'truncate clients, error_logs, runs cascade');
  await addTestClient(books.app);
});
afterAll(() => books.close());

const rows = (sql: string, values: unknown[] = []) => query(books.owner, sql, values);
const daysAgo = (days: number, plusMs = 0) => new Date(NOW.getTime() - days * DAY_MS + plusMs);
const run = (options: Partial<Parameters<typeof applyRetention>[0]> = {}) =>
  applyRetention({ pool: books.pipeline, now: NOW, ...options });

let texts = 0;

/** A text with its task and the answer that went out, all of one instant. */
async function bookText(at: Date, clientId = 'acme', status = 'answered'): Promise<string> {
  texts += 1;
  const sid = `SM${String(texts).padStart(32, '0')}`;
  const task = randomUUID();
  await rows(`insert into users (client_id, user_id) values ($1, 'u') on conflict do nothing`, [
    clientId,
  ]);
  await rows(
    `insert into conversations (client_id, conversation_id) values ($1, 'c') on conflict do nothing`,
    [clientId],
  );
  await rows(
    `insert into sms_messages (client_id, message_sid, direction, from_number, to_number, user_id,
       task_id, body, media, encoding, segments, status, currency, happened_at, stored_at)
     values ($1, $2, 'inbound', '+13035550101', '+12025550123', 'u', $3, 'words', '[{}]', 'GSM-7',
       1, 'received', 'USD', $4, $4)`,
    [clientId, sid, task, at],
  );
  await rows(
    `insert into tasks (client_id, task_id, message_sid, user_id, conversation_id, own_number,
       wishes_to_stop, category, complexity, status, due_at, request, reply, rest, transcripts,
       error_message, metadata, received_at)
     values ($1, $2, $3, 'u', 'c', '+12025550123', false, 'general', 0, $5, $4, 'words', 'words',
       'words', '["words"]', 'words', '{"a": "words"}', $4)`,
    [clientId, task, sid, at, status],
  );
  await rows(
    `insert into sms_outbox (client_id, outbox_id, task_id, user_id, kind, from_number, to_number,
       body, segments, state, message_sid, due_at, created_at)
     values ($1, $2, $3, 'u', 'answer', '+12025550123', '+13035550101', 'words', 1,
       $5, $6, $4, $4)`,
    [clientId, randomUUID(), task, at, status === 'answered' ? 'sent' : 'pending', sid],
  );
  return sid;
}

async function holding(column: string, table: string): Promise<number> {
  const [row] = await rows(`select count(${column})::int as held from ${table}`);
  return Number(row?.held);
}

describe('words', () => {
  test('older than their days go from every table; those of exactly that age stay', async () => {
    for (const plusMs of Object.values(AGES)) await bookText(daysAgo(90, plusMs));
    await run();
    for (const [column, table] of [
      ['body', 'sms_messages'],
      ['request', 'tasks'],
      ['reply', 'tasks'],
      ['rest', 'tasks'],
      ['transcripts', 'tasks'],
      ['body', 'sms_outbox'],
    ] as const) {
      expect([table, column, await holding(column, table)]).toEqual([table, column, 2]);
    }
    expect(await rows('select 1 from sms_messages')).toHaveLength(3);
  });

  test('of a task that is under way, or a text that waits, stay', async () => {
    await bookText(daysAgo(400), 'acme', 'working');
    await run();
    expect([await holding('request', 'tasks'), await holding('body', 'sms_outbox')]).toEqual([
      1, 1,
    ]);
  });

  test('of a client that keeps them for another time go by its own days', async () => {
    await addTestClient(books.app, { clientId: 'brief' });
    await addTestClient(books.app, { clientId: 'ever' });
    await setPolicy(books.app, { clientId: 'brief', kind: 'words', days: '7' });
    await setPolicy(books.app, { clientId: 'ever', kind: 'words', days: 'forever' });
    for (const clientId of ['acme', 'brief', 'ever']) {
      await bookText(daysAgo(7, -1), clientId);
      await bookText(daysAgo(3_000), clientId);
    }
    await run();
    expect(
      await rows(
        `select client_id, count(body)::int as held from sms_messages group by 1 order by 1`,
      ),
    ).toEqual([
      { client_id: 'acme', held: 1 },
      { client_id: 'brief', held: 0 },
      { client_id: 'ever', held: 2 },
    ]);
    await setPolicy(books.app, { clientId: 'ever', kind: 'words', days: 'default' });
    await run();
    expect(
      await rows(`select 1 from sms_messages where client_id = 'ever' and body is null`),
    ).toHaveLength(1);
  });
});

test('a dry run counts what would go, with the oldest, and changes nothing', async () => {
  await bookText(daysAgo(200));
  await bookText(daysAgo(100));
  await bookText(daysAgo(10));
  const before = await rows('select * from sms_messages order by 1, 2');
  const dry = await run({ isDryRun: true });
  expect(await rows('select * from sms_messages order by 1, 2')).toEqual(before);
  const told = dry.map(({ kind, table, rows: count }) => [kind, table, count]);
  expect(told).toEqual([
    ['words', 'sms_messages', 2],
    ['words', 'tasks', 2],
    ['words', 'sms_outbox', 2],
    ['media', 'sms_messages', 2],
    ['errors', 'tasks', 2],
  ]);
  expect(dry[0]?.oldestAt).toEqual(daysAgo(200));
  expect(await run()).toEqual(dry);
  expect(await run()).toEqual([]);
});

test('batches commit one by one: a run that is ended between is resumed by the next', async () => {
  for (let day = 100; day < 107; day += 1) await bookText(daysAgo(day));
  const stop = new AbortController();
  const pool = stopAfter(books.pipeline, 3, stop);
  await expect(run({ pool, batchRows: 2, signal: stop.signal })).rejects.toThrow();
  const left = await holding('body', 'sms_messages');
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThan(7);
  await run({ batchRows: 2 });
  expect(await holding('body', 'sms_messages')).toBe(0);
});

test('a row that somebody holds is passed by, and goes the next night', async () => {
  await bookText(daysAgo(200));
  await bookText(daysAgo(100));
  const holder = await books.owner.connect();
  await holder.query('begin');
  await holder.query(`select 1 from sms_messages where happened_at < '2025-01-01' for update`);
  await run();
  expect(await holding('body', 'sms_messages')).toBe(1);
  await holder.query('rollback');
  holder.release();
  await run();
  expect(await holding('body', 'sms_messages')).toBe(0);
});

test('errors lose their words after their days, also those of no client', async () => {
  const insert = `insert into error_logs (client_id, error_id, error_type, code, message, stack,
    is_critical, occurred_at, metadata) values ($1, gen_random_uuid(), 'system_error', 'c', 'words',
    'words', true, $2, '{"a": "words"}')`;
  for (const clientId of ['acme', null]) {
    for (const plusMs of Object.values(AGES)) await rows(insert, [clientId, daysAgo(90, plusMs)]);
  }
  await run();
  const found = await rows(
    `select client_id, code, message, stack, metadata from error_logs where stack is null`,
  );
  const emptied = { code: 'c', message: '(expired)', stack: null, metadata: null };
  expect(found).toEqual([
    { client_id: 'acme', ...emptied },
    { client_id: null, ...emptied },
  ]);
});

test('runs go after a year, but never the newest of a job nor one under way', async () => {
  const insert = `insert into runs (run_id, job, client_id, slot_at, state, started_at, finished_at)
    values (gen_random_uuid(), $1, $2, $3, $4, $3, $3)`;
  for (const [job, clientId, days, state] of [
    ['refresh', null, 500, 'succeeded'],
    ['refresh', null, 400, 'succeeded'],
    ['refresh', null, 366, 'running'],
    ['refresh', null, 1, 'succeeded'],
    ['old', 'acme', 800, 'failed'],
    ['old', 'acme', 700, 'failed'],
  ] as const) {
    await rows(insert, [job, clientId, daysAgo(days), state]);
  }
  await run();
  const left = await rows('select job, state from runs order by job, slot_at');
  expect(left).toEqual([
    { job: 'old', state: 'failed' },
    { job: 'refresh', state: 'running' },
    { job: 'refresh', state: 'succeeded' },
  ]);
});

test('delivery states of texts that nobody knows go after a month; the others stay', async () => {
  const sid = await bookText(daysAgo(60));
  const insert = `insert into sms_status_events (client_id, message_sid, status, received_at)
    values ('acme', $1, 'sent', $2)`;
  await rows(insert, [sid, daysAgo(60)]);
  await rows(insert, [`SM${'a'.repeat(32)}`, daysAgo(30, -1)]);
  await rows(insert, [`SM${'b'.repeat(32)}`, daysAgo(30)]);
  await rows(insert.replace('sent', 'queued'), [`SM${'b'.repeat(32)}`, daysAgo(60)]);
  await run();
  const left = await rows('select message_sid, status from sms_status_events order by 1');
  expect(left).toEqual([
    { message_sid: sid, status: 'sent' },
    { message_sid: `SM${'b'.repeat(32)}`, status: 'sent' },
  ]);
});

test('usage rows are kept for good; metadata goes where a client says so', async () => {
  await rows(
    `insert into usage_events (client_id, event_id, occurred_at, provider, model, currency,
       body_hash, metadata, raw_usage, reported_cost)
     values ('acme', 'e', $1, 'openai', 'gpt-5', 'USD', sha256('x'), '{"a": 1}', '{"b": 2}', 1)`,
    [daysAgo(5_000)],
  );
  await run();
  expect(await holding('metadata', 'usage_events')).toBe(1);
  await setPolicy(books.app, { clientId: 'acme', kind: 'metadata', days: '365' });
  await run();
  expect(await rows('select metadata, raw_usage, reported_cost from usage_events')).toEqual([
    { metadata: null, raw_usage: { b: 2 }, reported_cost: '1.000000000000000000' },
  ]);
});

test.each([
  ['nonsense', '30', /no kind/],
  ['words', '0', /no number of days/],
  ['words', '-3', /no number of days/],
  ['words', '99999', /no number of days/],
])('%s for %s days is refused, with what to do', async (kind, days, message) => {
  await expect(setPolicy(books.app, { clientId: 'acme', kind, days })).rejects.toThrow(message);
});

/** The pool, whose user is told to stop once so many statements have run. */
function stopAfter(pool: TestBooks['pipeline'], statements: number, stop: AbortController) {
  let run = 0;
  return new Proxy(pool, {
    get: (target, name) => {
      if (name !== 'query') return Reflect.get(target, name, target);
      return async (...args: Parameters<typeof target.query>) => {
        const result = await target.query(...args);
        run += 1;
        if (run === statements) stop.abort();
        return result;
      };
    },
  });
}
