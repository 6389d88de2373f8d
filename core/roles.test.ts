// Rules of the serving roles: a pool that tenants share never mixes them, and a login that row
// security would not hold is refused.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Connection, createPool, query, withTransaction } from './postgres.ts';
import { APP_ROLE, assertServingRole, deriveRoleUrl, ensureRoles, PIPELINE_ROLE } from './roles.ts';
import { addTestClient, createTestBooks, silentLog, type TestBooks } from './test-support.ts';

const OWN = 'acme';
const OTHER = 'other';

let books: TestBooks;

beforeAll(async () => {
  books = await createTestBooks();
  await addTestClient(books.app, { clientId: OWN });
  await addTestClient(books.app, { clientId: OTHER });
});

afterAll(() => books.close());

describe('a pool that tenants share', () => {
  const url = () => deriveRoleUrl(books.ownerUrl, APP_ROLE);
  const open = () => createPool({ url: url(), applicationName: 'tests', log: silentLog(), max: 2 });
  const seen = `select coalesce(string_agg(client_id, ','), '') as clients from clients`;

  test('never shows one tenant to another, nor any to nobody, in any interleaving', async () => {
    const pool = open();
    const tenants = Array.from({ length: 120 }, (_, index) => [OWN, OTHER, undefined][index % 3]);
    const results = await Promise.all(
      tenants.map((clientId, index) =>
        withTransaction(pool, clientId === undefined ? {} : { clientId }, async (connection) => {
          const [row] = await query<{ clients: string }>(connection, seen);
          // Some end by an error, which must not leave the tenant behind either.
          if (index % 7 === 0)
            throw Object.assign(new Error('work failed'), { seen: row?.clients });
          return row?.clients;
        }).catch((error: { seen?: string }) => error.seen),
      ),
    );
    expect(results).toEqual(tenants.map((clientId) => clientId ?? ''));
    await pool.end();
  });

  test('would leak if the tenant were a setting of the session (control)', async () => {
    const pool = open();
    await query(pool, `select set_config('daybook.client_id', $1, false)`, [OTHER]);
    const [row] = await query<{ clients: string }>(pool, seen);
    expect(row?.clients).toBe(OTHER);
    await pool.end();
  });
});

describe('serving', () => {
  test('is refused to a superuser and allowed to both serving roles', async () => {
    await expect(assertServingRole(books.owner)).rejects.toMatchObject({ code: 'ERR_CONFIG' });
    await assertServingRole(books.app);
    await assertServingRole(books.pipeline);
  });

  test('is refused to a login with BYPASSRLS, also where it has taken a weaker role', async () => {
    const role = `test_${randomBytes(6).toString('hex')}`;
    await query(
      books.owner,
      `create role ${role} login bypassrls password 'x' in role ${APP_ROLE}`,
    );
    const url = new URL(books.ownerUrl);
    url.username = role;
    url.password = 'x';
    url.searchParams.set('options', `-c role=${APP_ROLE}`);
    const pool = createPool({
      url: url.toString(),
      applicationName: 'tests',
      log: silentLog(),
      max: 1,
    });
    expect(await query(pool, 'select current_user as name')).toEqual([{ name: APP_ROLE }]);
    await expect(assertServingRole(pool)).rejects.toMatchObject({ code: 'ERR_CONFIG' });
    await pool.end();
    await query(books.owner, `drop role ${role}`);
  });
});

test('a role URL has its own login and a password that does not show the owner’s', () => {
  const url = new URL(
    deriveRoleUrl('postgres://owner:s%40cret@db:5432/books?sslmode=require', APP_ROLE),
  );
  expect([url.username, url.host, url.pathname, url.search]).toEqual([
    APP_ROLE,
    'db:5432',
    '/books',
    '?sslmode=require',
  ]);
  expect(url.password).toMatch(/^[0-9a-f]{64}$/);
  expect(new URL(deriveRoleUrl('postgres://owner@db/books', APP_ROLE)).password).toBe('');
});

test('migrators of several databases may set up the roles at once', async () => {
  const url = inject('postgresUrl');
  const roleUrls = {
    [APP_ROLE]: deriveRoleUrl(url, APP_ROLE),
    [PIPELINE_ROLE]: deriveRoleUrl(url, PIPELINE_ROLE),
  };
  const pool = createPool({ url, applicationName: 'tests', log: silentLog(), max: 6 });
  const connections = await Promise.all(Array.from({ length: 6 }, () => pool.connect()));
  const crowd = (work: (connection: Connection) => Promise<unknown>) =>
    Promise.all(
      connections.map(async (connection) => {
        for (let round = 0; round < 10; round += 1) await work(connection);
      }),
    );
  await crowd((connection) => ensureRoles(connection, roleUrls));
  // Control: a statement without another try.
  const bare = `alter role ${APP_ROLE} login`;
  await expect(crowd((connection) => query(connection, bare))).rejects.toThrow(/concurrently/);
  for (const connection of connections) connection.release(true);
  await pool.end();
});
