// Rules of logins: a random name and password, of which Postgres keeps a verifier; a connection URL
// that works; a removal that ends open sessions and touches no other role.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLogin, listLogins, loginUrl, removeLogin } from './logins.ts';
import { migrate } from './migrate.ts';
import { createPool, query } from './postgres.ts';
import {
  ANALYST_GROUP,
  APP_ROLE,
  APPLICATION_GROUP,
  deriveRoleUrl,
  PIPELINE_ROLE,
} from './roles.ts';
import { addTestClient, createTestBooks, silentLog, type TestBooks } from './test-support.ts';

let books: TestBooks;
const made: string[] = [];

beforeAll(async () => {
  books = await createTestBooks();
  await addTestClient(books.app);
});

afterAll(async () => {
  await query(books.owner, 'delete from database_logins');
  for (const role of made) await query(books.owner, `drop role if exists ${role}`);
  await books.close();
});

async function create(label = 'test') {
  const login = { clientId: 'acme', userId: null, kind: 'service', label } as const;
  const created = await createLogin(books.owner, login);
  made.push(created.role);
  return created;
}

const open = (role: string, password: string) =>
  createPool({
    url: loginUrl(books.ownerUrl, role, password),
    applicationName: 'tests',
    log: silentLog(),
    max: 1,
  });

test('a login says nothing of its client, and works with its password alone', async () => {
  const { role, password } = await create();
  expect(role).toMatch(/^daybook_login_[0-9a-f]{16}$/);
  expect(password).toMatch(/^[A-Za-z0-9_-]{32}$/);
  const pool = open(role, password);
  expect(await query(pool, 'select client_id from clients')).toEqual([{ client_id: 'acme' }]);
  await pool.end();
  const wrong = open(role, `${password}x`);
  await expect(query(wrong, 'select 1')).rejects.toMatchObject({ code: '28P01' });
  await wrong.end();
});

test('Postgres is given a verifier, never the password', async () => {
  const { role, password } = await create();
  const [row] = await query<{ kept: string }>(
    books.owner,
    'select rolpassword as kept from pg_authid where rolname = $1',
    [role],
  );
  expect(row?.kept).toMatch(/^SCRAM-SHA-256\$4096:/);
  expect(row?.kept).not.toContain(password);
});

test('a label is a text, whatever is in it', async () => {
  const label = `'; drop role ${APP_ROLE}; --`;
  const { role } = await create(label);
  const logins = await listLogins(books.pipeline);
  expect(logins.find((login) => login.role === role)).toMatchObject({
    clientId: 'acme',
    kind: 'service',
    userId: null,
    label,
  });
});

test('a removed login is gone with its open sessions and their temporary tables', async () => {
  const { role, password } = await create();
  const pool = open(role, password);
  await query(pool, 'create temp table mine as select client_id from clients');
  await removeLogin(books.owner, role);
  await expect(query(pool, 'select * from mine')).rejects.toThrow();
  await pool.end();
  const again = open(role, password);
  await expect(query(again, 'select 1')).rejects.toMatchObject({ code: '28P01' });
  await again.end();
  expect((await listLogins(books.owner)).map((login) => login.role)).not.toContain(role);
  await expect(removeLogin(books.owner, role)).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' });
});

test('a role that is no login of the books is never removed', async () => {
  for (const role of [APP_ROLE, 'postgres', "x'; drop table clients; --"]) {
    await expect(removeLogin(books.owner, role)).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' });
  }
  expect(await query(books.app, 'select current_user as name')).toEqual([{ name: APP_ROLE }]);
});

test('an owner that is no superuser makes and removes logins that work', async () => {
  const owner = `test_${randomBytes(6).toString('hex')}`;
  const groups = `${ANALYST_GROUP}, ${APPLICATION_GROUP}`;
  await query(books.owner, `create role ${owner} login createrole password 'x'`);
  await query(books.owner, `create database ${owner} owner ${owner}`);
  await query(books.owner, `grant ${groups} to ${owner} with admin option`);
  const url = new URL(loginUrl(books.ownerUrl, owner, 'x'));
  url.pathname = `/${owner}`;
  const open = (address: string) =>
    createPool({ url: address, applicationName: 'tests', log: silentLog(), max: 2 });
  const pool = open(url.toString());
  // Roles are there already, and their passwords are another's to set.
  const roleUrls = {
    [APP_ROLE]: 'postgres://nobody@localhost/x',
    [PIPELINE_ROLE]: 'postgres://nobody@localhost/x',
  };
  await migrate({ owner: pool, roleUrls, log: silentLog() });
  const appUrl = new URL(url);
  appUrl.username = APP_ROLE;
  appUrl.password = passwordOf(APP_ROLE);
  const app = open(appUrl.toString());
  await addTestClient(app, { clientId: 'own' });
  const login = { clientId: 'own', userId: null, kind: 'analyst', label: 'x' } as const;
  const { role, password } = await createLogin(pool, login);
  const analyst = open(loginUrl(url.toString(), role, password));
  expect(await query(analyst, 'select client_id from clients')).toEqual([{ client_id: 'own' }]);
  await analyst.end();
  await removeLogin(pool, role);
  expect(await listLogins(pool)).toEqual([]);
  await Promise.all([pool.end(), app.end()]);
  await query(books.owner, `drop database ${owner} with (force)`);
  await query(books.owner, `drop owned by ${owner}`);
  await query(books.owner, `drop role ${owner}`);
});

/** As {@link createTestBooks} logs in: derived from the owner's. */
function passwordOf(role: typeof APP_ROLE): string {
  return new URL(deriveRoleUrl(books.ownerUrl, role)).password;
}
