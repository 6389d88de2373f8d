// What the tests of SQL for analysts share: sessions of logins, and calls with costs and repricings
// booked straight into Postgres.
import type { Client } from '../core/clients.ts';
import { createLogin, type LoginKind, loginUrl } from '../core/logins.ts';
import { createPool, type Pool, query, withTransaction } from '../core/postgres.ts';
import { addTestClient, silentLog, type TestBooks } from '../core/test-support.ts';

/** A call as a test writes it down; what is left out is unknown. */
export interface PricedCall {
  id: string;
  at: string;
  user?: string | null;
  phone?: string;
  provider?: string;
  model?: string;
  status?: string | null;
  input?: number | null;
  output?: number | null;
  reported?: string | null;
  computed?: string | null;
  computedCurrency?: string;
  cost?: string | null;
  costStatus?: string;
  currency?: string;
  latency?: string | null;
}

export interface Adjustment {
  event: string;
  cost: string | null;
  computed: string | null;
  status: string;
  currency?: string;
}

const INSERT_CALLS = `
  insert into usage_events (client_id, event_id, occurred_at, provider, model, user_id, phone,
    status, input_tokens, output_tokens, reported_cost, computed_cost, computed_currency, cost,
    cost_status, currency, latency_ms, metadata, body_hash)
  select $1, id, at, coalesce(provider, 'openai'), coalesce(model, 'gpt-5'), "user", phone, status,
    input, output, reported, computed,
    case when computed is not null then coalesce("computedCurrency", 'USD') end, cost,
    coalesce("costStatus", 'unpriced'), coalesce(currency, 'USD'), latency,
    jsonb_build_object('said', phone), sha256(convert_to(id, 'UTF8'))
  from jsonb_to_recordset($2) as given (id text, at timestamptz, "user" text, phone text,
    provider text, model text, status text, input bigint, output bigint, reported numeric,
    computed numeric, "computedCurrency" text, cost numeric, "costStatus" text, currency text,
    latency numeric)`;

/** Books the calls of a client, and the users they name. */
export async function bookCalls(app: Pool, clientId: string, calls: PricedCall[]): Promise<void> {
  await withTransaction(app, { clientId }, async (connection) => {
    const users = [...new Set(calls.map(({ user }) => user ?? null))].filter((id) => id !== null);
    await query(
      connection,
      'insert into users (client_id, user_id) select $1, unnest($2::text[]) on conflict do nothing',
      [clientId, users.sort()],
    );
    await query(connection, INSERT_CALLS, [clientId, JSON.stringify(calls)]);
  });
}

/** Writes adjustments in their order: the last one of an event counts. */
export async function bookAdjustments(
  app: Pool,
  clientId: string,
  adjustments: Adjustment[],
): Promise<void> {
  await withTransaction(app, { clientId }, async (connection) => {
    for (const { event, cost, computed, status, currency = 'USD' } of adjustments) {
      await query(
        connection,
        `insert into cost_adjustments (client_id, event_id, reprice_id, old_cost_status, new_cost,
           new_computed_cost, new_cost_status, currency, reason, recorded_at)
         values ($1, $2, gen_random_uuid(), 'unpriced', $3, $4, $5, $6, 'test', now())`,
        [clientId, event, cost, computed, status, currency],
      );
    }
  });
}

/** A login with a pool of its own. */
export interface OpenLogin {
  role: string;
  pool: Pool;
}

/** Sessions of a new login, which `dropLogins` ends. */
export async function openLogin(
  books: TestBooks,
  clientId: string,
  kind: LoginKind,
  userId: string | null = null,
): Promise<OpenLogin> {
  const { role, password } = await createLogin(books.owner, {
    clientId,
    userId,
    kind,
    label: 'test',
  });
  return { role, pool: openPool(loginUrl(books.ownerUrl, role, password)) };
}

/** A new client with its calls, and an analyst's login to it. */
export async function openAnalyst(
  books: TestBooks,
  fields: Partial<Client> & { clientId: string },
  calls: PricedCall[],
): Promise<OpenLogin> {
  await addTestClient(books.app, fields);
  await bookCalls(books.app, fields.clientId, calls);
  return openLogin(books, fields.clientId, 'analyst');
}

/** Ends all logins of a test. Roles are of the whole server and would outlive its database. */
export async function dropLogins(books: TestBooks, logins: Iterable<OpenLogin>): Promise<void> {
  await query(books.owner, 'delete from database_logins');
  for (const { role, pool } of logins) {
    await pool.end();
    await query(books.owner, `drop role ${role}`);
  }
}

export function openPool(url: string): Pool {
  return createPool({ url, applicationName: 'tests', log: silentLog(), max: 2 });
}
