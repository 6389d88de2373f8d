// One tick of the worker: tell of critical errors, plan the slots that have come and work them off, send
// the mails that wait. The ledger knows what is done; running it again changes nothing.
import { isAppError, messageOf } from '../core/errors.ts';
import { planDueSlots, workOff } from '../pipeline/dispatch.ts';
import { addMissingJobs, type Job, loadJobs } from '../pipeline/jobs.ts';
import { type RefreshResult, refreshWarehouse } from '../pipeline/refresh.ts';
import { openSession, type Session, type SessionDeps } from '../pipeline/session.ts';
import { sendDueAlert } from './alerts.ts';
import { sendDueDeliveries } from './deliver.ts';
import { BUILT_IN_JOBS, type JobDeps, makeJobKinds } from './job-kinds.ts';

export interface TickDeps extends JobDeps, Pick<SessionDeps, 'withWarehouse'> {
  /** Aborted when the worker is to stop. */
  stop?: AbortSignal;
  /** Kinds of jobs that wait now, such as those that a low disk has no room for. */
  findHeldKinds?: (() => Promise<readonly string[]>) | undefined;
  /** Told of each refresh that passed. */
  onRefreshed?: ((result: RefreshResult) => void) | undefined;
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

/** Does what is due at `deps.now()`. A report that fails stops no other, nor a mail that waits. */
export async function runTick(deps: TickDeps): Promise<TickResult> {
  const jobs = await loadAllJobs(deps);
  const isPaused = (name: string) =>
    jobs.some(({ job, clientId, pausedAt }) => job === name && clientId === null && pausedAt);
  const held = (await deps.findHeldKinds?.()) ?? [];
  const errorsTold = isPaused('alerts') ? 0 : await tellOfErrors(deps);
  let failure: { error: unknown } | undefined;
  const done = await doDueJobs(deps, jobs, held).catch((error: unknown) => {
    failure = { error };
    return NOTHING_DONE;
  });
  const mailsSent = isPaused('deliveries') ? 0 : await deliver(deps);
  if (failure !== undefined) throw failure.error;
  return { ...done, mailsSent, errorsTold };
}

/** Every job, the built-in ones too. */
export async function loadAllJobs({
  pool,
  log,
  now,
}: Pick<TickDeps, 'pool' | 'log' | 'now'>): Promise<Job[]> {
  const jobs = await loadJobs(pool, log);
  const wasMissing = await addMissingJobs(pool, jobs, BUILT_IN_JOBS, now());
  return wasMissing ? loadJobs(pool, log) : jobs;
}

/** The warehouse of a tick, or of a command that does the same. */
export function openTickSession(
  deps: Pick<TickDeps, 'pool' | 'log' | 'withWarehouse' | 'onRefreshed'>,
): Session {
  const { pool, log, withWarehouse, onRefreshed } = deps;
  return openSession({
    withWarehouse,
    refresh: async (warehouse) => {
      const result = await refreshWarehouse({ pool, warehouse, log });
      onRefreshed?.(result);
      return result.copiedRows;
    },
  });
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

async function deliver(deps: TickDeps): Promise<number> {
  return (await sendDueDeliveries(deps, null, deps.stop)).sent;
}

type Done = Omit<TickResult, 'mailsSent' | 'errorsTold'>;
const NOTHING_DONE: Done = { refreshed: false, reports: 0, failed: 0 };

/** Opens the warehouse only if some run needs it, and refreshes it before any report. */
async function doDueJobs(deps: TickDeps, jobs: Job[], held: readonly string[]): Promise<Done> {
  await planDueSlots(deps, jobs, deps.now());
  const session = openTickSession(deps);
  const all = Object.entries(makeJobKinds(deps, session));
  const kinds = Object.fromEntries(all.filter(([kind]) => !held.includes(kind)));
  let isGivenUp = false;
  try {
    const outcomes = await workOff(deps, kinds, { isFatal: session.hasFailed });
    const of = (state: string) =>
      outcomes.filter(({ run, ...outcome }) => run.kind === 'report' && outcome.state === state);
    return {
      refreshed: session.wasOpened(),
      reports: of('succeeded').length,
      failed: of('failed').length,
    };
  } catch (error) {
    // Its work still uses the warehouse; the process is about to end.
    isGivenUp = isAppError(error, 'ERR_STOPPED');
    throw error;
  } finally {
    if (!isGivenUp) await session.close();
  }
}
