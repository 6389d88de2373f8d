// What each kind of job does, and the jobs that every installation has. Adding a kind is adding an
// entry here; when it comes is for the planner.
import { PERIOD_KINDS, type PeriodKind } from '../core/calendar.ts';
import { requireClient } from '../core/clients.ts';
import { AppError } from '../core/errors.ts';
import { checkError } from '../pipeline/checks.ts';
import type { BuiltInJob, JobKinds } from '../pipeline/jobs.ts';
import { applyRetention } from '../pipeline/retention.ts';
import type { DueRun } from '../pipeline/runs.ts';
import { reportPeriod } from '../pipeline/schedule.ts';
import type { Session } from '../pipeline/session.ts';
import { verifyWarehouse } from '../pipeline/verify.ts';
import { type AlertDeps, sendDueAlert } from './alerts.ts';
import {
  type DeliverDeps,
  hasQueuedDeliveries,
  queueDeliveries,
  sendDueDeliveries,
} from './deliver.ts';
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
      work: async () => {
        const { warehouse } = await session.fresh();
        const { days, failures } = await verifyWarehouse({ ...deps, warehouse });
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
  };
}

/** The report that a run of this job and slot is about. */
export async function reportOfSlot(
  deps: Pick<JobDeps, 'pool'>,
  { clientId, params, slotAt }: Pick<DueRun, 'clientId' | 'params' | 'slotAt'>,
) {
  const { report, period } = params;
  const kind = PERIOD_KINDS.find((candidate) => candidate === period);
  if (typeof report !== 'string' || kind === undefined || clientId === null)
    throw new AppError('ERR_INPUT', `no report has the parameters ${JSON.stringify(params)}`);
  const client = await requireClient(deps.pool, clientId);
  return { report, clientId, period: reportPeriod(kind satisfies PeriodKind, slotAt, client) };
}

async function makeSlotReport(deps: JobDeps, session: Session, run: DueRun) {
  const { report, clientId, period } = await reportOfSlot(deps, run);
  const { warehouse } = await session.fresh();
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
