// Books with a row in every table, an archived report and somebody erased, backed up once; and empty
// databases to restore them into. For tests of backups.
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import { backUp } from '../core/backup.ts';
import { listTables, type Manifest } from '../core/backup-catalog.ts';
import { parsePeriod } from '../core/calendar.ts';
import { createPool, type Pool, query, withTransaction } from '../core/postgres.ts';
import { type Restored, restoreBackup } from '../core/restore.ts';
import { APP_ROLE, deriveRoleUrl, PIPELINE_ROLE } from '../core/roles.ts';
import {
  addTestClient,
  createTestBooks,
  makeTestFolder,
  silentLog,
  type TestBooks,
} from '../core/test-support.ts';
import { erasePerson } from '../ingest/store/erase.ts';
import { refreshWarehouse } from '../pipeline/refresh.ts';
import { withWarehouse } from '../pipeline/warehouse.ts';
import { publishReport } from '../reports/publish.ts';
import { bookCalls, MAIL } from './erased-person.ts';
import { CLIENT } from './sms-world.ts';
import { TENANT_ROWS } from './tenant-rows.ts';

const NOW = new Date('2025-04-02T05:00:00Z');
const ODD = 'quote " comma, line\nend \\. \\N tab\t é 漢 😀';

export interface Database {
  owner: Pool;
  url: string;
}

export interface BackupWorld {
  books: TestBooks;
  manifest: Manifest;
  /** For whatever a test leaves on disk. */
  path: string;
  archiveDir: string;
  /** The folder of the backup. */
  backup: string;
  /** An empty database of the test server. */
  createDatabase(): Promise<Database>;
  /** Restores the backup, or another one, beside an archive of its own. */
  restoreInto(database: Database, from?: string): Promise<Restored & { archiveDir: string }>;
  /** Where the next restore puts its archive. */
  nextArchiveDir(): string;
  backUpTo(folder: string, owner?: Pool): Promise<Manifest>;
  close(): Promise<void>;
}

const output = { write: () => true };

/** Opens the world; close it in `afterAll`. */
export async function openBackupWorld(): Promise<BackupWorld> {
  const folder = makeTestFolder();
  const [archiveDir, backup] = [join(folder.path, 'archive'), join(folder.path, 'backup')];
  const books = await createTestBooks();
  await fillBooks(books);
  await archiveReport(books, folder.path, archiveDir);
  const databases: { name: string; owner: Pool }[] = [];
  let restores = 0;
  const nextArchiveDir = () => join(folder.path, `restored-${restores + 1}`);
  const backUpTo = (to: string, owner = books.owner) =>
    backUp({ owner, archiveDir, folder: to, now: NOW, output });
  return {
    ...{ books, archiveDir, backup, nextArchiveDir, backUpTo, path: folder.path },
    manifest: await backUpTo(backup),
    createDatabase: async () => {
      const name = `test_${randomBytes(6).toString('hex')}`;
      await query(books.owner, `create database ${name}`);
      const url = new URL(inject('postgresUrl'));
      url.pathname = `/${name}`;
      const owner = openPool(url.toString());
      databases.push({ name, owner });
      return { owner, url: url.toString() };
    },
    restoreInto: async ({ owner, url }, from = backup) => {
      const into = nextArchiveDir();
      restores += 1;
      const where = { archiveDir: into, folder: from, roleUrls: roleUrlsOf(url) };
      const restored = await restoreBackup({ owner, ...where, log: silentLog(), output });
      return { ...restored, archiveDir: into };
    },
    close: async () => {
      for (const { name, owner } of databases) {
        await owner.end();
        await query(books.owner, `drop database ${name} with (force)`);
      }
      await books.close();
      folder.remove();
    },
  };
}

async function fillBooks(books: TestBooks): Promise<void> {
  await addTestClient(books.app);
  await addTestClient(books.app, { clientId: 'other', name: ODD });
  for (const [table, row] of Object.entries(TENANT_ROWS)) {
    // The archive holds real files only.
    if (table === 'archive_entries') continue;
    const fields = { client_id: 'other', ...row };
    const marks = Object.keys(fields).map((_, index) => `$${index + 1}`);
    await query(
      books.owner,
      `insert into ${table} (${Object.keys(fields)}) overriding system value values (${marks})`,
      Object.values(fields),
    );
  }
  await bookCalls(books);
  await query(
    books.owner,
    `update usage_events set metadata = $1, error_type = '', request_id = $2
     where event_id = 'call-1'`,
    [JSON.stringify({ odd: ODD }), ODD],
  );
  const request = { clientId: CLIENT, userId: MAIL, askedBy: 'a test', now: NOW };
  await erasePerson(books.owner, request);
}

async function archiveReport(books: TestBooks, path: string, archiveDir: string): Promise<void> {
  await withWarehouse(warehousePaths(path, 'old'), async (warehouse) => {
    await refreshWarehouse({ pool: books.pipeline, warehouse, log: silentLog() });
    const browser = () => Promise.reject(new Error('no PDF is asked for'));
    await publishReport(
      { pool: books.pipeline, warehouse, archiveDir, browser, now: () => NOW },
      {
        report: 'executive',
        clientId: CLIENT,
        runId: '00000000-0000-4000-8000-000000000001',
        formats: ['html', 'xlsx'],
        toPeriod: (weekStart) => parsePeriod('2025-03', weekStart),
      },
    );
  });
}

export function warehousePaths(path: string, name: string) {
  const folder = join(path, `warehouse-${name}`);
  return { warehouse: join(folder, 'w.duckdb'), staging: join(folder, 'staging') };
}

export function openPool(url: string): Pool {
  return createPool({ url, applicationName: 'tests', log: silentLog(), max: 2 });
}

export function roleUrlsOf(url: string) {
  return {
    [APP_ROLE]: deriveRoleUrl(url, APP_ROLE),
    [PIPELINE_ROLE]: deriveRoleUrl(url, PIPELINE_ROLE),
  };
}

/** Every table's rows as sorted text, transaction numbers apart. */
export async function readTables(owner: Pool): Promise<Record<string, string[]>> {
  const tables = await withTransaction(owner, {}, listTables);
  const found: Record<string, string[]> = {};
  for (const { name } of tables) {
    const rows = await query<{ held: string }>(
      owner,
      `select (to_jsonb(held) - 'xid')::text as held from ${name} as held order by 1`,
    );
    found[name] = rows.map(({ held }) => held);
  }
  return found;
}

/** The files below a folder, each with its sha256. */
export function listFiles(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name))
    .map((file) => {
      const hash = createHash('sha256').update(readFileSync(file)).digest('hex');
      return `${file.slice(path.length + 1)} ${hash}`;
    })
    .sort();
}
