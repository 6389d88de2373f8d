// Writes tasks with their texts and model calls straight into Postgres, for tests that start behind
// the SMS agent. Fields that a test does not care about get a value of no meaning.
import { createHash } from 'node:crypto';
import { type Pool, query, withTransaction } from '../core/postgres.ts';
import { insertEvents } from './booked-events.ts';

/** A text; of a price not given nothing is known, of a fee not given neither. */
export interface BookedText {
  direction?: 'inbound' | 'outbound';
  segments?: number;
  price?: string | null;
  estimate?: string | null;
  fee?: string | null;
  currency?: string;
}

/** A model call of a task, with what counts of its cost. */
export interface BookedCall {
  purpose?: 'answer' | 'transcription';
  cost?: string | null;
  currency?: string;
  /** When it was made, if not with the task. */
  at?: string;
}

/** A task; its first text is the one that it is. */
export interface BookedTask {
  id: string;
  at: string;
  user?: string;
  conversation?: string;
  category?: string;
  status?: string;
  keyword?: string | null;
  error?: string | null;
  late?: boolean;
  /** From its receipt to its end. */
  seconds?: number | null;
  texts?: BookedText[];
  calls?: BookedCall[];
}

const INSERT_TEXTS = `
  insert into sms_messages (client_id, message_sid, direction, from_number, to_number, user_id,
    task_id, body, encoding, segments, status, currency, estimated_price, carrier_fee, price,
    happened_at, stored_at)
  select $1, sid, direction, '+12025550123', '+12025550124', "user", task, 'secret words', 'GSM-7',
    segments, 'delivered', currency, estimate, fee, price, at, at
  from jsonb_to_recordset($2) as given (sid text, direction text, "user" text, task uuid,
    segments integer, currency text, estimate numeric, fee numeric, price numeric, at timestamptz)`;
const INSERT_TASKS = `
  insert into tasks (client_id, task_id, message_sid, user_id, conversation_id, own_number, keyword,
    wishes_to_stop, category, complexity, status, due_at, request, reply, processing_ms, is_late,
    error_type, error_message, received_at, completed_at)
  select $1, task, sid, "user", conversation, '+12025550124', keyword, false, category, 0.5, status,
    at, 'secret words', 'secret words', seconds * 1000, late, error, 'secret words', at,
    at + seconds * interval '1 second'
  from jsonb_to_recordset($2) as given (task uuid, sid text, "user" text, conversation text,
    keyword text, category text, status text, seconds numeric, late boolean, error text,
    at timestamptz)`;
const INSERT_CALLS = `
  insert into task_calls (client_id, task_id, event_id, purpose)
  select $1, task, event, purpose
  from jsonb_to_recordset($2) as given (task uuid, event text, purpose text)`;

/** Writes a client's tasks with all that belongs to them, as the owner of the books. */
export async function bookTasks(owner: Pool, clientId: string, tasks: BookedTask[]) {
  const texts = tasks.flatMap((task) =>
    (task.texts ?? [{}]).map((text, index) =>
      toText(clientId, text, `${task.id}/${index}`, {
        at: task.at,
        user: task.user ?? 'sms-1',
        task: taskIdOf(clientId, task.id),
        direction: index === 0 ? 'inbound' : 'outbound',
      }),
    ),
  );
  const calls = tasks.flatMap(({ id, at, user = 'sms-1', calls: made = [] }) =>
    made.map(({ purpose = 'answer', cost = '0.001', currency = 'USD', at: madeAt }, index) => {
      const event = `${id}/${index}`;
      const of = { task: taskIdOf(clientId, id), event, id: event, user };
      return { ...of, at: madeAt ?? at, purpose, cost, currency };
    }),
  );
  await withTransaction(owner, { clientId }, async (connection) => {
    for (const [table, column, ids] of [
      ['users', 'user_id', tasks.map(({ user }) => user ?? 'sms-1')],
      ['conversations', 'conversation_id', tasks.map(({ conversation }) => conversation ?? 'talk')],
    ] as const) {
      const sql = `insert into ${table} (client_id, ${column})
        select distinct $1, unnest($2::text[]) on conflict do nothing`;
      await query(connection, sql, [clientId, ids]);
    }
    await insertEvents(connection, clientId, calls);
    await query(connection, INSERT_TEXTS, [clientId, JSON.stringify(texts)]);
    await query(connection, INSERT_TASKS, [clientId, JSON.stringify(tasks.map(toTask(clientId)))]);
    await query(connection, INSERT_CALLS, [clientId, JSON.stringify(calls)]);
  });
}

/** Writes a text that belongs to no task, such as one from a short code. */
export async function bookLoneText(
  owner: Pool,
  clientId: string,
  { id, at, ...text }: BookedText & { id: string; at: string },
) {
  const row = toText(clientId, text, id, { at, user: null, task: null, direction: 'inbound' });
  await query(owner, INSERT_TEXTS, [clientId, JSON.stringify([row])]);
}

function taskIdOf(clientId: string, id: string): string {
  return hashOf(`${clientId} ${id}`).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

const hashOf = (text: string) => createHash('md5').update(text).digest('hex');

const sidOf = (clientId: string, id: string) => `SM${hashOf(`${clientId} text ${id}`)}`;

const toTask = (clientId: string) => (task: BookedTask) => ({
  task: taskIdOf(clientId, task.id),
  sid: sidOf(clientId, `${task.id}/0`),
  user: task.user ?? 'sms-1',
  conversation: task.conversation ?? 'talk',
  keyword: task.keyword ?? null,
  category: task.category ?? 'general',
  status: task.status ?? 'answered',
  seconds: task.seconds === undefined ? 2 : task.seconds,
  late: task.late ?? false,
  error: task.error ?? null,
  at: task.at,
});

function toText(
  clientId: string,
  text: BookedText,
  id: string,
  belongs: { at: string; user: string | null; task: string | null; direction: string },
) {
  return {
    sid: sidOf(clientId, id),
    segments: text.segments ?? 1,
    currency: text.currency ?? 'USD',
    price: text.price ?? null,
    estimate: text.estimate ?? null,
    fee: text.fee ?? null,
    ...belongs,
    direction: text.direction ?? belongs.direction,
  };
}
