// The tables of `daybook jobs`. Instants are shown in UTC.
import { type Pool, query } from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';
import type { Job } from '../pipeline/jobs.ts';
import { nextSlot } from '../pipeline/occurrences.ts';
import { planSlots } from '../pipeline/schedule.ts';
import { printTable } from './print.ts';

/** `2025-03-18 07:00`. */
export function utc(instant: unknown): string {
  return instant instanceof Date ? instant.toISOString().slice(0, 16).replace('T', ' ') : '';
}

export async function printJobs(pool: Pool, jobs: Job[], now: Date): Promise<void> {
  const recent = await query(pool, loadSql('postgres/queries/select_recent_runs'));
  const last = new Map(recent.map((row) => [`${row.job} ${row.client_id ?? ''}`, row]));
  printTable(
    [
      ...['job', 'client', 'when', 'zone', 'missed slots', 'holidays'],
      ...['next (UTC)', 'last (UTC)', 'state'],
    ],
    jobs.map((job) => {
      const run = last.get(`${job.job} ${job.clientId ?? ''}`);
      const isAlways = job.cronText === null;
      return [
        job.job,
        job.clientId ?? 'all',
        job.cronText ?? 'at every wake',
        isAlways ? '' : job.timeZone,
        isAlways ? '' : job.policy,
        isAlways ? '' : job.onHoliday,
        describeNext(job, now),
        utc(run?.slot_at),
        String(run?.state ?? ''),
      ];
    }),
  );
}

function describeNext({ cronText, pausedAt, recurrence }: Job, now: Date): string {
  if (pausedAt !== null) return 'paused';
  if (recurrence === undefined) return cronText === null ? '' : 'unreadable';
  return utc(nextSlot(recurrence, now)) || 'never';
}

/** What the worker would plan at this moment. */
export function printDueSlots(jobs: Job[], now: Date): void {
  const due = jobs.flatMap((job) =>
    job.recurrence === undefined || job.pausedAt !== null
      ? []
      : planSlots(job.recurrence, now).map((slot) => ({ job, slot })),
  );
  printTable(
    ['job', 'client', 'slot (UTC)', '', 'missed before it'],
    due.map(({ job, slot }) => [
      job.job,
      job.clientId ?? 'all',
      utc(slot.slotAt),
      slot.state === 'skipped' ? 'dropped' : slot.isLate ? 'late' : 'on time',
      String(slot.missedSlots),
    ]),
    'Nothing is due that has not been planned.',
  );
}

export async function printHistory(
  pool: Pool,
  { job, client, limit }: { job: string | undefined; client: string | undefined; limit: number },
): Promise<void> {
  const sql = loadSql('postgres/queries/select_run_history');
  const rows = await query(pool, sql, [job ?? null, client ?? null, limit]);
  printTable(
    ['job', 'client', 'slot (UTC)', 'by', 'late', 'state', 'attempts', 'took', 'rows', 'error'],
    rows.map((row) => [
      String(row.job),
      String(row.client_id ?? 'all'),
      utc(row.slot_at),
      String(row.triggered_by),
      describeLate(Boolean(row.is_late), Number(row.missed_slots)),
      String(row.state),
      String(row.attempts),
      row.seconds === null ? '' : `${Number(row.seconds).toFixed(1)} s`,
      String(row.row_count ?? ''),
      String(row.error ?? '').split('\n')[0] ?? '',
    ]),
    'Nothing has run yet.',
  );
}

function describeLate(isLate: boolean, missedSlots: number): string {
  const missed = missedSlots === 0 ? '' : `, for ${missedSlots} more`;
  return isLate ? `late${missed}` : missed.slice(2);
}
