// Ways around the row security of logins, each tried: settings, roles, shadowed names, leaky
// functions, statistics. None gives a row of another client; the unprotected control does.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLogin, loginUrl } from '../core/logins.ts';
import { type Connection, query } from '../core/postgres.ts';
import { ANALYST_GROUP, APPLICATION_GROUP } from '../core/roles.ts';
import { addTestClient, createTestBooks, type TestBooks } from '../core/test-support.ts';
import { bookCalls, dropLogins, type OpenLogin, openLogin, openPool } from './sql-logins.ts';

const SECRET = 'canary';
const READABLE = ['usage_calls', 'user_request_analytics', 'user_recent_activity', 'tokens_usage'];

let books: TestBooks;
let login: OpenLogin;

beforeAll(async () => {
  books = await createTestBooks();
  for (const clientId of ['acme', SECRET]) {
    await addTestClient(books.app, { clientId });
    const model = clientId === SECRET ? SECRET : 'own';
    await bookCalls(books.app, clientId, [
      { id: 'e', at: '2025-03-18T10:00:00Z', user: model, model },
    ]);
  }
  await query(books.owner, 'analyze');
  login = await openLogin(books, 'acme', 'service');
});

afterAll(async () => {
  await dropLogins(books, [login]);
  await books.close();
});

/** Runs statements in one session of the login; its settings end with it. */
async function inSession<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await login.pool.connect();
  try {
    return await work(connection);
  } finally {
    connection.release(true);
  }
}

async function clientsSeen(connection: Connection): Promise<string[]> {
  const seen = new Set<string>();
  for (const relation of READABLE) {
    const sql = `select distinct client_id from ${relation}`;
    for (const { client_id } of await query(connection, sql)) seen.add(String(client_id));
  }
  const sql = `select currency from public.get_monthly_summary('${SECRET}', 2025, 3)`;
  if ((await query(connection, sql)).length > 0) seen.add(SECRET);
  return [...seen];
}

/** Statements that put a forgery in front of what is named so in the books. */
const shadow = (forgery: string) => `${forgery}; set search_path = pg_temp, public`;
const FORGED_TABLE = `create temp table database_logins as
  select session_user as role_name, '${SECRET}' as client_id, null::text as user_id,
    'service' as kind`;
const FORGED_FUNCTION = `create function pg_temp.login_client() returns text
  language sql as $$ select '${SECRET}'::text $$`;
const FORGED_CALENDAR = `create function pg_temp.day_starts_at(date, text) returns timestamptz
  language sql as $$ select '2000-01-01Z'::timestamptz $$`;

describe('a session that sets', () => {
  test.each([
    ['the tenant of the serving role', `set daybook.client_id = '${SECRET}'`],
    ['the tenant and a token', `set daybook.client_id = '${SECRET}'; set daybook.token_id = 't'`],
    ['its group as its role', `set role ${ANALYST_GROUP}`],
    ['the other group as its role', `set role ${APPLICATION_GROUP}`],
    ['a path with a table before ours', shadow(FORGED_TABLE)],
    ['a path with a function before ours', shadow(FORGED_FUNCTION)],
    ['a path with another calendar', shadow(FORGED_CALENDAR)],
  ])('%s sees its own client as before', async (_name, sql) => {
    const seen = await inSession(async (connection) => {
      await connection.query(sql);
      return clientsSeen(connection);
    });
    expect(seen).toEqual(['acme']);
  });

  test('a shadow is what its own unbound statements read (control)', async () => {
    const rows = await inSession(async (connection) => {
      await connection.query(shadow(FORGED_TABLE));
      return query(connection, 'select client_id from database_logins');
    });
    expect(rows).toEqual([{ client_id: SECRET }]);
  });

  test.each([
    ['another session user', 'set session authorization daybook_app'],
    ['the serving role', 'set role daybook_app'],
    ['the reader of everything', 'set role daybook_pipeline'],
    ['row security off', 'set row_security = off; select client_id from usage_calls'],
    ['a table of the books', 'create table public.mine (x int)'],
    ['a function in the books', 'create function public.f() returns int return 1'],
    ['its own role a member', 'grant daybook_app to current_user'],
    ['its own role free of row security', 'alter role current_user bypassrls'],
    ['another policy', 'create policy p on usage_events using (true)'],
    ['a table owned', 'alter table usage_events disable row level security'],
    ['a trigger', 'create trigger t before insert on user_profiles execute function stamp_xid()'],
    ['a file', `copy usage_events to '/tmp/stolen.csv'`],
    ['a program', `copy (select 1) to program 'cat'`],
  ])('%s is refused', async (_name, sql) => {
    const attempt = inSession((connection) => connection.query(sql));
    await expect(attempt).rejects.toMatchObject({ code: '42501' });
  });
});

describe('a leaky function', () => {
  const leak = `create function pg_temp.leak(text) returns boolean language plpgsql
    cost 0.0000001 as $$ begin raise notice 'leaked %', $1; return true; end $$`;

  async function notices(connection: Connection, sql: string): Promise<string[]> {
    const heard: string[] = [];
    connection.on('notice', ({ message }) => heard.push(message ?? ''));
    await connection.query(sql);
    return heard;
  }

  test('is given no row of another client, in any view or table', async () => {
    for (const relation of [...READABLE, 'usage_events', 'users']) {
      const heard = await inSession(async (connection) => {
        await connection.query(leak);
        const sql = `select count(*) from ${relation} where pg_temp.leak(client_id)`;
        return notices(connection, sql);
      });
      expect([relation, [...new Set(heard)]]).toEqual([relation, ['leaked acme']]);
    }
  });

  test('would be given them where rows were hidden by a plain view (control)', async () => {
    const connection = await books.owner.connect();
    await connection.query(leak);
    await connection.query(
      "create temp view own as select client_id from usage_events where client_id || '' = 'acme'",
    );
    const sql = 'select count(*) from own where pg_temp.leak(client_id)';
    expect(await notices(connection, sql)).toContain(`leaked ${SECRET}`);
    connection.release(true);
  });

  test('has no operand in an error either', async () => {
    const sql = `select count(*) from usage_events where model::int > 0`;
    const error = await inSession((connection) => connection.query(sql)).catch((thrown) => thrown);
    expect(error.message).toContain('own');
    expect(error.message).not.toContain(SECRET);
  });
});

describe('the catalogue', () => {
  test('shows a login no statistics of the books, and no name of another client', async () => {
    const texts = await inSession(async (connection) => [
      await query(connection, `select * from pg_stats where schemaname = 'public'`),
      await query(connection, 'select rolname from pg_roles'),
      await query(connection, 'select usename, query from pg_stat_activity'),
    ]);
    expect(JSON.stringify(texts)).not.toContain(SECRET);
    // Control: the owner finds it in the statistics.
    const all = await query(books.owner, `select * from pg_stats where tablename = 'usage_events'`);
    expect(JSON.stringify(all)).toContain(SECRET);
  });

  const loose = `select relname as name from pg_class
     where relkind in ('v', 'm') and relnamespace = 'public'::regnamespace
       and not coalesce(reloptions @> '{security_invoker=true}', false)
     union all
     select proname from pg_proc
     where pronamespace = 'public'::regnamespace and prosecdef
       and not coalesce(array_to_string(proconfig, ',') like '%search_path=%', false)`;

  test('has no view with its owner’s rights, no definer without a search path', async () => {
    expect(await query(books.owner, loose)).toEqual([]);
    // Control: one of each is found.
    await query(books.owner, 'create view public.open_view as select * from usage_events');
    await query(books.owner, 'create function open_f() returns int security definer return 1');
    expect(await query(books.owner, loose)).toEqual([{ name: 'open_view' }, { name: 'open_f' }]);
    // And it would show the other client.
    await query(books.owner, `grant select on open_view to ${ANALYST_GROUP}`);
    const seen = await inSession((connection) =>
      query(connection, 'select distinct client_id from open_view order by client_id'),
    );
    expect(seen).toEqual([{ client_id: 'acme' }, { client_id: SECRET }]);
    await query(books.owner, 'drop view open_view');
    await query(books.owner, 'drop function open_f');
  });

  test('binds every answer to its tables when it is made, not when it is asked', async () => {
    const unbound = await query(
      books.owner,
      `select proname from pg_proc
       where pronamespace = 'public'::regnamespace and prosqlbody is null and proconfig is null
         and has_function_privilege('${ANALYST_GROUP}', oid, 'execute')
         and prorettype <> 'trigger'::regtype`,
    );
    expect(unbound).toEqual([]);
  });

  test('gives the groups no login, no power and nothing of their own', async () => {
    const roles = await query(
      books.owner,
      `select rolname as name from pg_roles
       where rolname = any ($1) and not (rolcanlogin or rolsuper or rolbypassrls or rolcreaterole
         or rolcreatedb or rolreplication
         or exists (select from pg_class where relowner = pg_roles.oid))
       order by rolname`,
      [[ANALYST_GROUP, APPLICATION_GROUP, login.role]],
    );
    expect(roles).toEqual([{ name: ANALYST_GROUP }, { name: APPLICATION_GROUP }]);
  });
});

test('a login of one database has nothing in another of the same server', async () => {
  const other = await createTestBooks();
  await addTestClient(other.app, { clientId: 'acme' });
  await bookCalls(other.app, 'acme', [{ id: 'e', at: '2025-03-18T10:00:00Z' }]);
  const password = randomBytes(9).toString('hex');
  await query(books.owner, `alter role ${login.role} password '${password}'`);
  const pool = openPool(loginUrl(other.ownerUrl, login.role, password));
  expect(await query(pool, 'select * from usage_calls')).toEqual([]);
  await pool.end();
  await other.close();
});

test('a login of a client that does not exist is not made', async () => {
  const attempt = createLogin(books.owner, {
    clientId: 'nobody',
    userId: null,
    kind: 'service',
    label: 'x',
  });
  await expect(attempt).rejects.toMatchObject({ code: '23503' });
  const mapped = await query(books.owner, 'select role_name from database_logins');
  expect(mapped).toEqual([{ role_name: login.role }]);
});
