// Rules of tenant isolation, asked of the catalogue and of every table: row security fails closed,
// and no role that serves can step around it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Pool, query, withTransaction } from '../core/postgres.ts';
import { APP_ROLE, PIPELINE_ROLE } from '../core/roles.ts';
import { addTestClient, createTestBooks, type TestBooks } from '../core/test-support.ts';
import { TENANT_ROWS } from './tenant-rows.ts';

const OWN = 'acme';
const OTHER = 'other';

let books: TestBooks;
let tables: string[];

beforeAll(async () => {
  books = await createTestBooks();
  await addTestClient(books.app, { clientId: OWN });
  await addTestClient(books.app, { clientId: OTHER });
  for (const [table, row] of Object.entries(TENANT_ROWS)) {
    const fields = { client_id: OTHER, ...row };
    const names = Object.keys(fields);
    const marks = names.map((_, index) => `$${index + 1}`);
    await query(
      books.owner,
      `insert into ${table} (${names}) overriding system value values (${marks})`,
      Object.values(fields),
    );
  }
  const found = await query<{ name: string }>(
    books.owner,
    `select relname as name from pg_class
     where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace
       and exists (select from pg_attribute where attrelid = pg_class.oid and attname = 'client_id')
     order by relname`,
  );
  tables = found.map(({ name }) => name);
});

afterAll(() => books.close());

/** Rows that belong to a client; those of a shared price list belong to nobody. */
async function countRows(
  pool: Pool,
  table: string,
  clientId?: string,
): Promise<bigint | undefined> {
  const [row] = await withTransaction(
    pool,
    clientId === undefined ? {} : { clientId },
    (connection) =>
      query<{ rows: bigint }>(connection, `select count(client_id) as rows from ${table}`),
  );
  return row?.rows;
}

describe('the catalogue', () => {
  test('knows every table of this test, and each holds a row of the other client', async () => {
    expect(tables).toEqual([...Object.keys(TENANT_ROWS), 'clients', 'jobs'].sort());
    for (const table of tables) expect(await countRows(books.owner, table)).toBeGreaterThan(0n);
  });

  /** Tables with client_id that lack enabled and forced row security or a policy. */
  const unprotected = async () => {
    const rows = await query<{ name: string }>(
      books.owner,
      `select relname as name from pg_class
       where relname = any ($1) and not (relrowsecurity and relforcerowsecurity
         and exists (select from pg_policy where polrelid = pg_class.oid))`,
      [[...tables, 'unprotected']],
    );
    return rows.map(({ name }) => name);
  };

  test('has row security enabled, forced and with a policy on each of them', async () => {
    expect(await unprotected()).toEqual([]);
    // Control: a table that was forgotten is found.
    await query(books.owner, 'create table unprotected (client_id text)');
    await query(books.owner, 'alter table unprotected enable row level security');
    expect(await unprotected()).toEqual(['unprotected']);
    await query(books.owner, 'drop table unprotected');
  });

  test('lets no foreign key between tenant tables leave out the client', async () => {
    const loose = await query(
      books.owner,
      `select conname from pg_constraint
       where contype = 'f' and conrelid = any ($1::regclass[]) and confrelid = any ($1::regclass[])
         and not exists (
           select from unnest(conkey, confkey) as pair (own, referenced)
           inner join pg_attribute as owned on owned.attrelid = conrelid and owned.attnum = pair.own
           inner join pg_attribute as named
             on named.attrelid = confrelid and named.attnum = pair.referenced
           where owned.attname = 'client_id' and named.attname = 'client_id')`,
      [tables],
    );
    expect(loose).toEqual([]);
  });

  test('gives no serving role a way around: no BYPASSRLS, ownership, membership', async () => {
    const roles = await query(
      books.owner,
      `select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
         exists (select from pg_class where relowner = pg_roles.oid) as owns,
         exists (select from pg_auth_members where member = pg_roles.oid) as member
       from pg_roles where rolname = any ($1) order by rolname`,
      [[APP_ROLE, PIPELINE_ROLE]],
    );
    const none = {
      rolsuper: false,
      rolbypassrls: false,
      rolcreaterole: false,
      rolcreatedb: false,
      rolreplication: false,
      owns: false,
      member: false,
    };
    expect(roles).toEqual([APP_ROLE, PIPELINE_ROLE].map((rolname) => ({ rolname, ...none })));
  });

  test('has no view or function that runs with other rights than its caller', async () => {
    const views = await query(
      books.owner,
      `select relname from pg_class where relkind in ('v', 'm')
         and relnamespace = 'public'::regnamespace
         and not coalesce(reloptions @> '{security_invoker=true}', false)
       union all
       select proname from pg_proc where pronamespace = 'public'::regnamespace and prosecdef`,
    );
    expect(views).toEqual([]);
  });
});

describe('the app role', () => {
  test('sees no row of any table while no tenant is set', async () => {
    for (const table of tables)
      expect([table, await countRows(books.app, table)]).toEqual([table, 0n]);
  });

  test('sees no row of another tenant, and its own (control)', async () => {
    for (const table of tables) {
      // What came with the client itself.
      const own: Record<string, bigint> = { clients: 1n, client_zones: 1n, jobs: 3n };
      expect([table, await countRows(books.app, table, OWN)]).toEqual([table, own[table] ?? 0n]);
      expect(await countRows(books.app, table, OTHER)).toBeGreaterThan(0n);
    }
  });

  test('cannot insert a row for another tenant, in any table; its own it may', async () => {
    for (const table of tables) {
      const [row] = await query<{ json: string }>(
        books.owner,
        `select to_jsonb(${table})::text as json from ${table} where client_id = $1`,
        [OTHER],
      );
      const insert = (clientId: string) =>
        withTransaction(books.app, { clientId }, (connection) =>
          query(
            connection,
            `insert into ${table} overriding system value
             select * from jsonb_populate_record(null::${table}, $1)`,
            [row?.json],
          ),
        );
      await expect(insert(OWN), table).rejects.toMatchObject({ code: '42501' });
      // Nothing but the key that is taken stops the owner of the row, where the role may write.
      const isWritten = ![
        'database_logins',
        'runs',
        'report_revisions',
        'archive_entries',
        'deliveries',
        'periods',
        'restatements',
        'erasures',
      ].includes(table);
      // It has no key: what was deleted twice is noted twice.
      if (table === 'tombstones') {
        await insert(OTHER);
        continue;
      }
      await expect(insert(OTHER), table).rejects.toMatchObject({
        code: isWritten ? '23505' : '42501',
      });
    }
  });

  test('cannot change or delete a row of another tenant, in any table', async () => {
    for (const table of tables) {
      for (const change of [`update ${table} set client_id = client_id`, `delete from ${table}`]) {
        const attempt = withTransaction(books.app, { clientId: OWN }, async (connection) =>
          query(connection, `${change} where client_id = $1 returning client_id`, [OTHER]),
        );
        // Either the right is missing altogether, or no row is in reach.
        const rows = await attempt.catch((error: { code?: string }) => error.code);
        expect(['42501', '[]']).toContain(Array.isArray(rows) ? JSON.stringify(rows) : rows);
      }
      expect(await countRows(books.owner, table)).toBeGreaterThan(0n);
    }
  });

  test('cannot move a row of its own to another tenant', async () => {
    const move = withTransaction(books.app, { clientId: OTHER }, (connection) =>
      query(connection, 'update jobs set client_id = $1', [OWN]),
    );
    await expect(move).rejects.toMatchObject({ code: '42501' });
  });

  test('cannot update, delete or truncate usage events, not even its own', async () => {
    for (const change of [
      "update usage_events set model = 'x'",
      'delete from usage_events',
      'truncate usage_events',
    ]) {
      const attempt = withTransaction(books.app, { clientId: OTHER }, (connection) =>
        query(connection, change),
      );
      await expect(attempt).rejects.toMatchObject({ code: '42501' });
    }
  });

  test('sees the one token that was presented, and cannot change it so', async () => {
    const present = (tokenId: string, sql: string) =>
      withTransaction(books.app, {}, async (connection) => {
        await query(connection, `select set_config('daybook.token_id', $1, true)`, [tokenId]);
        return query(connection, sql);
      });
    expect(await present('t', 'select token_id from api_tokens')).toEqual([{ token_id: 't' }]);
    expect(await present('u', 'select token_id from api_tokens')).toEqual([]);
    expect(
      await present('t', 'update api_tokens set revoked_at = now() returning token_id'),
    ).toEqual([]);
  });
});

test('the pipeline role may empty words that are too old, and write none', async () => {
  const change = (sql: string) => query(books.pipeline, sql);
  await change('update sms_outbox set body = null');
  await change('update usage_events set metadata = null');
  for (const sql of [
    `update sms_outbox set body = 'x'`,
    `update usage_events set metadata = '{}'`,
    `update sms_messages set body = 'x', media = '[]'`,
    `update usage_events set raw_usage = null`,
    `update usage_events set user_id = 'x'`,
    `update tasks set status = 'ignored'`,
    'delete from usage_events',
    'delete from tasks',
    'delete from erasures',
  ]) {
    await expect(change(sql), sql).rejects.toMatchObject({ code: '42501' });
  }
});

test('the owner sees all of every table, though row security holds him', async () => {
  const held = await query<{ name: string }>(
    books.owner,
    `select relname as name from pg_class
     where relname = any ($1) and not exists (
       select from pg_policy where polrelid = pg_class.oid and polname = 'owner_keeps'
         and polroles = array[relowner] and polcmd = '*')`,
    [tables],
  );
  expect(held).toEqual([]);
});

test('the pipeline role reads every tenant and cannot touch what was booked', async () => {
  expect(await countRows(books.pipeline, 'usage_events')).toBe(1n);
  for (const table of ['clients', 'users', 'usage_events', 'api_tokens', 'recipients']) {
    const change = query(books.pipeline, `delete from ${table}`);
    await expect(change, table).rejects.toMatchObject({ code: '42501' });
    const update = query(books.pipeline, `update ${table} set client_id = client_id`);
    await expect(update, table).rejects.toMatchObject({ code: '42501' });
  }
});
