// Books events straight into Postgres for tests that start behind ingest. Fields that a test does
// not care about get a value of no meaning.
import { type Connection, type Pool, query, withTransaction } from '../core/postgres.ts';

/** A usage event as a test writes it down; only what it is about need be given. */
export interface BookedEvent {
  id: string;
  at: string;
  provider?: string;
  model?: string;
  user?: string | null;
  conversation?: string | null;
  chatbot?: string | null;
  input?: number | null;
  output?: number | null;
  cost?: string | null;
  currency?: string;
  status?: string | null;
  error?: string | null;
  operation?: string | null;
  tier?: string | null;
  latency?: string | null;
  /** What the price book says, in the event's currency. */
  computed?: string | null;
}

const INSERT = `
  insert into usage_events (client_id, event_id, occurred_at, provider, model, user_id,
    conversation_id, chatbot_id, operation, service_tier, input_tokens, output_tokens,
    reported_cost, currency, status, error_type, latency_ms, computed_cost, computed_currency,
    cost, cost_status, body_hash)
  select $1, id, at, coalesce(provider, 'openai'), coalesce(model, 'gpt-5'), "user", conversation,
    chatbot, operation, tier, input, output, cost, coalesce(currency, 'USD'), status, error,
    latency,
    computed, case when computed is not null then coalesce(currency, 'USD') end,
    coalesce(nullif(cost, 0), computed),
    case when cost > 0 then 'reported' when computed is null then 'unpriced' else 'computed' end,
    sha256(convert_to(id, 'UTF8'))
  from jsonb_to_recordset($2) as given (id text, at timestamptz, provider text, model text,
    "user" text, conversation text, chatbot text, operation text, tier text, input bigint,
    output bigint, cost numeric, currency text, status text, error text, latency numeric,
    computed numeric)`;

/** Books the events of a client in one transaction. */
export async function bookEvents(app: Pool, clientId: string, events: BookedEvent[]) {
  await withTransaction(app, { clientId }, (connection) =>
    insertEvents(connection, clientId, events),
  );
}

/** The same inside a transaction of the test's own, whose tenant it has set. */
export async function insertEvents(
  connection: Connection,
  clientId: string,
  events: BookedEvent[],
) {
  for (const [table, column, pick] of [
    ['users', 'user_id', (event: BookedEvent) => event.user],
    ['chatbots', 'chatbot_id', (event: BookedEvent) => event.chatbot],
    ['conversations', 'conversation_id', (event: BookedEvent) => event.conversation],
  ] as const) {
    const ids = [...new Set(events.map(pick).filter((id) => id !== null && id !== undefined))];
    const sql = `insert into ${table} (client_id, ${column}) select $1, unnest($2::text[])
      on conflict do nothing`;
    await query(connection, sql, [clientId, ids.sort()]);
  }
  await query(connection, INSERT, [clientId, JSON.stringify(events)]);
}

/**
 * Waits until no transaction of the whole server is older than the newest booked event: until then
 * a copy rightly reads that event again.
 */
export async function waitUntilSettled(pipeline: Pool): Promise<void> {
  const deadline = Date.now() + 15_000;
  const sql = `select coalesce(max(xid), '0') < pg_snapshot_xmin(pg_current_snapshot()) as settled
    from (select xid from usage_events union all select xid from clients) as written`;
  while (Date.now() < deadline) {
    const [row] = await query<{ settled: boolean }>(pipeline, sql);
    if (row?.settled) return;
  }
  throw new Error('another transaction of the test server stayed open');
}
