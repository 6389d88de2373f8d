// The story of a report: compose → freeze → render → archive; then a mail to each recipient. Every
// step may be repeated: what is there already is not made again.
import type { Period } from '../core/calendar.ts';
import type { DiskGuard } from '../core/disk.ts';
import type { Pool } from '../core/postgres.ts';
import type { Warehouse } from '../pipeline/warehouse.ts';
import {
  type ArchiveEntry,
  archiveBytes,
  freezeRevision,
  listArchive,
  type Revision,
  readArchived,
} from './archive.ts';
import type { Browser } from './browser.ts';
import { FORMATS, type Format, findReport } from './catalog.ts';
import { renderHtml } from './render-html.ts';
import { renderPdf } from './render-pdf.ts';
import { renderXlsx } from './render-xlsx.ts';

export interface PublishDeps {
  pool: Pool;
  warehouse: Warehouse;
  archiveDir: string;
  /** Started when the first PDF is asked for. */
  browser: () => Promise<Browser>;
  now: () => Date;
  /** Nothing is made while it is low. */
  disk?: DiskGuard | undefined;
}

export interface PublishRequest {
  report: string;
  clientId: string;
  toPeriod: (weekStart: number) => Period;
  formats?: readonly Format[];
  runId: string;
  /** Of the run that makes it. */
  fence?: bigint;
}

export interface Published {
  revision: Revision;
  entries: ArchiveEntry[];
}

/**
 * Makes and archives a report in the asked formats; what the archive holds is left alone. Throws
 * ERR_DISK_LOW before it begins where the disk has no room for it.
 */
export async function publishReport(
  deps: PublishDeps,
  request: PublishRequest,
): Promise<Published> {
  const { report, clientId, toPeriod, runId, fence, formats = FORMATS } = request;
  deps.disk?.requireSpace();
  const composed = await findReport(report).compose(deps, clientId, toPeriod);
  const revision = await freezeRevision(deps.pool, composed, runId, deps.now(), fence);
  const archived = new Set<Format>();
  for (const entry of await listArchive(deps.pool, clientId, revision.revisionId)) {
    // What is said to be there must be there, byte for byte, before anybody is sent to it.
    await readArchived(deps.archiveDir, entry);
    archived.add(entry.format);
  }
  for (const format of formats) {
    if (archived.has(format)) continue;
    const bytes = await render(deps, revision, format);
    await archiveBytes(deps.pool, deps.archiveDir, revision, format, bytes);
  }
  const entries = await listArchive(deps.pool, clientId, revision.revisionId);
  return { revision, entries: entries.filter(({ format }) => formats.includes(format)) };
}

async function render(deps: PublishDeps, revision: Revision, format: Format): Promise<Buffer> {
  if (format === 'xlsx') return renderXlsx(revision);
  const html = renderHtml(revision);
  return format === 'html' ? Buffer.from(html) : renderPdf(await deps.browser(), html);
}
