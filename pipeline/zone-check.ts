// Compares the zone data of Node, which the calendar comes from, with those of Postgres and of DuckDB.
// A difference is a warning: figures use the calendar; only what is asked past it can be otherwise.
import { addDays, type CalendarDay, calendarDays, timeZoneDataVersion } from '../core/calendar.ts';
import { messageOf } from '../core/errors.ts';
import { type Pool, query } from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';
import type { Warehouse } from './warehouse.ts';

export interface ZoneDifference {
  timeZone: string;
  database: 'Postgres' | 'DuckDB';
  /** The first day that starts at another instant there; null where the zone is unknown. */
  firstDate: string | null;
  /** How many days of those compared do. */
  days: number;
}

interface Databases {
  pool: Pool;
  warehouse: Warehouse;
}

interface WrongDays {
  first_date: string | null;
  days: number;
}

/** Compares every client's zone from a year before `today` to two years after. */
export async function checkClientZones(
  databases: Databases,
  today: string,
): Promise<{ zones: number; differences: ZoneDifference[] }> {
  const zones = await query<{ time_zone: string }>(
    databases.pool,
    loadSql('postgres/queries/select_zones'),
  );
  const differences: ZoneDifference[] = [];
  for (const { time_zone: timeZone } of zones) {
    const days = calendarDays(timeZone, addDays(today, -365), addDays(today, 2 * 365 + 1));
    differences.push(...(await compareZone(databases, timeZone, days)));
  }
  return { zones: zones.length, differences };
}

/** Says where each database differs from the days given. */
export async function compareZone(
  { pool, warehouse }: Databases,
  timeZone: string,
  days: CalendarDay[],
): Promise<ZoneDifference[]> {
  // A day that a zone left out has no instant that could be dated.
  const compared = days.filter(({ startsAt, endsAt }) => startsAt !== endsAt);
  const dates = compared.map(({ date }) => date);
  const starts = compared.map(({ startsAt }) => startsAt);
  const inPostgres = query<WrongDays & Record<string, unknown>>(
    pool,
    loadSql('postgres/queries/select_wrong_days'),
    [timeZone, dates, starts],
  );
  const inDuckDb = warehouse.rows<WrongDays>(loadSql('duckdb/calendar/wrong_days'), {
    time_zone: timeZone,
    dates: `[${dates.join(', ')}]`,
    starts_at: `[${starts.join(', ')}]`,
  });
  const found = [
    { database: 'Postgres', ...(await toWrongDays(inPostgres)) },
    { database: 'DuckDB', ...(await toWrongDays(inDuckDb)) },
  ] as const;
  return found
    .filter(({ isUnknown, days: count }) => isUnknown || count > 0)
    .map(({ database, firstDate, days: count }) => ({
      ...{ timeZone, database, firstDate, days: count },
    }));
}

async function toWrongDays(answer: Promise<WrongDays[]>) {
  try {
    const [row] = await answer;
    return { firstDate: row?.first_date ?? null, days: row?.days ?? 0, isUnknown: false };
  } catch (error) {
    // `time zone "X" not recognized` and `Unknown TimeZone 'X'`.
    if (!/time zone .* not recognized|Unknown TimeZone/.test(messageOf(error))) throw error;
    return { firstDate: null, days: 0, isUnknown: true };
  }
}

/** One line for people, with what it means. */
export function describeDifference({
  timeZone,
  database,
  firstDate,
  days,
}: ZoneDifference): string {
  const others = days > 1 ? ` and ${days - 1} later days` : '';
  const what =
    firstDate === null
      ? `${database} does not know the zone ${timeZone}`
      : `${database} starts ${firstDate}${others} in ${timeZone} at another time than the calendar`;
  return (
    `${what} (zone data ${timeZoneDataVersion()}). Figures and reports use the calendar and agree; ` +
    `SQL of your own that names the zone in ${database} does not. Bring the older zone data up to date.`
  );
}
