// A backup restored into empty books is the same books: every table row for row, the archive byte for
// byte, the rules of the database, and the figures of the warehouse.
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { migrate } from '../core/migrate.ts';
import { type Pool, query } from '../core/postgres.ts';
import { restoreBackup } from '../core/restore.ts';
import { APP_ROLE, deriveRoleUrl, PIPELINE_ROLE } from '../core/roles.ts';
import { silentLog, type TestBooks } from '../core/test-support.ts';
import { refreshWarehouse } from '../pipeline/refresh.ts';
import { withWarehouse } from '../pipeline/warehouse.ts';
import { checkArchive } from '../reports/archive.ts';
import {
  type BackupWorld,
  listFiles,
  openBackupWorld,
  openPool,
  readTables,
  roleUrlsOf,
  warehousePaths,
} from './backup-world.ts';
import { MAIL, NAME } from './erased-person.ts';
import { PROJECT_DIR, runDaybook } from './support.ts';

vi.setConfig({ testTimeout: 60_000 });

const output = { write: () => true };
let world: BackupWorld;
let books: TestBooks;

beforeAll(async () => {
  world = await openBackupWorld();
  books = world.books;
}, 120_000);
afterAll(() => world.close());

/** What guards the rows: keys, checks, triggers, row security, policies, grants. */
const readRules = (owner: Pool) =>
  query(
    owner,
    `select conrelid::regclass::text as of, conname::text as name,
       pg_get_constraintdef(oid) || convalidated as rule
     from pg_constraint where connamespace = 'public'::regnamespace
     union all select tgrelid::regclass::text, tgname::text, tgenabled::text
     from pg_trigger where not tgisinternal
     union all select oid::regclass::text, 'row security',
       relrowsecurity || ' ' || relforcerowsecurity
     from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
     union all select polrelid::regclass::text, polname::text, polcmd::text from pg_policy
     union all select indrelid::regclass::text, indexrelid::regclass::text, indisvalid::text
     from pg_index where indrelid::regclass::text !~ '^pg_'
     order by 1, 2, 3`,
  );

async function readFigures(pool: Pool, name: string) {
  return withWarehouse(warehousePaths(world.path, name), async (warehouse) => {
    await refreshWarehouse({ pool, warehouse, log: silentLog() });
    const tables = await warehouse.rows<{ name: string }>(
      `select table_name as name from duckdb_tables() where schema_name = 'rollups' order by 1`,
    );
    const figures: Record<string, string[]> = {};
    for (const table of tables) {
      const rows = await warehouse.rows(`select * from rollups.${table.name}`);
      figures[table.name] = rows.map((row) => JSON.stringify(row)).sort();
    }
    return figures;
  });
}

describe('a backup that is restored', () => {
  test('is the same books: rows, rules, sequences, archive and figures', async () => {
    const { owner, url } = await world.createDatabase();
    const { lostLogins, archiveDir } = await world.restoreInto({ owner, url });
    expect(lostLogins).toEqual(['nobody (other, l)']);
    const before = await readTables(books.owner);
    expect(Object.values(before).every((rows) => rows.length > 0)).toBe(false);
    expect(before.usage_events).toHaveLength(25);
    expect(await readTables(owner)).toEqual(before);
    expect(await readRules(owner)).toEqual(await readRules(books.owner));

    expect(await checkArchive(owner, archiveDir)).toEqual({ fileCount: 2, damaged: [] });
    expect(listFiles(archiveDir)).toEqual(listFiles(world.archiveDir));

    const add = (pool: Pool) =>
      query(
        pool,
        `insert into recipients (client_id, email) values ('acme', 'new@acme.example')
         returning recipient_id`,
      );
    expect(await add(owner)).toEqual(await add(books.owner));

    const pipeline = openPool(deriveRoleUrl(url, PIPELINE_ROLE));
    expect(await readFigures(pipeline, 'new')).toEqual(await readFigures(books.pipeline, 'old'));
    await pipeline.end();
  });

  test('bears transaction numbers that the new server has reached', async () => {
    const { owner, url } = await world.createDatabase();
    await query(books.owner, `update usage_events set xid = '999999999999'`);
    const ahead = join(world.path, 'ahead');
    await world.backUpTo(ahead);
    await world.restoreInto({ owner, url }, ahead);
    const numbers = await query(
      owner,
      `select count(*)::int as ahead from usage_events
       where xid >= pg_snapshot_xmax(pg_current_snapshot())`,
    );
    expect(numbers).toEqual([{ ahead: 0 }]);
  });

  test('was made by an owner whom row security holds, and restored by him', async () => {
    const role = `plain_${randomBytes(4).toString('hex')}`;
    await query(books.owner, `create role ${role} login password 'p' createrole`);
    const dbs = [await world.createDatabase(), await world.createDatabase()];
    const plain = [];
    for (const { url, owner } of dbs) {
      await query(owner, `alter database ${new URL(url).pathname.slice(1)} owner to ${role}`);
      const own = new URL(url);
      own.username = role;
      own.password = 'p';
      plain.push({ url: own.toString(), owner: openPool(own.toString()) });
    }
    // Their passwords are the administrator's.
    const roleUrls = { [APP_ROLE]: 'postgres://x@h/d', [PIPELINE_ROLE]: 'postgres://y@h/d' };
    const [from, to] = plain as [(typeof plain)[0], (typeof plain)[0]];
    await migrate({ owner: from.owner, roleUrls, log: silentLog() });
    await query(
      from.owner,
      `insert into clients (client_id, name, time_zone, currency, locale)
       values ('held', 'Held', 'UTC', 'EUR', 'de-AT')`,
    );
    const path = join(world.path, 'plain');
    const made = await world.backUpTo(path, from.owner);
    expect(made.tables.find(({ name }) => name === 'clients')?.rows).toBe(1);
    const into = join(world.path, 'plain-archive');
    const options = { archiveDir: into, folder: path, log: silentLog() };
    await restoreBackup({ ...options, output, owner: to.owner, roleUrls });
    expect(await readTables(to.owner)).toEqual(await readTables(from.owner));
    // Control: an owner without his policy is told so, and makes no backup of nothing.
    await query(from.owner, 'drop policy owner_keeps on clients');
    const blind = world.backUpTo(join(world.path, 'blind'), from.owner);
    await expect(blind).rejects.toMatchObject({ code: 'ERR_CONFIG' });
    for (const { owner } of plain) await owner.end();
    for (const { owner } of dbs) await query(owner, `drop owned by ${role} cascade`);
    for (const { url } of dbs)
      await query(
        books.owner,
        `alter database ${new URL(url).pathname.slice(1)} owner to current_user`,
      );
    await query(books.owner, `drop role ${role}`);
  });

  test('of an older version is brought to the newest', async () => {
    const [old, fresh] = [await world.createDatabase(), await world.createDatabase()];
    const options = { roleUrls: roleUrlsOf(old.url), log: silentLog(), fileCount: 9 };
    expect(await migrate({ owner: old.owner, ...options })).toHaveLength(9);
    await query(
      old.owner,
      `insert into clients (client_id, name, time_zone, currency, locale)
       values ('old', 'Old', 'UTC', 'EUR', 'de-AT')`,
    );
    const path = join(world.path, 'older');
    await world.backUpTo(path, old.owner);
    await world.restoreInto(fresh, path);
    const all = readdirSync(join(PROJECT_DIR, 'sql/postgres/migrations'));
    expect(await query(fresh.owner, 'select 1 from schema_migrations')).toHaveLength(all.length);
    expect(await query(fresh.owner, 'select name from clients')).toEqual([{ name: 'Old' }]);
    const [zone] = await query(fresh.owner, 'select client_id from client_zones');
    expect(zone).toEqual({ client_id: 'old' });
  });
});

test('a backup holds nothing of whoever was erased', () => {
  const files = readdirSync(world.backup, { recursive: true, encoding: 'utf8' });
  let tables = 0;
  for (const file of files.filter((path) => /\.(gz|csv|json|html)$/.test(path))) {
    const bytes = readFileSync(join(world.backup, file));
    const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
    tables += file.endsWith('.gz') ? 1 : 0;
    for (const canary of [MAIL, NAME, 'talk-with-ana', '303 555-0001'])
      expect([file, canary, text.includes(canary)]).toEqual([file, canary, false]);
  }
  expect(tables).toBe(world.manifest.tables.length);
});

test('the commands back the embedded server up and restore it into a new home', async () => {
  const [from, to] = ['home', 'new-home'].map((name) => join(world.path, name)) as [string, string];
  const at = (home: string, ...args: string[]) => runDaybook(args, { DAYBOOK_HOME: home });
  await at(from, 'clients', 'add', 'tiny', '--zone', 'Asia/Kolkata', '--currency', 'INR');
  const path = join(world.path, 'by-command');
  const made = await at(from, 'backup', path);
  expect(made.stdout).toMatch(/^Backed up \d+ rows of \d+ tables and 0 archived files to /);
  const restored = await at(to, 'restore', path);
  expect(restored.stdout).toMatch(/equals the backup row for row/);
  expect((await at(to, 'clients', 'list')).stdout).toMatch(/tiny .*Asia\/Kolkata/);
  const again = await at(to, 'restore', path);
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('not empty')]);
  // As root the server's data lies elsewhere, behind a link.
  for (const home of [from, to])
    rmSync(realpathSync(join(home, 'postgres')), { recursive: true, force: true });
}, 180_000);
