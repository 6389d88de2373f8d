// Makes one report by hand, as a run of its own in the ledger.
import { parsePeriod } from '../core/calendar.ts';
import { AppError } from '../core/errors.ts';
import { refreshWarehouse } from '../pipeline/refresh.ts';
import { claimRun, executeRun } from '../pipeline/runs.ts';
import type { Warehouse } from '../pipeline/warehouse.ts';
import type { Format } from '../reports/catalog.ts';
import { type Published, publishReport } from '../reports/publish.ts';
import type { Context } from './context.ts';

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

/** Refreshes the warehouse and makes the reports, in order. */
export function makeReports(context: Context, requests: ReportRequest[]): Promise<Published[]> {
  return context.withWarehouse(async (warehouse) => {
    await refreshWarehouse({ pool: await context.pipelinePool(), warehouse, log: context.log });
    const made: Published[] = [];
    for (const request of requests) made.push(await makeReport(context, warehouse, request));
    return made;
  });
}

/** Makes one report from a warehouse that is fresh. */
export async function makeReport(
  context: Context,
  warehouse: Warehouse,
  request: ReportRequest,
): Promise<Published> {
  const pool = await context.pipelinePool();
  const { report, clientId, period, formats } = request;
  const job = `report ${report} by hand ${period} ${formats.join(',')}`;
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
