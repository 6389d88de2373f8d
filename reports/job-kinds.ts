// What each kind of job does, and the jobs that every installation has. Adding a kind is adding an
// entry here; when it comes is for the planner.
import { PERIOD_KINDS, type Period, type PeriodKind } from '../core/calendar.ts';
import { requireClient } from '../core/clients.ts';
import { AppError, isAppError } from '../core/errors.ts';
import { checkError } from '../pipeline/checks.ts';
import { HELD_MS_MAX, loadFreshness, readiness } from '../pipeline/freshness.ts';
import type { BuiltInJob, JobKinds } from '../pipeline/jobs.ts';
import { applyRetention } from '../pipeline/retention.ts';
import { type DueRun, notYet } from '../pipeline/runs.ts';
import { reportPeriod } from '../pipeline/schedule.ts';
import type { Session } from '../pipeline/session.ts';
import { verifyWarehouse } from '../pipeline/verify.ts';
import type { Warehouse } from '../pipeline/warehouse.ts';
import { type AlertDeps, sendDueAlert } from './alerts.ts';
import {
  type DeliverDeps,
  hasQueuedDeliveries,
  queueDeliveries,
  sendDueDeliveries,
} from './deliver.ts';
import { makeHandedKinds } from './handed-kinds.ts';
import { type PublishDeps, publishReport } from './publish.ts';

export interface JobDeps extends DeliverDeps, AlertDeps, Omit<PublishDeps, 'warehouse'> {}

/** Without an expression: at every wake. */
export const BUILT_IN_JOBS: readonly BuiltInJob[] = [
  { job: 'refresh', kind: 'refresh', cron: '*/5 * * * *' },
  { job: 'verify', kind: 'verify', cron: '30 2 * * *' },
  { job: 'retention', kind: 'retention', cron: '30 3 * * *' },
  { job: 'alerts', kind: 'alerts', cron: null },
  { job: 'deliveries', kind: 'deliveries', cron: null },
];

export function makeJobKinds(deps: JobDeps, session: Session): JobKinds {
  return {
    refresh: {
      work: async () => ({ rowCount: (await session.fresh()).copiedRows }),
    },
    verify: {
      work: async ({ params }) => {
        const { warehouse } = await session.fresh();
        const deep = params.deep === true;
        const { days, failures } = await verifyWarehouse({ ...deps, warehouse, deep });
        if (failures.length > 0) throw checkError(failures);
        return { rowCount: days };
      },
    },
    report: {
      isBackfilled: true,
      work: async (run) => makeSlotReport(deps, session, run),
    },
    retention: {
      work: async (_run, { signal }) => {
        const expired = await applyRetention({ pool: deps.pool, now: deps.now(), signal });
        return { rowCount: expired.reduce((sum, { rows }) => sum + rows, 0) };
      },
    },
    alerts: {
      work: async () => ({ rowCount: await sendDueAlert(deps) }),
    },
    deliveries: {
      work: async (_run, { signal }) => {
        const { sent } = await sendDueDeliveries(deps, null, signal);
        return { rowCount: sent };
      },
    },
    ...makeHandedKinds(deps, session),
  };
}

/** The report that a run of this job and slot is about. */
export async function reportOfSlot(
  deps: Pick<JobDeps, 'pool'>,
  { clientId, params, slotAt }: Pick<DueRun, 'clientId' | 'params' | 'slotAt'>,
) {
  const { report, period: kindName } = params;
  const kind = PERIOD_KINDS.find((candidate) => candidate === kindName);
  if (typeof report !== 'string' || kind === undefined || clientId === null)
    throw new AppError('ERR_INPUT', `no report has the parameters ${JSON.stringify(params)}`);
  const client = await requireClient(deps.pool, clientId);
  const period = reportPeriod(kind satisfies PeriodKind, slotAt, client);
  return { report, clientId, period, timeZone: client.timeZone };
}

const CHECK_AGAIN_MS = 15 * 60_000;

/**
 * The warehouse for a report that is due. While a check fails, a scheduled one waits; while no
 * refresh succeeds for another reason it is tried again, and made at last from what there is.
 */
async function openFor(deps: JobDeps, session: Session, run: DueRun): Promise<Warehouse> {
  try {
    return (await session.fresh()).warehouse;
  } catch (error) {
    if (run.triggeredBy !== 'schedule' || isAppError(error, 'ERR_STOPPED')) throw error;
    const now = deps.now().getTime();
    if (isAppError(error, 'ERR_CHECK_FAILED'))
      throw notYet(
        new Date(now + CHECK_AGAIN_MS),
        `held until its checks hold: ${error.message}`,
        error,
      );
    const standing = session.asItStands();
    if (standing === undefined || now - run.slotAt.getTime() < HELD_MS_MAX) throw error;
    deps.log.warn('report.stale', { clientId: run.clientId, job: run.job });
    return standing;
  }
}

/** A scheduled report waits for its period to close, but not for ever: then it says what it lacks. */
async function waitUntilClosed(
  { pool, now, log }: JobDeps,
  warehouse: Warehouse,
  client: { id: string; timeZone: string },
  period: Period,
  run: DueRun,
): Promise<void> {
  if (run.triggeredBy !== 'schedule') return;
  const freshness = await loadFreshness(pool, warehouse, client, period, now());
  const ready = readiness(freshness, run.slotAt, now());
  const { dataAt, endsAt } = freshness;
  if (ready.state === 'held') {
    const why = `${period.key} is not closed: its data reach to ${dataAt}, its end is ${endsAt}`;
    throw notYet(ready.until, why);
  }
  if (ready.state === 'overdue')
    log.warn('report.overdue', { clientId: client.id, dataAt, endsAt });
}

async function makeSlotReport(deps: JobDeps, session: Session, run: DueRun) {
  const { report, clientId, period, timeZone } = await reportOfSlot(deps, run);
  const warehouse = await openFor(deps, session, run);
  await waitUntilClosed(deps, warehouse, { id: clientId, timeZone }, period, run);
  // Taken over after its mails were queued: data that came since must not mail the slot again.
  const isDone = run.fence > 1n && (await hasQueuedDeliveries(deps, clientId, run.runId));
  if (isDone) return { rowCount: 0 };
  const { runId, fence } = run;
  const request = { report, clientId, toPeriod: () => period, runId, fence };
  const { revision, entries } = await publishReport({ ...deps, warehouse }, request);
  // A backfill makes reports of the past; nobody waits for them, unless it is said.
  const isMailed = run.triggeredBy !== 'backfill' || run.params.isMailed === true;
  const mails = isMailed ? await queueDeliveries(deps, revision, run) : 0;
  deps.log.info('report.archived', {
    clientId,
    report,
    period: period.key,
    revision: revision.provenance.revision,
    files: entries.length,
    mails,
  });
  return { rowCount: Number(revision.content.completeness.inReport.value) };
}
