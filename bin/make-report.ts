// Makes one report by hand, as a run of its own in the ledger.
import { parsePeriod } from '../core/calendar.ts';
import { requireClient } from '../core/clients.ts';
import { AppError } from '../core/errors.ts';
import { refreshWarehouse } from '../pipeline/refresh.ts';
import { claimRun, executeRun } from '../pipeline/runs.ts';
import type { Warehouse } from '../pipeline/warehouse.ts';
import { findRevision, listArchive } from '../reports/archive.ts';
import type { Format } from '../reports/catalog.ts';
import { PERIOD_REPORT } from '../reports/handed-kinds.ts';
import { type Published, publishReport } from '../reports/publish.ts';
import type { Context } from './context.ts';
import { doOrHandOver } from './hand-over.ts';

/** The periods that a report may be asked for, for the help of the commands that make one. */
export const PERIOD_FORMS =
  'a day (2025-03-18), week (2025-W12, or week-2025-03-16 where it starts on another day than ' +
  'Monday) or month (2025-03)';

export interface ReportRequest {
  report: string;
  clientId: string;
  period: string;
  formats: readonly Format[];
}

/** Refreshes the warehouse and makes the report, here or by the worker that holds the warehouse. */
export async function makeFreshReport(
  context: Context,
  request: ReportRequest,
): Promise<Published> {
  const pool = await context.pipelinePool();
  const { report, clientId, period, formats } = request;
  const client = await requireClient(pool, clientId);
  // Before the run: a slip of the pen is no failed run.
  const asked = parsePeriod(period, client.weekStart);
  const handed = { job: jobOf(request), kind: PERIOD_REPORT, clientId };
  return doOrHandOver(
    context,
    { ...handed, params: { report, period, formats } },
    async (warehouse) => {
      await refreshWarehouse({ pool, warehouse, log: context.log });
      return makeReport(context, warehouse, request);
    },
    async ({ runId }) => {
      const revision = await findRevision(pool, { clientId, report, runId }, asked);
      if (revision === undefined) throw new AppError('ERR_ARCHIVE', 'the report is not there');
      const entries = await listArchive(pool, clientId, revision.revisionId);
      return { revision, entries: entries.filter(({ format }) => formats.includes(format)) };
    },
  );
}

function jobOf({ report, period, formats }: ReportRequest): string {
  return `report ${report} by hand ${period} ${formats.join(',')}`;
}

/** Makes one report from a warehouse that is fresh. */
export async function makeReport(
  context: Context,
  warehouse: Warehouse,
  request: ReportRequest,
): Promise<Published> {
  const pool = await context.pipelinePool();
  const { report, clientId, period, formats } = request;
  const job = jobOf(request);
  const run = await claimRun(pool, { job, clientId, slotAt: context.now() }, context.now(), 'hand');
  if (run === undefined)
    throw new AppError('ERR_EXISTS', `the same report is being made at this moment`);
  return executeRun(pool, run, context.now, async () => {
    const value = await publishReport(
      {
        pool,
        warehouse,
        archiveDir: context.paths.archive,
        browser: context.browser,
        now: context.now,
        disk: context.diskGuard(),
      },
      {
        report,
        clientId,
        formats,
        runId: run.runId,
        fence: run.fence,
        toPeriod: (weekStart) => parsePeriod(period, weekStart),
      },
    );
    return { rowCount: Number(value.revision.content.completeness.inReport.value), value };
  });
}
