// The ledger of runs. A row per (job, client, slot) decides who works and what is done; leases and
// fences keep a holder that was away from finishing what another took over.
import { randomUUID } from 'node:crypto';
import { messageOf } from '../core/errors.ts';
import { type Pool, query } from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';

/** What is to be done: a job for a client (null: for all) at an instant. */
export interface RunSlot {
  job: string;
  clientId: string | null;
  slotAt: Date;
}

export interface Run extends RunSlot {
  runId: string;
  fence: bigint;
  attempts: number;
}

// A run takes seconds; one that says nothing for this long belongs to a process that is gone.
const LEASE_MS = 10 * 60_000;
// Doubling from a minute, ten attempts reach over eight hours: a morning, not a week.
const ATTEMPTS_MAX = 10;
const RETRY_AFTER_SECONDS = 60;

/** Claims a slot, or returns undefined when it is done, being done, or given up. */
export async function claimRun(pool: Pool, slot: RunSlot, now: Date): Promise<Run | undefined> {
  const [row] = await query<{ run_id: string; fence: bigint; attempts: number }>(
    pool,
    loadSql('postgres/queries/claim_run'),
    [
      randomUUID(),
      slot.job,
      slot.clientId,
      slot.slotAt,
      now,
      new Date(now.getTime() + LEASE_MS),
      ATTEMPTS_MAX,
      RETRY_AFTER_SECONDS,
    ],
  );
  if (row === undefined) return undefined;
  return { ...slot, runId: row.run_id, fence: row.fence, attempts: row.attempts };
}

/**
 * Runs `work` for a claimed run and writes its end into the ledger. An error ends the run as failed
 * and is thrown on.
 */
export async function executeRun<T>(
  pool: Pool,
  run: Run,
  now: () => Date,
  work: () => Promise<{ rowCount: number; value: T }>,
): Promise<T> {
  let done: { rowCount: number; value: T };
  try {
    done = await work();
  } catch (error) {
    await failRun(pool, run, now(), error);
    throw error;
  }
  await finishRun(pool, run, 'succeeded', now(), done.rowCount, null);
  return done.value;
}

/** Ends a run as failed, unless it has ended already. */
export async function failRun(pool: Pool, run: Run, now: Date, error: unknown): Promise<void> {
  // If the ledger cannot be written either, the lease runs out; the first error is what counts.
  await finishRun(pool, run, 'failed', now, null, messageOf(error)).catch(() => undefined);
}

async function finishRun(
  pool: Pool,
  run: Run,
  state: 'succeeded' | 'failed',
  now: Date,
  rowCount: number | null,
  error: string | null,
): Promise<void> {
  const values = [run.runId, run.fence, state, now, rowCount, error];
  await query(pool, loadSql('postgres/queries/finish_run'), values);
}
