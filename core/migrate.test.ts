// Rules of the migrations: any number of migrators may start at once, each file is applied once, and
// a failure is told with its cause.
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { isMigrated, migrate } from './migrate.ts';
import { createPool, type Pool, query } from './postgres.ts';
import { APP_ROLE, deriveRoleUrl, PIPELINE_ROLE } from './roles.ts';
import { SQL_DIR } from './sql.ts';
import { silentLog } from './test-support.ts';

const FILES = readdirSync(join(SQL_DIR, 'postgres', 'migrations')).map((file) =>
  basename(file, '.sql'),
);
const log = silentLog();
const name = `test_${randomBytes(6).toString('hex')}`;

let server: Pool;
let owner: Pool;

beforeAll(async () => {
  server = createPool({ url: inject('postgresUrl'), applicationName: 'tests', log, max: 1 });
  await query(server, `create database ${name}`);
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${name}`;
  owner = createPool({ url: url.toString(), applicationName: 'tests', log, max: 4 });
});

afterAll(async () => {
  await owner.end();
  await query(server, `drop database ${name} with (force)`);
  await server.end();
});

function run(pool = owner): Promise<string[]> {
  const ownerUrl = inject('postgresUrl');
  const roleUrls = {
    [APP_ROLE]: deriveRoleUrl(ownerUrl, APP_ROLE),
    [PIPELINE_ROLE]: deriveRoleUrl(ownerUrl, PIPELINE_ROLE),
  };
  return migrate({ owner: pool, roleUrls, log });
}

test('three migrators at once apply every file exactly once, and later ones nothing', async () => {
  const applied = await Promise.all([run(), run(), run()]);
  expect(applied.flat().sort()).toEqual(FILES);
  expect(await run()).toEqual([]);
  expect(await isMigrated(owner, FILES)).toBe(true);
});

test('books that lack a migration of this version are not migrated', async () => {
  await run();
  expect(await isMigrated(owner, [...FILES, '999999_of-tomorrow'])).toBe(false);
});

test('a login that may not migrate is told so, and its lock is not left behind', async () => {
  await run();
  const url = new URL(deriveRoleUrl(inject('postgresUrl'), APP_ROLE));
  url.pathname = `/${name}`;
  const app = createPool({ url: url.toString(), applicationName: 'tests', log, max: 1 });
  await expect(run(app)).rejects.toMatchObject({
    code: 'ERR_SQL',
    message: expect.stringContaining('migration failed'),
  });
  // Other test files migrate databases of their own on the same server.
  const held = `select 1 from pg_locks where locktype = 'advisory' and database =
    (select oid from pg_database where datname = current_database())`;
  expect(await query(owner, held)).toEqual([]);
  await app.end();
});
