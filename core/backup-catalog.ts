// What a backup is made of: the tables of the books as the catalogue tells them, what identifies their
// content, and the manifest that a restore is held to.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { AppError } from './errors.ts';
import { type Connection, query } from './postgres.ts';
import { loadSql } from './sql.ts';

export const MANIFEST = 'manifest.json';
export const ARCHIVE_LIST = 'archive.csv';
const FORMAT = 1;

/** What two tables of the same content share, in whatever order their rows stand. */
export interface Content {
  rows: number;
  /** The sum of a digest of each row. */
  fingerprint: string;
}

export interface BackupTable {
  name: string;
  columns: string[];
}

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const name = z.string().regex(/^[a-z_][a-z0-9_]*$/);
const manifestSchema = z.object({
  format: z.literal(FORMAT),
  madeAt: z.iso.datetime(),
  postgres: z.string(),
  migrations: z.array(z.string()).min(1),
  tables: z.array(
    z.object({
      name,
      columns: z.array(name).min(1),
      rows: z.int().min(0),
      fingerprint: z.string(),
      sha256,
    }),
  ),
  sequences: z.array(
    z.object({ table: name, column: name, last: z.string().regex(/^\d+$/), isCalled: z.boolean() }),
  ),
  calls: z.array(z.object({ currency: z.string(), calls: z.string(), cost: z.string() })),
  archive: z.object({ files: z.int(), bytes: z.int(), sha256, missing: z.array(z.string()) }),
});

export type Manifest = z.infer<typeof manifestSchema>;

export function newManifest(parts: Omit<Manifest, 'format'>): Manifest {
  return { format: FORMAT, ...parts };
}

/** Reads the manifest of a backup, and every file against it. Throws ERR_BACKUP. */
export async function readManifest(folder: string): Promise<Manifest> {
  const text = await readFile(join(folder, MANIFEST), 'utf8').catch((cause: unknown) => {
    throw new AppError('ERR_BACKUP', `there is no whole backup in ${folder}`, {
      cause,
      fix: `a backup has ${MANIFEST}, which is written last; one that was cut off has none`,
    });
  });
  const parsed = manifestSchema.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new AppError(
      'ERR_BACKUP',
      `${join(folder, MANIFEST)} is not a manifest of this version`,
      {
        cause: parsed.error,
      },
    );
  }
  const manifest = parsed.data;
  const files = manifest.tables.map((table) => [tableFile(table.name), table.sha256] as const);
  for (const [file, expected] of [...files, [ARCHIVE_LIST, manifest.archive.sha256] as const])
    await assertFile(join(folder, file), expected);
  return manifest;
}

/** Where a table stands below the folder of a backup. */
export function tableFile(table: string): string {
  return join('tables', `${table}.csv.gz`);
}

/** Throws ERR_BACKUP for a file that is gone or is not the one that was written. */
export async function assertFile(path: string, expected: string): Promise<void> {
  const found = await hashFile(path).catch((cause: unknown) => {
    throw new AppError('ERR_BACKUP', `the file ${path} cannot be read`, { cause });
  });
  if (found === expected) return;
  throw new AppError('ERR_BACKUP', `the file ${path} was changed: its sha256 is another`, {
    fix: 'use another backup',
  });
}

export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/** What text a value is must not depend on the server's settings. */
export async function fixSettings(connection: Connection): Promise<void> {
  const settings = {
    timezone: 'UTC',
    datestyle: 'ISO, YMD',
    intervalstyle: 'postgres',
    bytea_output: 'hex',
    extra_float_digits: '1',
    statement_timeout: '0',
  };
  for (const [setting, value] of Object.entries(settings))
    await query(connection, 'select set_config($1, $2, true)', [setting, value]);
}

/** The tables to be held. Throws ERR_CONFIG for a login that does not see all of them. */
export async function listTables(connection: Connection): Promise<BackupTable[]> {
  const sql = loadSql('postgres/queries/select_backup_tables');
  const rows = await query<{ name: string; columns: string[]; is_seen: boolean }>(connection, sql);
  const hidden = rows.filter(({ is_seen }) => !is_seen).map((row) => row.name);
  if (hidden.length === 0) return rows.map(({ name, columns }) => ({ name, columns }));
  throw new AppError('ERR_CONFIG', `this login does not see all rows of: ${hidden.join(', ')}`, {
    fix: 'set DATABASE_URL to the owner of the books, then run: npm run daybook -- migrate',
  });
}

/** What identifies the content of a table; a scan of it. */
export async function readContent(
  connection: Connection,
  { name, columns }: BackupTable,
): Promise<Content> {
  const [row] = await query<{ rows: bigint; fingerprint: string }>(
    connection,
    `select count(*) as rows, coalesce(sum(
         ('x' || substr(md5(held::text), 1, 15))::bit(60)::bigint::numeric
       ), 0)::text as fingerprint
     from (select ${quoted(columns)} from ${quote(name)}) as held`,
  );
  return { rows: Number(row?.rows ?? 0), fingerprint: row?.fingerprint ?? '0' };
}

export async function sumCalls(connection: Connection): Promise<Manifest['calls']> {
  return query<Manifest['calls'][number]>(
    connection,
    loadSql('postgres/queries/sum_calls_by_currency'),
  );
}

/** Names of ours are plain; a quote in one is refused, never passed on. */
export function quote(identifier: string): string {
  return `"${name.parse(identifier)}"`;
}

export function quoted(identifiers: readonly string[]): string {
  return identifiers.map(quote).join(', ');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
