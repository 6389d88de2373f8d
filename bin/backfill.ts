// Backfills a job: does the past slots of a range that were never done. Mails nothing unless asked.
import { instantOf } from '../core/calendar.ts';
import { AppError, messageOf } from '../core/errors.ts';
import { askForRuns, listPastSlots, type PastSlot, type RunState } from '../pipeline/asked-runs.ts';
import type { Job } from '../pipeline/jobs.ts';
import type { TickDeps } from '../reports/due-reports.ts';
import { openTickSession } from '../reports/due-reports.ts';
import { makeJobKinds, reportOfSlot } from '../reports/job-kinds.ts';
import { utc } from './job-tables.ts';
import { printTable } from './print.ts';
import { doAskedRuns } from './run-jobs.ts';

export interface BackfillOptions {
  from: string;
  to: string;
  mail?: true;
  dryRun?: true;
}

/** What a slot's state in the ledger means for a backfill. */
const LEFT_ALONE: Record<string, string> = {
  succeeded: 'done already',
  running: 'under way',
  due: 'due, the worker does it',
};

/** Resolves with the ended runs, or undefined where there is nothing to do. */
export async function backfillJob(
  deps: TickDeps,
  job: Job,
  { from, to, mail, dryRun }: BackfillOptions,
): Promise<RunState[] | undefined> {
  if (!makeJobKinds(deps, openTickSession(deps))[job.kind]?.isBackfilled) {
    throw new AppError('ERR_USAGE', `"${job.job}" does the same whatever its slot`, {
      fix: `run it once: npm run daybook -- jobs run ${job.job}`,
    });
  }
  const range = {
    from: readDay('--from', from, job.timeZone),
    to: readDay('--to', to, job.timeZone),
    now: deps.now(),
  };
  if (range.from >= range.to) throw new AppError('ERR_USAGE', '--from must lie before --to');
  const slots = await listPastSlots(deps.pool, job, range);
  if (slots.length === 0 || dryRun) return void (await printPlan(deps, job, slots));
  const params = { ...job.params, isMailed: mail === true };
  const open = slots.filter(({ state }) => LEFT_ALONE[state ?? ''] === undefined);
  const instants = open.map(({ slotAt }) => slotAt);
  const runs = await askForRuns(deps.pool, job, instants, 'backfill', params);
  console.log(`${slots.length} slots, ${slots.length - runs.length} of them left as they are.`);
  if (runs.length === 0) return undefined;
  const mailClient = mail ? (job.clientId ?? undefined) : undefined;
  return doAskedRuns(deps, { runs, mailClient }, process.stdout);
}

async function printPlan(deps: TickDeps, job: Job, slots: PastSlot[]): Promise<void> {
  const rows: string[][] = [];
  for (const { slotAt, state } of slots) {
    const { period } = await reportOfSlot(deps, { ...job, slotAt });
    rows.push([utc(slotAt), period.key, LEFT_ALONE[state ?? ''] ?? 'would run']);
  }
  printTable(['slot (UTC)', 'period', ''], rows, 'The job has no slot in these days.');
}

function readDay(option: string, text: string, timeZone: string): Date {
  try {
    if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return instantOf(text, '00:00', timeZone);
  } catch (cause) {
    throw badDay(option, text, cause);
  }
  throw badDay(option, text);
}

function badDay(option: string, text: string, cause?: unknown): AppError {
  const why = cause === undefined ? '' : `: ${messageOf(cause)}`;
  return new AppError('ERR_USAGE', `${option} "${text}" is no day${why}`, {
    fix: 'give a day such as 2025-03-01',
  });
}
