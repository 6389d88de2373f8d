// A scheduler in a process of its own, for the tests that race, stop and kill it: the real planner, ledger
// and dispatch, with work that leaves an effect which can be counted. Its protections can be taken away.
import { setTimeout as sleep } from 'node:timers/promises';
import { createLog } from '../core/log.ts';
import { type Connection, createPool, query, withTransaction } from '../core/postgres.ts';
import { planDueSlots, workOff } from '../pipeline/dispatch.ts';
import { loadJobs } from '../pipeline/jobs.ts';
import { type DueRun, holdRun } from '../pipeline/runs.ts';

export interface SchedulerOptions {
  url: string;
  /** Undefined: the clock of the process. */
  startsAt?: number;
  /** When `startsAt` was, by the clock of the process. */
  startedAt?: number;
  /** Between the claim and the effect. */
  workMs: number;
  /** Between two looks. */
  lookMs: number;
  /** `fenced` is the real thing. */
  guard: 'fenced' | 'unfenced' | 'advisory lock';
}

const INSERT = 'insert into effects (job, slot_at, late, process) values ($1, $2, $3, $4)';
const [options] = process.argv.slice(2).map((text) => JSON.parse(text) as SchedulerOptions);
if (options === undefined) throw new Error('a scheduler needs its options');
const { url, workMs, lookMs, guard, startsAt, startedAt } = options;
const log = createLog({ level: 'error' });
const pool = createPool({ url, applicationName: 'tests', log, max: 3 });
const now = () =>
  startsAt === undefined || startedAt === undefined
    ? new Date()
    : new Date(startsAt + Date.now() - startedAt);

const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
process.stdout.write('started\n');
while (!stop.signal.aborted) {
  const jobs = await loadJobs(pool, log);
  await planDueSlots({ pool, log }, jobs, now());
  if (guard === 'advisory lock') await workUnderLock();
  else await workOff({ pool, now, log, stop: stop.signal }, { k: { work } });
  await sleep(lookMs);
}
await pool.end();

async function work(run: DueRun): Promise<{ rowCount: number }> {
  process.stdout.write(`begun ${run.attempts}\n`);
  await sleep(workMs);
  await withTransaction(pool, {}, async (connection) => {
    if (guard === 'fenced') await holdRun(connection, run);
    await leaveEffect(connection, run);
  }).finally(() => process.stdout.write('tried\n'));
  return { rowCount: 1 };
}

/** As schedulers without a ledger do: whoever has the lock of a slot that is due does it. */
async function workUnderLock(): Promise<void> {
  const due = await query<{ job: string; slot_at: Date; is_late: boolean }>(
    pool,
    `select job, slot_at, is_late from runs where state = 'due' order by slot_at, job limit 1`,
  );
  for (const { job, slot_at: slotAt, is_late: isLate } of due) {
    await withTransaction(pool, {}, async (connection) => {
      const key = `${job} ${slotAt.toISOString()}`;
      const sql = 'select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as locked';
      const [row] = await query<{ locked: boolean }>(connection, sql, [key]);
      if (row?.locked !== true) return;
      await sleep(workMs);
      await leaveEffect(connection, { job, slotAt, isLate });
    });
    const end = `update runs set state = 'succeeded' where job = $1 and slot_at = $2`;
    await query(pool, end, [job, slotAt]);
  }
}

async function leaveEffect(
  connection: Connection,
  { job, slotAt, isLate }: Pick<DueRun, 'job' | 'slotAt' | 'isLate'>,
): Promise<void> {
  await query(connection, INSERT, [job, slotAt, isLate, process.pid]);
}
