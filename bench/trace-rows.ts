// Rows of the real trace's shape, as many as asked: each copy of the trace is another client's or a few
// seconds later, so that models, users, tokens, costs and the gaps between calls stay as they were.
import { join } from 'node:path';
import { copyFromFile, type Pool, query, withTransaction } from '../core/postgres.ts';

const TRACE = join(import.meta.dirname, '..', 'demo', 'aider-message-send.csv');
export const TRACE_ROWS = 3_750;
const CLIENTS = 10;
/** So that the copies of one client do not stand at the same instants. */
const STEP_SECONDS = 7;

/** Fills empty books with about `rows` events of ten clients. The owner must be a superuser. */
export async function bookTraceRows(owner: Pool, rows: number): Promise<void> {
  const copies = Math.ceil(rows / TRACE_ROWS);
  await withTransaction(owner, {}, async (connection) => {
    await query(connection, 'set local session_replication_role = replica');
    await query(connection, 'set local statement_timeout = 0');
    await query(
      connection,
      `insert into clients (client_id, name, time_zone, week_start, currency, locale, created_at)
       select 'bench-' || n, 'Bench', 'America/New_York', 1, 'USD', 'en-US', now()
       from generate_series(0, ${CLIENTS - 1}) n on conflict do nothing`,
    );
    await query(
      connection,
      `insert into client_zones (client_id, effective_from, time_zone)
       select client_id, '2000-01-01', time_zone from clients on conflict do nothing`,
    );
    await query(
      connection,
      `create temp table trace (seq bigint, time bigint, time_utc timestamptz, "user" text,
         main_model text, weak_model text, editor_model text, edit_format text,
         prompt_tokens bigint, completion_tokens bigint, total_tokens bigint, cost numeric,
         total_cost numeric) on commit drop`,
    );
    await copyFromFile(connection, 'copy trace from stdin (format csv, header true)', TRACE);
    await query(
      connection,
      `insert into users (client_id, user_id)
       select distinct client_id, "user" from trace, clients on conflict do nothing`,
    );
    await query(
      connection,
      `insert into usage_events (client_id, event_id, occurred_at, provider, model, user_id,
         input_tokens, output_tokens, reported_cost, cost, cost_status, currency, status,
         latency_ms, body_hash)
       select 'bench-' || copy % ${CLIENTS}, 'aider-' || copy || '-' || seq,
         time_utc + copy / ${CLIENTS} * interval '${STEP_SECONDS} seconds', 'litellm', main_model,
         "user", prompt_tokens, completion_tokens, cost, cost,
         case when cost > 0 then 'reported' else 'unpriced' end, 'USD', 'success',
         500 + (seq * 7919 + copy * 104729) % 30000, sha256((copy || '-' || seq)::bytea)
       from trace cross join generate_series(0, ${copies - 1}) copy
       order by time_utc, copy`,
    );
  });
  const connection = await owner.connect();
  await connection.query('set statement_timeout = 0');
  await connection.query('vacuum analyze usage_events');
  connection.release(true);
}

/** Adds rows that came just now, as a tick finds them. */
export async function bookNewRows(owner: Pool, rows: number): Promise<void> {
  await withTransaction(owner, {}, async (connection) => {
    await query(connection, 'set local session_replication_role = replica');
    await query(connection, 'set local statement_timeout = 0');
    await query(
      connection,
      `insert into usage_events (client_id, event_id, occurred_at, provider, model, user_id,
         input_tokens, output_tokens, reported_cost, cost, cost_status, currency, status,
         latency_ms, body_hash)
       select client_id, 'new-' || n || '-' || pg_current_xact_id(),
         occurred_at + interval '1 hour', provider, model, user_id, input_tokens, output_tokens,
         reported_cost, cost, cost_status, currency, status, latency_ms,
         sha256((n || '-new')::bytea)
       from (
         select *, row_number() over () as n from (
           select * from usage_events order by xid desc, occurred_at desc limit ${rows}
         ) as newest
       ) as numbered`,
    );
  });
}
