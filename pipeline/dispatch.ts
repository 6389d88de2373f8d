// Plans the slots that have come and works off the runs that are due, one after the other. The pure
// planner says what has come, the ledger what is done; doing it again changes nothing.
import { isAppError, messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { type Pool, query } from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';
import type { Job, JobKinds } from './jobs.ts';
import { claimDueRun, type DueRun, executeRun, failDeadRuns } from './runs.ts';
import { planSlots } from './schedule.ts';

export interface DispatchDeps {
  pool: Pool;
  now: () => Date;
  log: Log;
  /** Aborted when the worker is to stop. */
  stop?: AbortSignal;
}

/** What became of a run. */
export interface Outcome {
  run: DueRun;
  /** `postponed`: it waits for its data. */
  state: 'succeeded' | 'failed' | 'postponed';
  error?: unknown;
}

/** Writes the slots that have come into the ledger; returns how many rows that made. */
export async function planDueSlots(
  { pool, log }: Pick<DispatchDeps, 'pool' | 'log'>,
  jobs: Job[],
  now: Date,
): Promise<number> {
  let planned = 0;
  for (const { job, clientId, pausedAt, recurrence } of jobs) {
    const slots = recurrence === undefined || pausedAt !== null ? [] : planSlots(recurrence, now);
    const newest = slots.at(-1);
    if (newest === undefined) continue;
    const rows = await query(pool, loadSql('postgres/queries/plan_slots'), [
      job,
      clientId,
      recurrence?.lastSlotAt ?? null,
      newest.slotAt,
      slots.map(({ slotAt }) => slotAt),
      slots.map(({ state }) => state),
      slots.map(({ isLate }) => isLate),
      slots.map(({ missedSlots }) => missedSlots),
      now,
    ]);
    planned += rows.length;
    const missedSlots = slots.reduce((sum, slot) => sum + slot.missedSlots, 0);
    const isLate = slots.some((slot) => slot.isLate);
    if (rows.length > 0 && (isLate || missedSlots > 0))
      log.warn('slots.late', { job, clientId, slots: rows.length, missedSlots });
  }
  return planned;
}

/**
 * Works off what is due at the time of the call, until nothing is left or the worker stops. A run
 * that fails stops no other, unless `isFatal` says of its error that the next would fail like it;
 * that error is thrown.
 */
export async function workOff(
  deps: DispatchDeps,
  kinds: JobKinds,
  { isFatal = () => false, runIds }: { isFatal?: () => boolean; runIds?: string[] } = {},
): Promise<Outcome[]> {
  const { pool, now, stop } = deps;
  const newestSlot = now();
  const filter = { kinds: Object.keys(kinds), newestSlot, ...(runIds && { runIds }) };
  const outcomes: Outcome[] = [];
  await failDeadRuns(pool, newestSlot);
  while (!stop?.aborted) {
    const run = await claimDueRun(pool, filter, now());
    if (run === undefined) break;
    const outcome = await workOne(deps, kinds, run);
    outcomes.push(outcome);
    const isGivenBack = isAppError(outcome.error, 'ERR_STOPPED', 'ERR_WAREHOUSE_BUSY');
    const isLast = outcome.state !== 'succeeded' && isFatal();
    if (isGivenBack || isLast) throw causeOf(outcome.error);
  }
  return outcomes;
}

/** Why a run waits, where that is an error. */
function causeOf(error: unknown): unknown {
  return isAppError(error, 'ERR_NOT_YET') ? (error.cause ?? error) : error;
}

async function workOne(deps: DispatchDeps, kinds: JobKinds, run: DueRun): Promise<Outcome> {
  const { pool, now, log, stop } = deps;
  const { job, clientId, kind, slotAt, isLate, missedSlots, attempts } = run;
  try {
    const kindOfJob = kinds[kind];
    if (kindOfJob === undefined) throw new Error(`no work is known for the kind "${kind}"`);
    const work = async (context: { signal: AbortSignal }) => {
      const { rowCount } = await kindOfJob.work(run, context);
      return { rowCount, value: undefined };
    };
    await executeRun(pool, run, now, work, stop === undefined ? {} : { stop });
    if (isLate) log.info('run.late', { job, clientId, slotAt, missedSlots });
    return { run, state: 'succeeded' };
  } catch (error) {
    const message = messageOf(error);
    if (isAppError(error, 'ERR_NOT_YET')) {
      log.info('run.postponed', { job, clientId, slotAt, until: error.details.until, message });
      return { run, state: 'postponed', error };
    }
    const isQuiet = isAppError(error, 'ERR_STOPPED', 'ERR_WAREHOUSE_BUSY');
    log[isQuiet ? 'info' : 'error']('run.failed', { job, clientId, slotAt, attempts, message });
    return { run, state: 'failed', error };
  }
}
