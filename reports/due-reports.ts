// One tick of the worker: tell of critical errors, refresh the warehouse, make, archive and mail what
// is due and not done. The planner says what has come, the ledger what is done; running it again
// changes nothing.
import type { PeriodKind } from '../core/calendar.ts';
import { isAppError, messageOf } from '../core/errors.ts';
import { query } from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';
import { refreshWarehouse } from '../pipeline/refresh.ts';
import { claimRun, executeRun, failRun, type Run } from '../pipeline/runs.ts';
import { type DueSlot, dueSlots, jobName, type Schedule } from '../pipeline/schedule.ts';
import type { Warehouse } from '../pipeline/warehouse.ts';
import { type AlertDeps, sendDueAlert } from './alerts.ts';
import {
  type DeliverDeps,
  hasQueuedDeliveries,
  queueDeliveries,
  sendDueDeliveries,
} from './deliver.ts';
import { type PublishDeps, publishReport } from './publish.ts';

export interface TickDeps extends DeliverDeps, AlertDeps, Omit<PublishDeps, 'warehouse'> {
  /** Opens the warehouse for the length of `work`. */
  withWarehouse: <T>(work: (warehouse: Warehouse) => Promise<T>) => Promise<T>;
}

/** What a tick did. */
export interface TickResult {
  refreshed: boolean;
  reports: number;
  failed: number;
  mailsSent: number;
  /** Critical errors that somebody was mailed of. */
  errorsTold: number;
}

const REFRESH_EVERY_MS = 5 * 60_000;

/** Does what is due at `deps.now()`. A report that fails stops no other, nor a mail that waits. */
export async function runTick(deps: TickDeps): Promise<TickResult> {
  const errorsTold = await tellOfErrors(deps);
  let failure: { error: unknown } | undefined;
  const done = await makeAllDue(deps).catch((error: unknown) => {
    failure = { error };
    return NOTHING_DONE;
  });
  const { sent } = await sendDueDeliveries(deps);
  if (failure !== undefined) throw failure.error;
  return { ...done, mailsSent: sent, errorsTold };
}

/** First, because what fails may keep the rest from being done. */
async function tellOfErrors(deps: TickDeps): Promise<number> {
  return sendDueAlert(deps).catch((error: unknown) => {
    // A mail server's answer may hold an address: it stands in the ledger of runs alone.
    const message = isAppError(error, 'ERR_MAIL') ? 'the mail was not sent' : messageOf(error);
    deps.log.error('alert.failed', { message });
    return 0;
  });
}

type Done = Omit<TickResult, 'mailsSent' | 'errorsTold'>;
const NOTHING_DONE: Done = { refreshed: false, reports: 0, failed: 0 };

interface ClaimedSlot {
  run: Run;
  slot: DueSlot;
}

/** Opens the warehouse only if a refresh or a report is due, and refreshes it before any report. */
async function makeAllDue(deps: TickDeps): Promise<Done> {
  const now = deps.now();
  const waiting = dueSlots(await loadSchedules(deps), now);
  const slotAt = new Date(Math.floor(now.getTime() / REFRESH_EVERY_MS) * REFRESH_EVERY_MS);
  const refresh = await claimRun(deps.pool, { job: 'refresh', clientId: null, slotAt }, now);
  const first = await claimNext(deps, waiting);
  if (refresh === undefined && first === undefined) return NOTHING_DONE;
  try {
    return await deps.withWarehouse(async (warehouse) => {
      await refreshOnce(deps, warehouse, refresh);
      const done = { ...NOTHING_DONE, refreshed: true };
      // Claimed one by one, so that a lease covers one report and not the whole morning.
      for (let next = first; next !== undefined; next = await claimNext(deps, waiting)) {
        done[(await makeDue(deps, warehouse, next)) ? 'reports' : 'failed'] += 1;
      }
      return done;
    });
  } catch (error) {
    // No report is made from old data: what was claimed fails with the refresh, and is tried again.
    for (const run of [refresh, first?.run]) {
      if (run !== undefined) await failRun(deps.pool, run, deps.now(), error);
    }
    throw error;
  }
}

/** Takes slots from `waiting` until one can be claimed. */
async function claimNext(deps: TickDeps, waiting: DueSlot[]): Promise<ClaimedSlot | undefined> {
  for (let slot = waiting.shift(); slot !== undefined; slot = waiting.shift()) {
    const { schedule, slotAt } = slot;
    const { clientId } = schedule;
    const claim = { job: jobName(schedule), clientId, slotAt };
    const run = await claimRun(deps.pool, claim, deps.now());
    if (run !== undefined) return { run, slot };
  }
  return undefined;
}

async function refreshOnce(deps: TickDeps, warehouse: Warehouse, refresh: Run | undefined) {
  const work = async () => {
    const { copiedRows } = await refreshWarehouse({ pool: deps.pool, warehouse, log: deps.log });
    return { rowCount: copiedRows, value: undefined };
  };
  await (refresh === undefined ? work() : executeRun(deps.pool, refresh, deps.now, work));
}

async function makeDue(
  deps: TickDeps,
  warehouse: Warehouse,
  { run, slot }: ClaimedSlot,
): Promise<boolean> {
  const { period, schedule } = slot;
  const { report, clientId } = schedule;
  try {
    await executeRun(deps.pool, run, deps.now, async () => {
      // Taken over after its mails were queued: data that came since must not mail the slot again.
      const isDone = run.attempts > 1 && (await hasQueuedDeliveries(deps, clientId, run.runId));
      if (isDone) return { rowCount: 0, value: undefined };
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
