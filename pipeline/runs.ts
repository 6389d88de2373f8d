// The ledger of runs. A row per (job, client, slot) decides who works and what is done; leases, kept
// up by heartbeats, and fences keep a holder that was away from taking effect.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { AppError, isAppError, messageOf } from '../core/errors.ts';
import { type Connection, type Pool, query, withTransaction } from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';

/** What is to be done: a job for a client (null: for all) at an instant. */
export interface RunSlot {
  job: string;
  clientId: string | null;
  slotAt: Date;
}

/** A claim on a run: its fence is that of the newest claim, or it is lost. */
export interface Held {
  runId: string;
  fence: bigint;
}

export interface Run extends RunSlot, Held {
  attempts: number;
}

export type Trigger = 'schedule' | 'hand' | 'backfill';

/** A run that was planned, with what says how it is done. */
export interface DueRun extends Run {
  kind: string;
  params: Record<string, unknown>;
  triggeredBy: Trigger;
  isLate: boolean;
  missedSlots: number;
}

export interface RunContext {
  /** Aborted when the worker stops, and when another holder has taken the run over. */
  signal: AbortSignal;
}

export interface ExecuteOptions {
  /** Aborted when the worker is to stop. */
  stop?: AbortSignal;
  heartbeatMs?: number;
  drainMs?: number;
}

// A lease and the next wake (15 s) together stay well within a minute: so soon a dead worker's run
// resumes. Two heartbeats may be missed.
export const LEASE_MS = 40_000;
const HEARTBEAT_MS = 15_000;
/** A worker that stops lets its run go on for so long, then gives it back. */
const DRAIN_MS = 7_000;
// Doubling from a minute, ten attempts reach over eight hours: a morning, not a week.
export const ATTEMPTS_MAX = 10;
const RETRY_AFTER_SECONDS = 60;
/** More than two clocks differ by: what lies further ahead was written before a clock was set back. */
const CLOCK_SLACK_MS = 5 * 60_000;

/** Claims a slot, or returns undefined when it is done, being done, or given up. */
export async function claimRun(
  pool: Pool,
  slot: RunSlot,
  now: Date,
  triggeredBy: Trigger = 'schedule',
): Promise<Run | undefined> {
  const sql = loadSql('postgres/queries/claim_run');
  const [row] = await query<{ run_id: string; fence: bigint; attempts: number }>(pool, sql, [
    randomUUID(),
    slot.job,
    slot.clientId,
    slot.slotAt,
    now,
    leaseEnd(now),
    ATTEMPTS_MAX,
    RETRY_AFTER_SECONDS,
    holderName(),
    triggeredBy,
    clockLimit(now),
  ]);
  if (row === undefined) return undefined;
  return { ...slot, runId: row.run_id, fence: row.fence, attempts: row.attempts };
}

export interface ClaimFilter {
  kinds: string[];
  /** Later slots are left for later. */
  newestSlot: Date;
  /** Only these runs. */
  runIds?: string[];
}

interface DueRow extends Record<string, unknown> {
  run_id: string;
  job: string;
  client_id: string | null;
  slot_at: Date;
  kind: string;
  params: Record<string, unknown>;
  fence: bigint;
  attempts: number;
  triggered_by: Trigger;
  is_late: boolean;
  missed_slots: number;
}

/** Claims the planned slot that has waited longest, or returns undefined when there is none. */
export async function claimDueRun(
  pool: Pool,
  { kinds, newestSlot, runIds }: ClaimFilter,
  now: Date,
): Promise<DueRun | undefined> {
  const values = [now, leaseEnd(now), ATTEMPTS_MAX, RETRY_AFTER_SECONDS, holderName()];
  const [row] = await withTransaction(pool, {}, async (connection) => {
    await query(connection, loadSql('postgres/queries/lock_claims'));
    const filter = [clockLimit(now), kinds, newestSlot, runIds ?? null];
    const sql = loadSql('postgres/queries/claim_due_run');
    return query<DueRow>(connection, sql, [...values, ...filter]);
  });
  return row === undefined ? undefined : toDueRun(row);
}

/** Ends what nobody holds and nobody may try again; returns how many runs. */
export async function failDeadRuns(pool: Pool, now: Date): Promise<number> {
  const sql = loadSql('postgres/queries/fail_dead_runs');
  return (await query(pool, sql, [now, ATTEMPTS_MAX])).length;
}

/**
 * Holds a run for the rest of a transaction: what the transaction does is done before anybody else
 * takes the run over. Throws ERR_RUN_LOST where that has happened.
 */
export async function holdRun(connection: Connection, held: Held): Promise<void> {
  const values = [held.runId, held.fence];
  const rows = await query(connection, loadSql('postgres/queries/hold_run'), values);
  if (rows.length === 0) throw lostRun(held);
}

/**
 * Runs `work` for a claimed run, keeps its lease up, and writes its end into the ledger. An error
 * ends the run as failed and is thrown on; a run that another took over throws ERR_RUN_LOST; one
 * that a stopping worker cannot finish in time is given back and throws ERR_STOPPED; one that
 * throws `notYet` waits.
 */
export async function executeRun<T>(
  pool: Pool,
  run: Run,
  now: () => Date,
  work: (context: RunContext) => Promise<{ rowCount: number; value: T }>,
  { stop, heartbeatMs = HEARTBEAT_MS, drainMs = DRAIN_MS }: ExecuteOptions = {},
): Promise<T> {
  const lost = new AbortController();
  const heartbeat = setInterval(() => {
    // One that cannot be told is no reason to stop: the lease holds for more than one.
    void renewLease(pool, run, now()).then(
      (isOurs) => isOurs || lost.abort(lostRun(run)),
      () => undefined,
    );
  }, heartbeatMs);
  const drained = waitAfterStop(stop, drainMs);
  try {
    const signal = AbortSignal.any([lost.signal, ...(stop === undefined ? [] : [stop])]);
    const done = await Promise.race([work({ signal }), drained.rejected]);
    if (!(await finishRun(pool, run, 'succeeded', now(), done.rowCount, null))) throw lostRun(run);
    return done.value;
  } catch (error) {
    const isStopped = stop?.aborted === true && !isAppError(error, 'ERR_RUN_LOST');
    // Whoever holds the warehouse, or comes after us, does it: that is no failure of the run.
    const isGivenBack = isStopped || isAppError(error, 'ERR_WAREHOUSE_BUSY');
    if (isAppError(error, 'ERR_NOT_YET') && !isStopped) await postponeRun(pool, run, error);
    else await (isGivenBack ? releaseRun : failRun)(pool, run, now(), error);
    throw isStopped ? stoppedRun(run) : error;
  } finally {
    clearInterval(heartbeat);
    drained.clear();
  }
}

/** Ends a run as failed, unless it has ended already. */
async function failRun(pool: Pool, run: Run, now: Date, error: unknown): Promise<void> {
  // If the ledger cannot be written either, the lease runs out; the first error is what counts.
  await finishRun(pool, run, 'failed', now, null, messageOf(error)).catch(() => undefined);
}

/** Gives a run back that was begun: somebody else does it, without having lost an attempt. */
async function releaseRun(pool: Pool, run: Held, now: Date, why: unknown): Promise<void> {
  const values = [run.runId, run.fence, now, messageOf(why)];
  await query(pool, loadSql('postgres/queries/release_run'), values).catch(() => undefined);
}

/** What a run throws that waits for its data: nobody does it before `until`; no attempt is lost. */
export function notYet(until: Date, why: string, cause?: unknown): AppError {
  return new AppError('ERR_NOT_YET', why, { cause, details: { until } });
}

async function postponeRun(pool: Pool, run: Held, why: AppError): Promise<void> {
  const values = [run.runId, run.fence, why.details.until, why.message];
  await query(pool, loadSql('postgres/queries/postpone_run'), values);
}

/** True when the run was still its holder's. */
async function finishRun(
  pool: Pool,
  run: Run,
  state: 'succeeded' | 'failed',
  now: Date,
  rowCount: number | null,
  error: string | null,
): Promise<boolean> {
  const values = [run.runId, run.fence, state, now, rowCount, error];
  return (await query(pool, loadSql('postgres/queries/finish_run'), values)).length > 0;
}

async function renewLease(pool: Pool, run: Run, now: Date): Promise<boolean> {
  const values = [run.runId, run.fence, leaseEnd(now)];
  return (await query(pool, loadSql('postgres/queries/renew_lease'), values)).length > 0;
}

/** Rejects when a stopping worker has waited for its run for long enough. */
function waitAfterStop(stop: AbortSignal | undefined, drainMs: number) {
  let timer: NodeJS.Timeout | undefined;
  let onStop: () => void = () => undefined;
  const rejected = new Promise<never>((_, reject) => {
    onStop = () => {
      timer = setTimeout(() => reject(stop?.reason), drainMs);
    };
  });
  if (stop?.aborted) onStop();
  else stop?.addEventListener('abort', onStop, { once: true });
  return {
    rejected,
    clear: () => {
      clearTimeout(timer);
      stop?.removeEventListener('abort', onStop);
    },
  };
}

function toDueRun(row: DueRow): DueRun {
  return {
    runId: row.run_id,
    job: row.job,
    clientId: row.client_id,
    slotAt: row.slot_at,
    kind: row.kind,
    params: row.params,
    fence: row.fence,
    attempts: row.attempts,
    triggeredBy: row.triggered_by,
    isLate: row.is_late,
    missedSlots: row.missed_slots,
  };
}

function leaseEnd(now: Date): Date {
  return new Date(now.getTime() + LEASE_MS);
}

/** No lease of now ends later. */
export function clockLimit(now: Date): Date {
  return new Date(now.getTime() + LEASE_MS + CLOCK_SLACK_MS);
}

function holderName(): string {
  return `${hostname()}:${process.pid}`;
}

function lostRun({ runId }: Held): AppError {
  return new AppError('ERR_RUN_LOST', `another worker has taken over run ${runId}`);
}

function stoppedRun({ job }: Run): AppError {
  return new AppError('ERR_STOPPED', `"${job}" was given back: the worker stops`);
}
