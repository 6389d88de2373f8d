// Lets the actions of a history happen to the books, as ingest, reprice, the SMS agent and the erasure
// of a person would do them.
import { type Connection, type Pool, query, withTransaction } from '../core/postgres.ts';
import type { TestBooks } from '../core/test-support.ts';
import { type BookedEvent, bookEvents, insertEvents } from './booked-events.ts';
import { type Action, CLIENTS } from './histories.ts';
import { bookLoneText, bookTasks } from './sms-rows.ts';

/** Empties the books but for their clients, which get these zones. */
export async function emptyBooks(owner: Pool, zones: Record<string, string>): Promise<void> {
  await query(
    owner,
    `truncate usage_events, cost_adjustments, tasks, task_calls, sms_messages, error_logs,
       tombstones, periods, restatements, client_zones cascade`,
  );
  for (const clientId of CLIENTS) {
    const zone = zones[clientId];
    await query(owner, 'update clients set week_start = 1, time_zone = $2 where client_id = $1', [
      ...[clientId, zone],
    ]);
    await query(
      owner,
      `insert into client_zones (client_id, effective_from, time_zone)
       values ($1, '2000-01-01', $2)`,
      [clientId, zone],
    );
  }
}

/** Does it; `id` is one that nothing bears yet, `refresh` happens before a late commit. */
export async function act(
  books: TestBooks,
  action: Action,
  id: string,
  refresh: () => Promise<void>,
): Promise<void> {
  const { owner } = books;
  const { client } = action;
  switch (action.do) {
    case 'book calls':
      return bookEvents(books.app, client, withIds(id, action.calls));
    case 'commit after a refresh':
      return commitLate(books, client, withIds(id, action.calls), refresh);
    case 'book a task':
      return bookTasks(owner, client, [{ ...action.task, id }]);
    case 'book a text of no task':
      return bookLoneText(owner, client, { id, at: action.at, price: action.price });
    case 'log an error':
      return void (await query(
        owner,
        `insert into error_logs (client_id, error_id, error_type, message, is_critical, occurred_at)
         values ($1, md5($2)::uuid, $3, 'm', $4, $5)`,
        [client, `${client} ${id}`, action.type, action.isCritical, action.at],
      ));
    case 'move':
      return void (await query(
        owner,
        `insert into client_zones (client_id, effective_from, time_zone) values ($1, $2, $3)
         on conflict (client_id, effective_from) do update
         set time_zone = excluded.time_zone, xid = pg_current_xact_id()`,
        [client, action.from, action.timeZone],
      ));
    case 'begin weeks on':
      return void (await query(owner, 'update clients set week_start = $2 where client_id = $1', [
        ...[client, action.weekStart],
      ]));
    case 'erase a person':
      return erase(owner, client, action.user, id);
    default:
      return change(books, action, id);
  }
}

type Change = Extract<Action, { nth: number }>;

/** Changes or deletes one of the rows that there are. */
async function change({ owner, app }: TestBooks, action: Change, id: string): Promise<void> {
  const { client, nth } = action;
  const what = {
    'book a call again': 'call',
    reprice: 'call',
    'end a task': 'task',
    'tell a price': 'text',
    delete: action.do === 'delete' ? action.what : 'call',
  }[action.do] as keyof typeof KEYS;
  const key = await pick(owner, client, what, nth);
  if (key === undefined) return;
  if (action.do === 'book a call again') return bookAgain(app, client, key);
  if (action.do === 'delete') return remove(owner, client, what, key);
  const [sql, values] = statementOf(action, id);
  await query(owner, sql, [client, key, ...values]);
}

function statementOf(
  action: Exclude<Change, { do: 'book a call again' | 'delete' }>,
  id: string,
): [string, unknown[]] {
  if (action.do === 'reprice') {
    const sql = `insert into cost_adjustments (client_id, event_id, reprice_id, old_cost_status,
        new_cost, new_computed_cost, new_cost_status, currency, reason, recorded_at)
      values ($1, $2, md5($3)::uuid, 'unpriced', $4::numeric, $4::numeric,
        case when $4::numeric is null then 'unpriced' else 'computed' end, $5, 'a test', now())`;
    return [sql, [id, action.cost, action.currency]];
  }
  if (action.do === 'tell a price') {
    const sql = `update sms_messages
      set price = $3::numeric, currency = $4, carrier_fee = coalesce($5::numeric, carrier_fee)
      where client_id = $1 and message_sid = $2`;
    return [sql, [action.price, action.currency, action.fee]];
  }
  const sql = `update tasks
    set status = $3, is_late = $5, processing_ms = $4::integer * 1000,
      completed_at = received_at + $4::integer * interval '1 second'
    where client_id = $1 and task_id = $2::uuid`;
  return [sql, [action.status, action.seconds, action.isLate]];
}

const KEYS = {
  call: ['usage_events', 'event_id'],
  task: ['tasks', 'task_id'],
  text: ['sms_messages', 'message_sid'],
  error: ['error_logs', 'error_id'],
} as const;

async function pick(owner: Pool, client: string, what: keyof typeof KEYS, nth: number) {
  const [table, key] = KEYS[what];
  const rows = await query<{ key: string }>(
    owner,
    `select ${key}::text as key from ${table} where client_id = $1 order by ${key}`,
    [client],
  );
  return rows[nth % rows.length]?.key;
}

async function commitLate(
  { app }: TestBooks,
  client: string,
  events: BookedEvent[],
  refresh: () => Promise<void>,
): Promise<void> {
  await withTransaction(app, { clientId: client }, async (connection) => {
    await insertEvents(connection, client, events);
    await refresh();
  });
}

/** A client that sends a call twice; the books refuse it. */
async function bookAgain(app: Pool, client: string, id: string): Promise<void> {
  const again = bookEvents(app, client, [{ id, at: '2025-01-01T00:00:00Z', cost: '7' }]);
  const code = await again.then(
    () => undefined,
    (error: { code?: string }) => error.code,
  );
  if (code !== '23505') throw new Error(`a call that was booked twice ended with ${code}`);
}

/** The person's rows stay, under a name that nobody else bears. */
async function erase(owner: Pool, client: string, user: string, id: string): Promise<void> {
  const name = `erased-${id}`;
  await withTransaction(owner, {}, async (connection) => {
    const sql = 'insert into users (client_id, user_id) values ($1, $2) on conflict do nothing';
    await query(connection, sql, [client, name]);
    for (const table of ['usage_events', 'tasks', 'sms_messages']) {
      const rename = `update ${table} set user_id = $3 where client_id = $1 and user_id = $2`;
      await query(connection, rename, [client, user, name]);
    }
    const remove = 'delete from users where client_id = $1 and user_id = $2';
    await query(connection, remove, [client, user]);
  });
}

/** Deletes a row, and first what hangs on it. */
async function remove(owner: Pool, client: string, what: keyof typeof KEYS, key: string) {
  await withTransaction(owner, {}, async (connection: Connection) => {
    for (const sql of DELETIONS[what]) await query(connection, sql, [client, key]);
  });
}

const DELETIONS: Record<keyof typeof KEYS, string[]> = {
  call: ['cost_adjustments', 'task_calls', 'usage_events'].map(
    (table) => `delete from ${table} where client_id = $1 and event_id = $2`,
  ),
  task: ['task_calls', 'tasks', 'sms_messages'].map(
    (table) => `delete from ${table} where client_id = $1 and task_id = $2::uuid`,
  ),
  text: [
    `delete from sms_messages as texts where client_id = $1 and message_sid = $2 and not exists (
       select from tasks where client_id = $1 and tasks.message_sid = texts.message_sid
     )`,
  ],
  error: ['delete from error_logs where client_id = $1 and error_id = $2::uuid'],
};

function withIds<Row extends object>(id: string, rows: Row[]): (Row & { id: string })[] {
  return rows.map((row, index) => ({ ...row, id: `${id}-${index}` }));
}
