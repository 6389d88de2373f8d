// Compares the books of the SMS agent with what its stand-ins of Twilio and OpenAI have seen, and names
// whatever should not be. Changes nothing.
import { type Pool, query } from '../core/postgres.ts';
import { OUTBOX_PARAMETER } from '../ingest/twilio/status-fields.ts';
import type { KeptMessage } from './stand-ins/twilio-messages.ts';

export interface Seen {
  /** Every message of the stand-in for Twilio. */
  messages: readonly KeptMessage[];
  /** Request ids of the model's answers. */
  answeredCalls: ReadonlySet<string>;
  /** Those of them that were told to a process that lived on, with the text that each answers. */
  mustBeBooked: ReadonlyMap<string, string>;
}

interface TaskRow extends Record<string, unknown> {
  task_id: string;
  message_sid: string;
  status: string;
  outcome: string | null;
  answers: number;
  calls: number;
}

interface OutboxRow extends Record<string, unknown> {
  outbox_id: string;
  task_id: string;
  kind: string;
  state: string;
  message_sid: string | null;
}

interface MessageRow extends Record<string, unknown> {
  message_sid: string;
  task_id: string | null;
}

/** What is wrong, one line each; nothing where every promise was kept. */
export async function findViolations(owner: Pool, seen: Seen): Promise<string[]> {
  const received = seen.messages.filter(({ direction }) => direction === 'inbound');
  const accepted = seen.messages.filter(({ direction }) => direction !== 'inbound');
  const outbox = await query<OutboxRow>(
    owner,
    'select outbox_id, task_id, kind, state, message_sid from sms_outbox',
  );
  return [
    ...(await findTaskFaults(owner, received)),
    ...findTextFaults(outbox, accepted),
    ...(await findMessageFaults(owner, outbox, accepted)),
    ...(await findCallFaults(owner, seen)),
    ...(await findCountFaults(owner)),
  ];
}

/** Every text is one task, and every task has ended with one answer. */
async function findTaskFaults(owner: Pool, received: readonly KeptMessage[]): Promise<string[]> {
  const tasks = await query<TaskRow>(
    owner,
    `select task_id, message_sid, status, outcome,
       (select count(*)::int from sms_outbox
        where sms_outbox.task_id = tasks.task_id and kind in ('answer', 'notice')) as answers,
       (select count(*)::int from task_calls
        inner join usage_events using (client_id, event_id)
        where task_calls.task_id = tasks.task_id and usage_events.status = 'success') as calls
     from tasks`,
  );
  const bySid = Map.groupBy(tasks, (task) => task.message_sid);
  const sids = new Set(received.map(({ sid }) => sid));
  return [
    ...received
      .filter(({ sid }) => bySid.get(sid)?.length !== 1)
      .map(({ sid }) => `text ${sid} is ${bySid.get(sid)?.length ?? 0} tasks`),
    ...tasks
      .filter((task) => !sids.has(task.message_sid))
      .map((task) => `task ${task.task_id} is of no text`),
    ...tasks
      .filter(({ status }) => status !== 'answered' && status !== 'failed')
      .map(({ task_id: id, status }) => `task ${id} has not ended: ${status}`),
    ...tasks
      .filter(({ answers }) => answers !== 1)
      .map(({ task_id: id, answers }) => `task ${id} has ${answers} answers`),
    ...tasks
      .filter(({ outcome, calls }) => outcome === 'answer' && calls < 1)
      .map(({ task_id: id }) => `task ${id} was answered, and no call is booked`),
  ];
}

/** Everything queued was accepted by Twilio once, and nothing else was. */
function findTextFaults(outbox: OutboxRow[], accepted: readonly KeptMessage[]): string[] {
  const byOutbox = Map.groupBy(accepted, outboxOf);
  const known = new Set(outbox.map((row) => row.outbox_id));
  return [
    ...outbox.flatMap(({ outbox_id: id, task_id: task, kind, state }) => {
      const times = byOutbox.get(id)?.length ?? 0;
      const what = `the ${kind} of task ${task}`;
      return [
        ...(state === 'sent' ? [] : [`${what} is ${state}`]),
        ...(times === 1 ? [] : [`${what} was accepted ${times} times`]),
      ];
    }),
    ...[...byOutbox.keys()].filter((id) => !known.has(id)).map((id) => `nobody queued ${id}`),
  ];
}

/** Every accepted text is a message in the books, under its own task. */
async function findMessageFaults(
  owner: Pool,
  outbox: OutboxRow[],
  accepted: readonly KeptMessage[],
): Promise<string[]> {
  const rows = await query<MessageRow>(
    owner,
    `select message_sid, task_id from sms_messages where direction = 'outbound'`,
  );
  const booked = new Map(rows.map((row) => [row.message_sid, row]));
  const queued = new Map(outbox.map((row) => [row.outbox_id, row]));
  const sids = new Set(accepted.map(({ sid }) => sid));
  return [
    ...accepted.flatMap((message) => {
      const row = booked.get(message.sid);
      const own = queued.get(outboxOf(message));
      if (row === undefined) return [`message ${message.sid} is not booked`];
      if (row.task_id !== own?.task_id) return [`message ${message.sid} is under another task`];
      return own.message_sid === message.sid ? [] : [`text ${own.outbox_id} has another sid`];
    }),
    ...[...booked.keys()].filter((sid) => !sids.has(sid)).map((sid) => `${sid} was never sent`),
  ];
}

async function findCallFaults(owner: Pool, seen: Seen): Promise<string[]> {
  const rows = await query<{ request_id: string; events: number; tasks: number }>(
    owner,
    `select request_id, count(*)::int as events, count(task_calls.task_id)::int as tasks
     from usage_events
     left join task_calls using (client_id, event_id)
     where request_id is not null
     group by request_id`,
  );
  const booked = new Set(rows.map((row) => row.request_id));
  const timedOut = await findTimedOut(owner);
  return [
    ...rows
      .filter(({ events, tasks }) => events !== 1 || tasks !== 1)
      .map((row) => `call ${row.request_id} is ${row.events} events, ${row.tasks} of tasks`),
    ...[...booked].filter((id) => !seen.answeredCalls.has(id)).map((id) => `no model knows ${id}`),
    ...[...seen.mustBeBooked]
      .filter(([id, text]) => !booked.has(id) && !timedOut.has(text))
      .map(([id, text]) => `${id} is not booked, the answer to: ${text}`),
  ];
}

/** Requests counted, caps reserved, people made: each as often as it happened. */
async function findCountFaults(owner: Pool): Promise<string[]> {
  const counts = await query<{ what: string; counted: number; real: number }>(
    owner,
    `select 'requests of ' || user_id as what, monthly_requests as counted,
       (select count(*)::int from tasks
        where tasks.user_id = sms_users.user_id and counted_month = request_month) as real
     from sms_users
     union all
     select 'all requests of ' || user_id, total_requests::int,
       (select count(*)::int from tasks
        where tasks.user_id = sms_users.user_id and counted_month is not null)
     from sms_users
     union all
     select 'segments of ' || scope, sum(segments)::int,
       (select sum(segments)::int from sms_outbox where state = 'sent')
     from sms_spend where scope in ('number', 'client') group by scope
     union all
     select 'costs held by ' || status, count(*)::int, 0
     from tasks where reserved_cost is not null group by status
     union all
     select 'spent by ' || scope || ' short of what is booked', 1, 0
     from sms_spend where scope in ('model-number', 'model-client') group by scope
     having sum(cost) < (select coalesce(sum(cost), 0) from usage_events)
     union all
     select 'welcomes', (select count(*)::int from sms_users),
       (select count(*)::int from sms_outbox where kind = 'welcome')
     union all
     select 'people', (select count(*)::int from sms_users),
       (select count(distinct from_number)::int from sms_messages where direction = 'inbound')
     union all
     select 'consents', (select count(*)::int from sms_users),
       (select count(*)::int from sms_consents where act = 'texted')`,
  );
  return counts
    .filter(({ counted, real }) => counted !== real)
    .map(({ what, counted, real }) => `${what}: ${counted} counted, ${real} real`);
}

/** The id that we gave Twilio with the text. */
function outboxOf({ statusCallback }: KeptMessage): string {
  return new URL(statusCallback ?? 'none:').searchParams.get(OUTBOX_PARAMETER) ?? '';
}

/** Texts of which a call is booked as timed out: its answer may have come a moment too late. */
async function findTimedOut(owner: Pool): Promise<Set<string>> {
  const rows = await query<{ body: string }>(
    owner,
    `select distinct sms_messages.body
     from usage_events
     join task_calls using (client_id, event_id)
     join tasks using (client_id, task_id)
     join sms_messages on sms_messages.client_id = tasks.client_id
       and sms_messages.message_sid = tasks.message_sid
     where usage_events.error_type = 'openai_timeout'`,
  );
  return new Set(rows.map((row) => row.body));
}
