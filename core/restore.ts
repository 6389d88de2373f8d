// Restores a backup into empty books: checks every file first, then loads all tables in one
// transaction and compares what it loaded with the manifest before it commits. Whatever fails, the
// books are as empty as before.
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { readTable } from './backup.ts';
import { assertNoOthers, copyArchive } from './backup-archive.ts';
import {
  ARCHIVE_LIST,
  fixSettings,
  listTables,
  type Manifest,
  quote,
  quoted,
  readContent,
  readManifest,
  sumCalls,
} from './backup-catalog.ts';
import { AppError } from './errors.ts';
import type { Log } from './log.ts';
import { migrate } from './migrate.ts';
import { type Connection, copyFromStreams, type Pool, query, withTransaction } from './postgres.ts';
import { type Output, startStep } from './progress.ts';
import type { ServingRole } from './roles.ts';
import { loadSql, SQL_DIR } from './sql.ts';

export interface RestoreOptions {
  /** The owner's, of a database that holds no books, or empty ones. */
  owner: Pool;
  roleUrls: Record<ServingRole, string>;
  archiveDir: string;
  /** Of the backup. */
  folder: string;
  log: Log;
  output: Output;
}

export interface Restored {
  manifest: Manifest;
  /** Logins whose roles belong to the old server; they are to be made anew. */
  lostLogins: string[];
}

/** The shared price list, which is filled by each migrate. */
const MAY_BE_FILLED = ['price_cards', 'price_rates'];
/** Any fixed number; one restore at a time. */
const RESTORE_LOCK = 7_316_205;

/** Throws ERR_BACKUP for a backup that is not whole, ERR_EXISTS for books that hold something. */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { owner, roleUrls, folder, archiveDir, log, output } = options;
  const checking = startStep(output, 'Check the backup');
  const manifest = await readManifest(folder);
  const list = join(folder, ARCHIVE_LIST);
  await assertNoOthers(archiveDir, list);
  checking.finish(`of ${manifest.madeAt.slice(0, 16).replace('T', ' ')} UTC`);
  await assertEmpty(owner, manifest);
  await migrate({ owner, roleUrls, log, fileCount: manifest.migrations.length });
  await restoreArchive(manifest, list, join(folder, 'archive'), archiveDir, output);
  const lostLogins = await withTransaction(owner, {}, async (connection) => {
    await fixSettings(connection);
    await query(connection, 'select pg_advisory_xact_lock($1)', [RESTORE_LOCK]);
    await loadTables(connection, manifest, folder, output);
    return findLostLogins(connection);
  });
  await migrate({ owner, roleUrls, log });
  await query(owner, 'analyze');
  return { manifest, lostLogins };
}

/** Only books of no row, at most as new as the backup, are restored into. */
async function assertEmpty(owner: Pool, { migrations }: Manifest): Promise<void> {
  const known = readdirSync(join(SQL_DIR, 'postgres', 'migrations'))
    .map((file) => basename(file, '.sql'))
    .sort();
  if (migrations.some((name, index) => known[index] !== name)) {
    throw new AppError('ERR_BACKUP', 'the backup was made by another version of Daybook', {
      fix: 'restore it with the version that made it, or a newer one',
    });
  }
  await withTransaction(owner, {}, async (connection) => {
    const tables = await query<{ name: string }>(
      connection,
      `select relname as name from pg_class
       where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
         and not relispartition`,
    );
    const names = tables.map(({ name }) => name).filter((name) => !MAY_BE_FILLED.includes(name));
    const isOurs = names.includes('schema_migrations');
    if (names.length > 0 && !isOurs) throw notEmpty(names[0] ?? '');
    if (!isOurs) return;
    const applied = await query(connection, 'select 1 from schema_migrations');
    if (applied.length > migrations.length) {
      throw new AppError('ERR_EXISTS', 'the database was migrated beyond the backup', {
        fix: 'name a new database in DATABASE_URL, or a new folder in DAYBOOK_HOME',
      });
    }
    for (const name of names.filter((table) => table !== 'schema_migrations')) {
      const rows = await query(connection, `select 1 from ${quote(name)} limit 1`);
      if (rows.length > 0) throw notEmpty(name);
    }
  });
}

function notEmpty(table: string): AppError {
  return new AppError('ERR_EXISTS', `the database is not empty: ${table} holds rows`, {
    fix: 'name a new database in DATABASE_URL, or a new folder in DAYBOOK_HOME',
  });
}

async function restoreArchive(
  { archive }: Manifest,
  list: string,
  from: string,
  to: string,
  output: Output,
): Promise<void> {
  const step = startStep(output, 'Archive', archive.files);
  const copied = await copyArchive({ list, from, to, onFile: step.advance });
  step.finish(`${copied.files} files`);
  const lost = copied.missing.filter((path) => !archive.missing.includes(path));
  if (lost.length === 0) return;
  throw new AppError('ERR_BACKUP', `the backup lacks ${lost.length} archived files`, {
    details: { first: lost[0] },
    fix: 'use another backup',
  });
}

/** Triggers would add rows of their own, and keys checked row by row take memory for each. */
async function loadTables(
  connection: Connection,
  manifest: Manifest,
  folder: string,
  output: Output,
): Promise<void> {
  const keys = await query<{ table_name: string; name: string; definition: string }>(
    connection,
    loadSql('postgres/queries/select_foreign_keys'),
  );
  const forced = await query<{ name: string }>(
    connection,
    `select relname as name from pg_class
     where relnamespace = 'public'::regnamespace and relforcerowsecurity`,
  );
  const alter = async (table: string, change: string) => {
    await query(connection, `alter table ${quote(table)} ${change}`);
  };
  const names = manifest.tables.map((table) => table.name);
  for (const key of keys) await alter(key.table_name, `drop constraint ${quote(key.name)}`);
  for (const { name } of forced) await alter(name, 'no force row level security');
  for (const name of names) await alter(name, 'disable trigger user');
  await query(connection, `truncate ${quoted(names)}`);
  await copyTables(connection, manifest, folder, output);
  await setSequences(connection, manifest);
  const step = startStep(output, 'Check what was restored', manifest.tables.length);
  for (const name of names) await alter(name, 'enable trigger user');
  for (const { name } of forced) await alter(name, 'force row level security');
  for (const key of keys)
    await alter(key.table_name, `add constraint ${quote(key.name)} ${key.definition}`);
  await assertRestored(connection, manifest, step.advance);
  step.finish('equal');
}

async function copyTables(
  connection: Connection,
  { tables }: Manifest,
  folder: string,
  output: Output,
): Promise<void> {
  const rowCount = tables.reduce((sum, { rows }) => sum + rows, 0);
  const step = startStep(output, 'Load the books', rowCount);
  let done = 0;
  for (const { name, columns } of tables) {
    const sql = `copy ${quote(name)} (${quoted(columns)}) from stdin (format csv, header match)`;
    done += await copyFromStreams(connection, sql, [readTable(folder, name), createGunzip()]);
    step.advance(done);
  }
  step.finish(`${done} rows`);
}

async function setSequences(connection: Connection, { sequences }: Manifest): Promise<void> {
  for (const { table, column, last, isCalled } of sequences) {
    await query(connection, 'select setval(pg_get_serial_sequence($1, $2), $3::bigint, $4)', [
      quote(table),
      column,
      last,
      isCalled,
    ]);
  }
}

/** Every table row for row, and the sums that people know. Throws ERR_BACKUP. */
async function assertRestored(
  connection: Connection,
  manifest: Manifest,
  onTable: (done: number) => void,
): Promise<void> {
  const found = await listTables(connection);
  const different = (what: string) =>
    new AppError('ERR_BACKUP', `what was restored differs from the backup: ${what}`, {
      fix: 'nothing was kept of it; report it, and use another backup meanwhile',
    });
  if (found.length !== manifest.tables.length) throw different('its tables');
  for (const [index, table] of manifest.tables.entries()) {
    const { rows, fingerprint } = await readContent(connection, table);
    if (rows !== table.rows || fingerprint !== table.fingerprint) throw different(table.name);
    onTable(index + 1);
  }
  const calls = await sumCalls(connection);
  if (JSON.stringify(calls) !== JSON.stringify(manifest.calls)) throw different('its sums');
}

async function findLostLogins(connection: Connection): Promise<string[]> {
  const rows = await query<{ role_name: string; client_id: string; label: string }>(
    connection,
    `select role_name, client_id, label from database_logins
     where not exists (select from pg_roles where rolname = role_name)
     order by client_id, label, role_name`,
  );
  return rows.map(({ role_name, client_id, label }) => `${role_name} (${client_id}, ${label})`);
}
