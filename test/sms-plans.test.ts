// What the agent asks of the books for each text stays cheap however many texts there are: no such
// statement reads a whole table, or a person's whole history.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { query, withTransaction } from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';
import { CLIENT, NUMBER, openSmsWorld, person, type SmsWorld } from './sms-world.ts';

const TEXTS = 6_000;
/** Rows of the tables, beyond those that are wanted, that a statement may look at. */
const LOOKED_AT_MAX = 200;
const ANA = person(1);

let world: SmsWorld;
let taskId: string;
let messageSid: string;
let userId: string;

beforeAll(async () => {
  world = await openSmsWorld({ isStarted: false });
  await world.text(ANA, 'Hello?');
  const [task] = await world.rows<Record<'task_id' | 'message_sid' | 'user_id', string>>(
    'select task_id, message_sid, user_id from tasks',
  );
  ({ task_id: taskId = '', message_sid: messageSid = '', user_id: userId = '' } = task ?? {});
  await addHistory();
});
afterAll(() => world.close());

/** Others' texts, and a fifth of all from one person: each with its task, answer and consent. */
async function addHistory(): Promise<void> {
  const userOf = `case when n % 5 = 0 then '${userId}' else 'user-' || n % 1000 end`;
  await world.rows(
    `insert into users (client_id, user_id, first_seen_at)
     select '${CLIENT}', 'user-' || n, now() from generate_series(0, 999) as n`,
  );
  await world.rows(
    `insert into conversations (client_id, conversation_id, first_seen_at)
     select '${CLIENT}', user_id || ':${NUMBER}', now() from users on conflict do nothing`,
  );
  await world.rows(
    `insert into sms_messages (
       client_id, message_sid, direction, from_number, to_number, user_id, task_id, body, encoding,
       segments, status, currency, happened_at, stored_at
     )
     select
       '${CLIENT}', 'SM' || lpad(to_hex(n), 32, '0'), 'inbound',
       case when n % 5 = 0 then '${ANA}' else '+1303556' || lpad((n % 1000)::text, 4, '0') end,
       '${NUMBER}', ${userOf}, gen_random_uuid(), 'Hello?', 'GSM-7', 1, 'received', 'USD',
       now() - n * interval '1 minute', now()
     from generate_series(1, ${TEXTS}) as n`,
  );
  await world.rows(
    `insert into tasks (
       client_id, task_id, message_sid, user_id, conversation_id, own_number, wishes_to_stop,
       category, complexity, status, outcome, request, reply, due_at, received_at
     )
     select
       client_id, task_id, message_sid, user_id, user_id || ':${NUMBER}', '${NUMBER}', false,
       'general', 0, 'answered', 'answer', body, 'Yes.', happened_at, happened_at
     from sms_messages where message_sid <> $1`,
    [messageSid],
  );
  await world.rows(
    `insert into sms_consents (client_id, phone, act, source, message_sid, recorded_at)
     select client_id, from_number, 'texted', 'text', message_sid, happened_at
     from sms_messages where from_number <> '${ANA}'`,
  );
  await world.rows(
    `insert into sms_outbox (
       client_id, outbox_id, task_id, user_id, kind, from_number, to_number, body, segments, state,
       due_at, claimed_at, message_sid, created_at
     )
     select
       client_id, gen_random_uuid(), task_id, user_id, 'answer', to_number, from_number, 'Yes.', 1,
       'sent', happened_at, happened_at, message_sid, happened_at
     from sms_messages where message_sid <> $1 order by happened_at`,
    [messageSid],
  );
  await world.rows('analyze');
}

/** What of a plan is a table read whole, or rows that were read and thrown away. */
async function findWaste(name: string, values: unknown[]): Promise<string[]> {
  const undone = new Error('undone');
  let waste: string[] = [];
  await withTransaction(world.books.app, { clientId: CLIENT }, async (connection) => {
    const sql = `explain (analyze) ${loadSql(`postgres/queries/${name}`)}`;
    const lines = await query<{ 'QUERY PLAN': string }>(connection, sql, values);
    waste = lines
      .map((line) => line['QUERY PLAN'].trim())
      .filter(
        (line) =>
          /Seq Scan on (?:tasks|sms_messages|sms_outbox|sms_consents)\b/.test(line) ||
          Number(/^Rows Removed by .*: (\d+)$/.exec(line)?.[1] ?? 0) > LOOKED_AT_MAX,
      );
    throw undone;
  }).catch((error: unknown) => {
    if (error !== undone) throw error;
  });
  return waste;
}

test('no statement for a text or for who is forgotten reads what it does not need', async () => {
  const now = new Date();
  const statements: [string, unknown[]][] = [
    ['select_task_facts', [CLIENT, messageSid, userId]],
    ['select_turns', [CLIENT, `${userId}:${NUMBER}`, now, 6]],
    ['select_rest', [CLIENT, `${userId}:${NUMBER}`, now]],
    ['count_recent_sends', [CLIENT, NUMBER, ANA, new Date(now.getTime() - 30_000), taskId, 30]],
    ['forget_messages', [CLIENT, 'user-1']],
    ['forget_tasks', [CLIENT, 'user-1', taskId, now]],
    ['forget_outbox', [CLIENT, 'user-1', now]],
    ['sum_reserved_cost', [CLIENT, '2026-01-01', taskId, userId]],
    ['renew_tasks', [CLIENT, [taskId], [0n], now]],
    ['sum_cost_between', [CLIENT, new Date(now.getTime() - 3_600_000), now]],
  ];
  const found: Record<string, string[]> = {};
  for (const [name, values] of statements) {
    const waste = await findWaste(name, values);
    if (waste.length > 0) found[name] = waste;
  }
  expect(found).toEqual({});
});
