// One tick of the worker: refresh the warehouse, make, archive and mail what is due and not done. The
// planner says what has come, the ledger says what is done; running it again changes nothing.
import type { PeriodKind } from '../core/calendar.ts';
import { messageOf } from '../core/errors.ts';
import { query } from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';
import { refreshWarehouse } from '../pipeline/refresh.ts';
import { claimRun, executeRun, type Run } from '../pipeline/runs.ts';
import { type DueSlot, dueSlots, jobName, type Schedule } from '../pipeline/schedule.ts';
import type { Warehouse } from '../pipeline/warehouse.ts';
import { type DeliverDeps, queueDeliveries, sendDueDeliveries } from './deliver.ts';
import { type PublishDeps, publishReport } from './publish.ts';

export interface TickDeps extends DeliverDeps, Omit<PublishDeps, 'warehouse'> {
  /** Opens the warehouse for the length of `work`. */
  withWarehouse: <T>(work: (warehouse: Warehouse) => Promise<T>) => Promise<T>;
}

/** What a tick did. */
export interface TickResult {
  refreshed: boolean;
  reports: number;
  failed: number;
  mailsSent: number;
}

const REFRESH_EVERY_MS = 5 * 60_000;

/** Does what is due at `deps.now()`. A report that fails stops no other. */
export async function runTick(deps: TickDeps): Promise<TickResult> {
  const now = deps.now();
  const due = await claimDue(deps, now);
  const refreshSlot = new Date(Math.floor(now.getTime() / REFRESH_EVERY_MS) * REFRESH_EVERY_MS);
  const refresh = await claimRun(
    deps.pool,
    { job: 'refresh', clientId: null, slotAt: refreshSlot },
    now,
  );
  let made = 0;
  if (refresh !== undefined || due.length > 0) {
    await deps.withWarehouse(async (warehouse) => {
      await refreshOnce(deps, warehouse, refresh, due);
      for (const { run, slot } of due) made += (await makeDue(deps, warehouse, run, slot)) ? 1 : 0;
    });
  }
  const { sent } = await sendDueDeliveries(deps);
  return {
    refreshed: refresh !== undefined,
    reports: made,
    failed: due.length - made,
    mailsSent: sent,
  };
}

interface ClaimedSlot {
  run: Run;
  slot: DueSlot;
}

async function claimDue(deps: TickDeps, now: Date): Promise<ClaimedSlot[]> {
  const claimed: ClaimedSlot[] = [];
  for (const slot of dueSlots(await loadSchedules(deps), now)) {
    const { schedule, slotAt } = slot;
    const run = await claimRun(
      deps.pool,
      { job: jobName(schedule), clientId: schedule.clientId, slotAt },
      now,
    );
    if (run !== undefined) claimed.push({ run, slot });
  }
  return claimed;
}

/** Refreshes; when that fails, the claimed reports fail with it, for no report is made from old data. */
async function refreshOnce(
  deps: TickDeps,
  warehouse: Warehouse,
  refresh: Run | undefined,
  due: ClaimedSlot[],
) {
  const work = async () => {
    const { copiedRows } = await refreshWarehouse({ pool: deps.pool, warehouse, log: deps.log });
    return { rowCount: copiedRows, value: undefined };
  };
  try {
    if (refresh === undefined) await work();
    else await executeRun(deps.pool, refresh, deps.now, work);
  } catch (error) {
    for (const { run } of due) {
      await executeRun(deps.pool, run, deps.now, () => Promise.reject(error)).catch(
        () => undefined,
      );
    }
    throw error;
  }
}

async function makeDue(
  deps: TickDeps,
  warehouse: Warehouse,
  run: Run,
  { schedule, period }: DueSlot,
): Promise<boolean> {
  const { report, clientId } = schedule;
  try {
    await executeRun(deps.pool, run, deps.now, async () => {
      const request = { report, clientId, toPeriod: () => period, runId: run.runId };
      const { revision, entries } = await publishReport({ ...deps, warehouse }, request);
      const mails = await queueDeliveries(deps, revision);
      deps.log.info('report.archived', {
        clientId,
        report,
        period: period.key,
        revision: revision.provenance.revision,
        files: entries.length,
        mails,
      });
      return { rowCount: Number(revision.content.completeness.inReport.value), value: undefined };
    });
    return true;
  } catch (error) {
    deps.log.error('report.failed', {
      clientId,
      report,
      period: period.key,
      message: messageOf(error),
    });
    return false;
  }
}

interface ScheduleRow extends Record<string, unknown> {
  client_id: string;
  report: string;
  period_kind: PeriodKind;
  local_time: string;
  created_at: Date;
  time_zone: string;
  week_start: number;
}

async function loadSchedules({ pool }: TickDeps): Promise<Schedule[]> {
  const rows = await query<ScheduleRow>(pool, loadSql('postgres/queries/select_schedules'));
  return rows.map((row) => ({
    clientId: row.client_id,
    report: row.report,
    kind: row.period_kind,
    timeZone: row.time_zone,
    weekStart: row.week_start,
    localTime: row.local_time,
    createdAt: row.created_at,
  }));
}
