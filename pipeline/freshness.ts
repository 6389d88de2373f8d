// How far the warehouse's data reach, and with that whether a period is closed: all data up to its end
// were copied, and the grace for what comes late has passed. What waits for it decides by `readiness`.
import { addDays, calendarDays, localDate, type Period } from '../core/calendar.ts';
import { type Pool, query } from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';
import { readCopyState } from './copy.ts';
import { GRACE_MINUTES } from './periods.ts';
import type { Warehouse } from './warehouse.ts';

/** A scheduled report waits so long for its period to close, then it is sent and says what it lacks. */
export const HELD_MS_MAX = 6 * 3_600_000;
const GRACE_MS = GRACE_MINUTES * 60_000;
const ASK_AGAIN_MS = 60_000;

export interface PeriodBounds {
  /** UTC instants of the client's own days. */
  startsAt: string;
  endsAt: string;
}

/** Where the data of a warehouse stand for a period of a client. */
export interface Freshness {
  /** Everything up to here was copied, by the clock that decides what is due. */
  dataAt: string;
  /** The client's day of that instant. */
  dataDate: string;
  /** The end of the period. */
  endsAt: string;
}

export type Readiness =
  /** All data up to its end are there, and what comes late has had its time. */
  | { state: 'closed' }
  /** Wait, and ask again then. */
  | { state: 'held'; until: Date }
  /** It has waited for long enough: go on, and say how far the data reach. */
  | { state: 'overdue' };

interface Counted {
  id: string;
  timeZone: string;
}

/** Pure: may what stands on a period be made from data of `dataAt`? It was to be made at `dueAt`. */
export function readiness(
  { endsAt, dataAt }: Pick<Freshness, 'endsAt' | 'dataAt'>,
  dueAt: Date,
  now: Date,
): Readiness {
  if (isClosed({ endsAt, dataAt })) return { state: 'closed' };
  const deadline = dueAt.getTime() + HELD_MS_MAX;
  if (now.getTime() >= deadline) return { state: 'overdue' };
  const next = Math.max(closingTime(endsAt), now.getTime() + ASK_AGAIN_MS);
  return { state: 'held', until: new Date(Math.min(next, deadline)) };
}

/** True once all data up to the end are there, and the grace for what comes late has passed. */
export function isClosed({ endsAt, dataAt }: Pick<Freshness, 'endsAt' | 'dataAt'>): boolean {
  return Date.parse(dataAt) >= closingTime(endsAt);
}

function closingTime(endsAt: string): number {
  return Date.parse(endsAt) + GRACE_MS;
}

/** Loads what `readiness` asks for. `now` is that of the caller's clock, which need not be Postgres'. */
export async function loadFreshness(
  pool: Pool,
  warehouse: Warehouse,
  client: Counted,
  period: Period,
  now: Date,
): Promise<Freshness> {
  const dataAt = await loadDataInstant(pool, warehouse, now);
  const [day] = await warehouse.rows<{ business_date: string }>(
    loadSql('duckdb/reports/day_of_instant'),
    { client_id: client.id, instant: dataAt.toISOString() },
  );
  return {
    dataAt: dataAt.toISOString(),
    dataDate: day?.business_date ?? localDate(dataAt, client.timeZone),
    endsAt: (await loadBounds(warehouse, client, period)).endsAt,
  };
}

/**
 * The age of the copy is by Postgres' clock alone, so that two clocks that differ make no data look
 * older or newer than they are.
 */
async function loadDataInstant(pool: Pool, warehouse: Warehouse, now: Date): Promise<Date> {
  const state = await readCopyState(warehouse);
  if (state === undefined) return new Date(0);
  const sql = loadSql('postgres/queries/select_age');
  const [row] = await query<{ age_ms: bigint }>(pool, sql, [state.as_of]);
  return new Date(now.getTime() - Number(row?.age_ms ?? 0));
}

interface BoundsRow {
  starts_at: string | null;
  ends_at: string | null;
  last_date: string | null;
}

/** By the calendar that dated the rows; where it does not reach, by the client's zone of today. */
export async function loadBounds(
  warehouse: Warehouse,
  { id, timeZone }: Counted,
  { start, end }: Period,
): Promise<PeriodBounds> {
  const [row] = await warehouse.rows<BoundsRow>(loadSql('duckdb/reports/period_bounds'), {
    client_id: id,
    range_from: start,
    range_until: end,
  });
  const reaches = row?.last_date === addDays(end, -1);
  const edge = (date: string) => calendarDays(timeZone, date, date)[0]?.startsAt ?? '';
  return {
    startsAt: row?.starts_at ?? edge(start),
    endsAt: (reaches ? row.ends_at : null) ?? edge(end),
  };
}
