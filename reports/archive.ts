// Keeps what was made, for good: frozen contents numbered by revision, and the exact bytes of each
// format with their sha256. Nothing here is ever overwritten.
import { createHash, randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Period } from '../core/calendar.ts';
import { AppError } from '../core/errors.ts';
import { type Pool, query, withTransaction } from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';
import { holdRun } from '../pipeline/runs.ts';
import type { Composed, Format } from './catalog.ts';
import type { Report, ReportContent } from './content.ts';

/** A revision of a report's period, with everything that renders it again. */
export interface Revision extends Report {
  revisionId: string;
  /** True when this content was not the newest revision before. */
  isNew: boolean;
}

export interface ArchiveEntry {
  format: Format;
  /** Relative to the archive folder. */
  path: string;
  byteCount: number;
  sha256: string;
}

interface RevisionRow extends Record<string, unknown> {
  revision_id: string;
  revision: number;
  content_hash: string;
  content: string;
  run_id: string;
  as_of: Date;
  created_at: Date;
}

/** The identity of a content: run, instants and revision are not part of it. */
export function hashContent(content: ReportContent): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

/**
 * Freezes a content: as the newest revision if that says the same, else as the next one. With the
 * fence of its run, a holder that was away freezes nothing: what it composed is old. Throws
 * ERR_RUN_LOST then.
 */
export function freezeRevision(
  pool: Pool,
  { content, asOf }: Composed,
  runId: string,
  now: Date,
  fence?: bigint,
): Promise<Revision> {
  const { client, period, report } = content;
  const key = [client.id, report, period.kind, period.start];
  return withTransaction(pool, { clientId: client.id }, async (connection) => {
    await query(connection, loadSql('postgres/queries/lock_report_period'), key);
    if (fence !== undefined) await holdRun(connection, { runId, fence });
    const [latest] = await query<RevisionRow>(
      connection,
      loadSql('postgres/queries/select_latest_revision'),
      key,
    );
    const hash = hashContent(content);
    if (latest?.content_hash === hash) return toRevision(latest, false);
    const [inserted] = await query<RevisionRow>(
      connection,
      loadSql('postgres/queries/insert_revision'),
      [
        client.id,
        randomUUID(),
        report,
        period.kind,
        period.start,
        period.key,
        (latest?.revision ?? 0) + 1,
        hash,
        JSON.stringify(content),
        runId,
        asOf,
        now,
      ],
    );
    return toRevision(inserted as RevisionRow, true);
  });
}

/** The newest revision of a period, as if run `runId` had just frozen it; undefined before any. */
export async function findRevision(
  pool: Pool,
  { clientId, report, runId }: { clientId: string; report: string; runId: string },
  { kind, start }: Period,
): Promise<Revision | undefined> {
  const sql = loadSql('postgres/queries/select_latest_revision');
  const [row] = await query<RevisionRow>(pool, sql, [clientId, report, kind, start]);
  return row === undefined ? undefined : toRevision(row, row.run_id === runId);
}

/** What is archived of a revision. */
export async function listArchive(
  pool: Pool,
  clientId: string,
  revisionId: string,
): Promise<ArchiveEntry[]> {
  const rows = await query<EntryRow>(pool, loadSql('postgres/queries/select_archive_entries'), [
    clientId,
    revisionId,
  ]);
  return rows.map(toEntry);
}

/** Reads every archived file; `damaged` says of each that is gone or was changed. */
export async function checkArchive(
  pool: Pool,
  archiveDir: string,
): Promise<{ fileCount: number; damaged: string[] }> {
  const rows = await query<EntryRow>(pool, loadSql('postgres/queries/select_all_archive_entries'));
  const damaged: string[] = [];
  for (const row of rows) {
    await readArchived(archiveDir, toEntry(row)).catch((error: Error) =>
      damaged.push(error.message),
    );
  }
  return { fileCount: rows.length, damaged };
}

interface EntryRow extends Record<string, unknown> {
  format: Format;
  path: string;
  byte_count: bigint;
  sha256: string;
}

function toEntry({ format, path, byte_count, sha256 }: EntryRow): ArchiveEntry {
  return { format, path, byteCount: Number(byte_count), sha256 };
}

/** Writes the bytes of a format, once: file first, then its row. */
export async function archiveBytes(
  pool: Pool,
  archiveDir: string,
  revision: Revision,
  format: Format,
  bytes: Buffer,
): Promise<void> {
  const path = archivePath(revision, format);
  const kept = await writeOnce(join(archiveDir, path), bytes);
  await query(pool, loadSql('postgres/queries/insert_archive_entry'), [
    revision.content.client.id,
    revision.revisionId,
    format,
    path,
    kept.length,
    sha256(kept),
  ]);
}

/** Reads an archived file back. Throws ERR_ARCHIVE when its bytes are not the ones archived. */
export async function readArchived(archiveDir: string, entry: ArchiveEntry): Promise<Buffer> {
  const path = join(archiveDir, entry.path);
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new AppError('ERR_ARCHIVE', `the archived file ${path} is gone`, {
      cause,
      fix: 'restore the archive folder from a backup',
    });
  });
  if (sha256(bytes) === entry.sha256) return bytes;
  throw new AppError(
    'ERR_ARCHIVE',
    `the archived file ${path} was changed: its sha256 is not the one recorded`,
    {
      details: { isChanged: true },
      fix: 'restore the archive folder from a backup',
    },
  );
}

function archivePath({ content, provenance, revisionId }: Revision, format: Format): string {
  const { client, report, period } = content;
  return join(
    client.id,
    report,
    period.key,
    // Books that were made anew beside an old archive number from 1 again: the id keeps them apart.
    `r${provenance.revision}-${revisionId.slice(0, 8)}`,
    `${report}-${period.key}.${format}`,
  );
}

/** Returns the bytes that stand at `path`: ours, or those an interrupted run had written whole. */
async function writeOnce(path: string, bytes: Buffer): Promise<Buffer> {
  await mkdir(dirname(path), { recursive: true });
  const unfinished = `${path}.${process.pid}.${randomUUID().slice(0, 8)}`;
  const file = await open(unfinished, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    // link() never replaces a file, as rename() would.
    await link(unfinished, path);
    await syncFolder(dirname(path));
    return bytes;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return await readFile(path);
  } finally {
    await rm(unfinished, { force: true });
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A stored row as the revision it is; `content` is read back exactly as it was frozen. */
export function toRevision(row: RevisionRow, isNew: boolean): Revision {
  return {
    revisionId: row.revision_id,
    isNew,
    content: JSON.parse(row.content) as ReportContent,
    provenance: {
      runId: row.run_id,
      revision: row.revision,
      asOf: row.as_of.toISOString(),
      createdAt: row.created_at.toISOString(),
    },
  };
}
