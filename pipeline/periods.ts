// Notes the figures of every period once it is closed: all data up to its end was copied, and the
// grace for what comes late has passed. A figure that changes afterwards is a restatement, on record.
import { type Pool, query } from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';
import type { Warehouse } from './warehouse.ts';

/** How long after its end a period stays open for what comes late. */
export const GRACE_MINUTES = 60;

/** What a restatement is put down to, by the table whose rows changed. */
const REASONS: Record<string, string> = {
  all: 'rebuilt',
  client_zones: 'another zone or week',
  cost_adjustments: 'repriced',
  error_logs: 'late errors',
  sms_messages: 'texts and their prices',
  task_calls: 'late tasks',
  tasks: 'late tasks',
  tombstones: 'erased',
  usage_events: 'late calls',
};

interface ClosedPeriod {
  client_id: string;
  period_kind: string;
  period_start: string;
  ends_at: string;
  row_count: string;
  sources: string;
  [measure: string]: string;
}

/** The beginning of time, for a warehouse that was never copied before. */
const NEVER = '2000-01-01T00:00:00Z';

/** Settles what changed or closed since `closedBefore`; returns how many figures were restated. */
export async function settlePeriods(
  pool: Pool,
  warehouse: Warehouse,
  { asOf, closedBefore }: { asOf: string; closedBefore: string | undefined },
): Promise<number> {
  const periods = await warehouse.rows<ClosedPeriod>(loadSql('duckdb/calendar/closed_periods'), {
    as_of: asOf,
    closed_before: closedBefore ?? NEVER,
    grace_minutes: GRACE_MINUTES,
  });
  if (periods.length === 0) return 0;
  const [settled] = await query<{ restated: number }>(
    pool,
    loadSql('postgres/queries/settle_periods'),
    [
      ...['client_id', 'period_kind', 'period_start', 'ends_at'].map((column) =>
        periods.map((period) => period[column]),
      ),
      periods.map(totalsOf),
      periods.map((period) => period.row_count),
      periods.map(({ sources }) => reasonOf(sources)),
      asOf,
      closedUpTo(closedBefore ?? NEVER),
    ],
  );
  return settled?.restated ?? 0;
}

/** Periods that end by then are closed as of a copy of that instant. */
function closedUpTo(asOf: string): Date {
  return new Date(Date.parse(asOf) - GRACE_MINUTES * 60_000);
}

function totalsOf(period: ClosedPeriod): string {
  const { client_id, period_kind, period_start, ends_at, row_count, sources, ...totals } = period;
  return JSON.stringify(totals);
}

function reasonOf(sources: string): string {
  const reasons = sources.split(', ').map((source) => REASONS[source] ?? 'rebuilt');
  return [...new Set(reasons)].join(', ');
}
