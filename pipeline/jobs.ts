// The jobs in Postgres: what recurs, when, and what becomes of missed slots. What a kind of job does
// is told by whoever runs it.
import { isTimeZone, spellTimeZone } from '../core/calendar.ts';
import { AppError, messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { type Pool, query } from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';
import { parseCron } from './cron.ts';
import { HOLIDAY_RULES, type HolidayRule, nextSlot } from './occurrences.ts';
import type { DueRun, RunContext } from './runs.ts';
import { type PlannedJob, POLICIES, type Policy } from './schedule.ts';

export interface JobKey {
  job: string;
  /** Null: a job of no client, for all. */
  clientId: string | null;
}

export interface Job extends JobKey {
  kind: string;
  params: Record<string, unknown>;
  pausedAt: Date | null;
  timeZone: string;
  policy: Policy;
  onHoliday: HolidayRule;
  /** As it is stored; null for a job that works at every wake and has no slots. */
  cronText: string | null;
  /** What the planner needs; undefined where there are no slots. */
  recurrence: PlannedJob | undefined;
}

/** What doing a run gives: the rows that it was about. */
export interface WorkResult {
  rowCount: number;
}

/** One kind of job: adding one is adding an entry to the kinds, and its job where it is built in. */
export interface JobKind {
  /**
   * Does the work of a run. It may be tried again after any failure; what it commits is to be held
   * with `holdRun`, so that a holder that was away takes no effect.
   */
  work(run: DueRun, context: RunContext): Promise<WorkResult>;
  /** Past slots have a meaning of their own, such as the reports of past periods. */
  isBackfilled?: boolean;
}

export type JobKinds = Readonly<Record<string, JobKind>>;

/** A job that every installation has. */
export interface BuiltInJob {
  job: string;
  kind: string;
  cron: string | null;
  policy?: Policy;
}

const CLIENT_ZONE = 'client';

interface JobRow extends Record<string, unknown> {
  job: string;
  client_id: string | null;
  kind: string;
  params: Record<string, unknown>;
  cron: string | null;
  policy: Policy;
  on_holiday: HolidayRule;
  paused_at: Date | null;
  created_at: Date;
  last_slot_at: Date | null;
  time_zone: string;
  holidays: string[];
}

/** Every job. One whose row was spoilt by hand is logged and has no slots; it stops no other. */
export async function loadJobs(pool: Pool, log: Log): Promise<Job[]> {
  const rows = await query<JobRow>(pool, loadSql('postgres/queries/select_jobs'));
  return rows.map((row) => {
    const { job, client_id: clientId } = row;
    try {
      return toJob(row);
    } catch (error) {
      log.error('job.unreadable', { job, clientId, message: messageOf(error) });
      return { ...toJob({ ...row, cron: null }), cronText: row.cron };
    }
  });
}

/** So the first refresh need not wait for its next slot. */
const MOMENT_MS = 5 * 60_000;

/** Adds the built-in jobs that are missing; a slot of theirs that came a moment ago is due. */
export async function addMissingJobs(
  pool: Pool,
  jobs: Job[],
  builtIn: readonly BuiltInJob[],
  now: Date,
): Promise<boolean> {
  const known = new Set(jobs.filter(({ clientId }) => clientId === null).map(({ job }) => job));
  const missing = builtIn.filter(({ job }) => !known.has(job));
  for (const { job, kind, cron, policy = 'coalesce' } of missing) {
    const createdAt = new Date(now.getTime() - MOMENT_MS);
    const values = [job, null, kind, {}, cron, policy, createdAt];
    await query(pool, loadSql('postgres/queries/insert_job'), values);
  }
  return missing.length > 0;
}

/** Finds a job by its name, and by its client where several have it. Throws ERR_NOT_FOUND. */
export function findJob(jobs: Job[], name: string, clientId: string | undefined): Job {
  const named = jobs.filter(({ job }) => job === name.trim().replaceAll(/\s+/g, ' '));
  const found = named.filter((job) => clientId === undefined || job.clientId === clientId);
  const [one] = found;
  if (one !== undefined && found.length === 1) return one;
  const list = 'see: npm run daybook -- jobs list';
  if (named.length === 0)
    throw new AppError('ERR_NOT_FOUND', `there is no job "${name}"`, { fix: list });
  if (found.length > 1) {
    throw new AppError('ERR_USAGE', `several clients have a job "${name}"`, {
      fix: `add one of: ${found.map((job) => `--client ${job.clientId}`).join(', ')}`,
    });
  }
  throw new AppError('ERR_NOT_FOUND', `client "${clientId}" has no job "${name}"`, { fix: list });
}

/** Pauses a job: slots that come meanwhile are not planned. False when it was paused already. */
export async function pauseJob(pool: Pool, { job, clientId }: JobKey, now: Date): Promise<boolean> {
  const sql = loadSql('postgres/queries/pause_job');
  return (await query(pool, sql, [job, clientId, now])).length > 0;
}

/** Lets a paused job go on from its next slot. False when it was not paused. */
export async function resumeJob(
  pool: Pool,
  { job, clientId }: JobKey,
  now: Date,
): Promise<boolean> {
  const sql = loadSql('postgres/queries/resume_job');
  return (await query(pool, sql, [job, clientId, now])).length > 0;
}

/** What of a job can be set; what is undefined stays. */
export interface JobChange {
  cron?: string | undefined;
  /** A zone, or `client` for the client's own. */
  timeZone?: string | undefined;
  policy?: string | undefined;
  onHoliday?: string | undefined;
}

/** Changes when a job comes, from its next slot on. Throws ERR_USAGE naming field and value. */
export async function changeJob(pool: Pool, job: Job, change: JobChange, now: Date): Promise<void> {
  if (job.cronText === null) {
    throw new AppError('ERR_USAGE', `"${job.job}" works at every wake and has no slots to set`, {
      fix: 'pause and resume are what it has',
    });
  }
  const cron = parseCron(change.cron ?? job.cronText);
  const isOwnZone = change.timeZone === CLIENT_ZONE;
  const zone = isOwnZone ? undefined : change.timeZone && readZone(change.timeZone);
  const policy = pick('policy', change.policy ?? job.policy, POLICIES);
  const onHoliday = pick('on-holiday', change.onHoliday ?? job.onHoliday, HOLIDAY_RULES);
  const holidays = job.recurrence?.holidays ?? new Set();
  const timeZone = zone ?? readZone(job.timeZone);
  if (nextSlot({ cron, timeZone, onHoliday, holidays }, now) === undefined)
    throw new AppError(
      'ERR_USAGE',
      `with "${cron.text}" and its holidays "${job.job}" never comes`,
    );
  const keepsZone = change.timeZone === undefined;
  await query(pool, loadSql('postgres/queries/change_job'), [
    job.job,
    job.clientId,
    cron.text,
    keepsZone,
    zone ?? null,
    policy,
    onHoliday,
    now,
  ]);
}

function toJob(row: JobRow): Job {
  const { time_zone: timeZone, policy, on_holiday: onHoliday } = row;
  const shared = { timeZone, policy, onHoliday };
  const isScheduled = row.cron !== null;
  return {
    ...shared,
    job: row.job,
    clientId: row.client_id,
    kind: row.kind,
    params: row.params,
    pausedAt: row.paused_at,
    cronText: row.cron,
    recurrence: isScheduled
      ? {
          ...shared,
          timeZone: readZone(timeZone),
          cron: parseCron(row.cron ?? ''),
          holidays: new Set(row.holidays),
          createdAt: row.created_at,
          lastSlotAt: row.last_slot_at,
        }
      : undefined,
  };
}

function readZone(name: string): string {
  if (isTimeZone(name)) return spellTimeZone(name);
  throw new AppError('ERR_USAGE', `the zone "${name}" is unknown`, {
    details: { field: 'zone', value: name },
    fix: 'give a name of the time-zone data, such as Europe/Vienna or UTC',
  });
}

function pick<T extends string>(field: string, value: string, known: readonly T[]): T {
  const found = known.find((one) => one === value);
  if (found !== undefined) return found;
  throw new AppError('ERR_USAGE', `the ${field} "${value}" is unknown`, {
    details: { field, value },
    fix: `choose one of: ${known.join(', ')}`,
  });
}
