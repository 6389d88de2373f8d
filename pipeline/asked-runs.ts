// Runs that a person asks for: one by hand, and those of the past slots of a job. Their rows are like
// planned ones; whoever is first, the command or a worker, does them.
import { AppError } from '../core/errors.ts';
import { type Pool, query } from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';
import type { Job } from './jobs.ts';
import { slotsBetween } from './occurrences.ts';
import { ATTEMPTS_MAX, clockLimit, type Trigger } from './runs.ts';

export interface AskedRun {
  runId: string;
  slotAt: Date;
}

/** A past slot, and what the ledger knows of it; undefined: nothing. */
export interface PastSlot {
  slotAt: Date;
  state: string | undefined;
}

export interface RunState {
  runId: string;
  slotAt: Date;
  state: string;
  attempts: number;
  rowCount: number | undefined;
  error: string | undefined;
}

/** More than a year of days in one go is a slip of the pen. */
export const BACKFILL_MAX = 400;

/** What of a job a run of it needs. */
type AskedJob = Pick<Job, 'job' | 'clientId' | 'kind' | 'params'>;

/** Asks for a run of the job at this moment. */
export async function askForRun(pool: Pool, job: AskedJob, now: Date): Promise<AskedRun> {
  const [run] = await askForRuns(pool, job, [now], 'hand', job.params);
  if (run !== undefined) return run;
  throw new AppError('ERR_EXISTS', `"${job.job}" was asked for at this very moment already`);
}

/** Asks for the slots, with what the job's parameters lack; returns those that were not done. */
export async function askForRuns(
  pool: Pool,
  { job, clientId, kind }: Omit<AskedJob, 'params'>,
  slots: Date[],
  trigger: Trigger,
  params: Record<string, unknown>,
): Promise<AskedRun[]> {
  const sql = loadSql('postgres/queries/insert_asked_runs');
  const values = [job, clientId, kind, params, trigger, slots, ATTEMPTS_MAX];
  const rows = await query<{ run_id: string; slot_at: Date }>(pool, sql, values);
  return rows.map((row) => ({ runId: row.run_id, slotAt: row.slot_at }));
}

/** The job's slots in `[from, to)` that have come, oldest first. Throws ERR_USAGE for too many. */
export async function listPastSlots(
  pool: Pool,
  { job, clientId, recurrence }: Job,
  { from, to, now }: { from: Date; to: Date; now: Date },
): Promise<PastSlot[]> {
  if (recurrence === undefined)
    throw new AppError('ERR_USAGE', `"${job}" has no slots that could be backfilled`);
  const until = new Date(Math.min(to.getTime() - 1, now.getTime()));
  const after = new Date(from.getTime() - 1);
  const slots = slotsBetween(recurrence, after, until, BACKFILL_MAX + 1);
  if (slots.length > BACKFILL_MAX) {
    throw new AppError('ERR_USAGE', `these are more than ${BACKFILL_MAX} slots of "${job}"`, {
      fix: 'backfill a shorter range, then the next one',
    });
  }
  const sql = loadSql('postgres/queries/select_slot_states');
  const known = await query<{ slot_at: Date; state: string }>(pool, sql, [job, clientId, slots]);
  const states = new Map(known.map((row) => [row.slot_at.getTime(), row.state]));
  return slots.map((slotAt) => ({ slotAt, state: states.get(slotAt.getTime()) }));
}

/** How runs stand, oldest slot first. */
export async function readRuns(pool: Pool, runIds: string[]): Promise<RunState[]> {
  const sql = loadSql('postgres/queries/select_runs_by_id');
  const rows = await query<{
    run_id: string;
    slot_at: Date;
    state: string;
    attempts: number;
    row_count: bigint | null;
    error: string | null;
  }>(pool, sql, [runIds]);
  return rows.map((row) => ({
    runId: row.run_id,
    slotAt: row.slot_at,
    state: row.state,
    attempts: row.attempts,
    rowCount: row.row_count === null ? undefined : Number(row.row_count),
    error: row.error ?? undefined,
  }));
}

/** A process that works on a run now; undefined where none does. */
export async function findLiveHolder(pool: Pool, now: Date): Promise<string | undefined> {
  const sql = loadSql('postgres/queries/select_live_holder');
  const [row] = await query<{ holder: string }>(pool, sql, [now, clockLimit(now)]);
  return row?.holder;
}
