// Backs the books up as files: every table as CSV out of one snapshot, the archive file by file, and
// a manifest last. Streams all of it; needs no program of Postgres', so it works with the embedded one.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { createGzip } from 'node:zlib';
import { type CopiedArchive, copyArchive } from './backup-archive.ts';
import {
  ARCHIVE_LIST,
  fixSettings,
  listTables,
  MANIFEST,
  type Manifest,
  newManifest,
  quote,
  quoted,
  readContent,
  sumCalls,
  tableFile,
} from './backup-catalog.ts';
import { AppError } from './errors.ts';
import { type Connection, copyToStreams, type Pool, query, withTransaction } from './postgres.ts';
import { type Output, startStep } from './progress.ts';
import { loadSql } from './sql.ts';

export interface BackupOptions {
  /** The owner's: it must see every row. */
  owner: Pool;
  archiveDir: string;
  /** Made by this; must not hold anything yet. */
  folder: string;
  now: Date;
  output: Output;
  /** Throws where the disk is too full to go on. */
  requireSpace?: () => void;
}

/** Writes a backup. Archived files that are gone or were changed stand in `archive.missing`. */
export async function backUp(options: BackupOptions): Promise<Manifest> {
  const { owner, folder, archiveDir, output, requireSpace } = options;
  requireSpace?.();
  await makeEmptyFolder(folder);
  await mkdir(join(folder, 'tables'), { mode: 0o700 });
  const books = await withTransaction(
    owner,
    { isolation: 'repeatable read' },
    async (connection) => {
      await query(connection, 'set transaction read only');
      await fixSettings(connection);
      return copyBooks(connection, options);
    },
  );
  const step = startStep(output, 'Archive', books.archiveFiles);
  const list = join(folder, ARCHIVE_LIST);
  const copied: CopiedArchive = await copyArchive({
    list,
    from: archiveDir,
    to: join(folder, 'archive'),
    onFile: (done) => {
      requireSpace?.();
      step.advance(done);
    },
  });
  step.finish(`${copied.files} files`);
  const { archiveFiles: _archiveFiles, archiveSha256, ...rest } = books;
  const manifest = newManifest({
    madeAt: options.now.toISOString(),
    ...rest,
    archive: { ...copied, sha256: archiveSha256 },
  });
  await writeManifest(folder, manifest);
  return manifest;
}

type Books = Omit<Manifest, 'format' | 'madeAt' | 'archive'> & {
  archiveFiles: number;
  archiveSha256: string;
};

async function copyBooks(connection: Connection, options: BackupOptions): Promise<Books> {
  const { folder, output, requireSpace } = options;
  const migrations = await query<{ name: string }>(
    connection,
    'select name from schema_migrations order by id',
  );
  const [server] = await query<{ version: string }>(
    connection,
    `select current_setting('server_version') as version`,
  );
  const found = [];
  const reading = startStep(output, 'Read the books');
  for (const table of await listTables(connection))
    found.push({ ...table, ...(await readContent(connection, table)) });
  const rowCount = found.reduce((sum, { rows }) => sum + rows, 0);
  reading.finish(`${rowCount} rows in ${found.length} tables`);
  const step = startStep(output, 'Copy the books', rowCount);
  const tables = [];
  let done = 0;
  for (const table of found) {
    requireSpace?.();
    const select = `select ${quoted(table.columns)} from ${quote(table.name)}`;
    const onLines = (lines: number) => step.advance(Math.min(rowCount, done + lines));
    const path = join(folder, tableFile(table.name));
    tables.push({ ...table, sha256: await writeTable(connection, select, path, onLines) });
    done += table.rows;
  }
  step.finish(`${rowCount} rows`);
  const list = join(folder, ARCHIVE_LIST);
  const listed = await writeList(connection, list);
  return {
    postgres: server?.version ?? '',
    migrations: migrations.map((row) => row.name),
    tables,
    sequences: await readSequences(connection),
    calls: await sumCalls(connection),
    archiveFiles: listed.files,
    archiveSha256: listed.sha256,
  };
}

/** Returns the sha256 of the file. */
async function writeTable(
  connection: Connection,
  select: string,
  path: string,
  onLines: (lines: number) => void,
): Promise<string> {
  const hash = createHash('sha256');
  const file = createWriteStream(path, { mode: 0o600, flags: 'wx', flush: true });
  // The fastest level: the books shrink to a quarter, and a better one costs more time than disk.
  const through = [
    countLines(onLines),
    createGzip({ level: 1 }),
    passTo((bytes) => hash.update(bytes)),
  ];
  await copyToStreams(connection, select, [...through, file]);
  return hash.digest('hex');
}

async function writeList(connection: Connection, path: string) {
  const hash = createHash('sha256');
  const file = createWriteStream(path, { mode: 0o600, flags: 'wx', flush: true });
  const sql = loadSql('postgres/queries/copy_archive_entries');
  const files = await copyToStreams(connection, sql, [passTo((bytes) => hash.update(bytes)), file]);
  return { files, sha256: hash.digest('hex') };
}

async function readSequences(connection: Connection): Promise<Manifest['sequences']> {
  const identities = await query<{ table_name: string; column_name: string; sequence: string }>(
    connection,
    loadSql('postgres/queries/select_identities'),
  );
  const sequences: Manifest['sequences'] = [];
  for (const { table_name: table, column_name: column, sequence } of identities) {
    const [state] = await query<{ last_value: bigint; is_called: boolean }>(
      connection,
      `select last_value, is_called from ${sequence}`,
    );
    sequences.push({
      table,
      column,
      last: String(state?.last_value ?? 1n),
      isCalled: state?.is_called ?? false,
    });
  }
  return sequences;
}

async function makeEmptyFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if ((await readdir(folder)).length === 0) return;
  throw new AppError('ERR_USAGE', `${folder} is not empty`, {
    fix: 'name a folder that is not there yet; each backup has one of its own',
  });
}

async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const path = join(folder, MANIFEST);
  const file = await open(`${path}.new`, 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(manifest, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  const parent = await open(folder, 'r');
  await parent.sync();
  await parent.close();
}

function passTo(tell: (bytes: Buffer) => void): Transform {
  return new Transform({
    transform(bytes, _encoding, done) {
      tell(bytes);
      done(null, bytes);
    },
  });
}

const LINE_END = 0x0a;

/** Line ends, which are as many as rows but where a text has some of its own: near enough for a bar. */
function countLines(onLines: (lines: number) => void): Transform {
  let lines = -1;
  return passTo((bytes) => {
    for (const byte of bytes) if (byte === LINE_END) lines += 1;
    onLines(Math.max(0, lines));
  });
}

/** The bytes of a table as they are restored. */
export function readTable(folder: string, table: string) {
  return createReadStream(join(folder, tableFile(table)), { highWaterMark: 1 << 20 });
}
