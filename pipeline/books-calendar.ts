// Keeps the books' calendar long enough for what they hold, and of one version of the zone data. The
// instants come from core/calendar; both databases join on the table and compute none themselves.
import { addDays, calendarDays, timeZoneDataVersion } from '../core/calendar.ts';
import { type Connection, type Pool, query } from '../core/postgres.ts';
import { loadSql } from '../core/sql.ts';

interface CalendarNeed extends Record<string, unknown> {
  time_zone: string;
  today: string;
  first_date: string | null;
  last_date: string | null;
  has_from: string | null;
  has_to: string | null;
  zone_data: string | null;
}

/** A zone's date is at most a day from that of UTC. */
const MARGIN_DAYS = 2;
/** Days ahead of today, so that no tick waits for the calendar. */
const AHEAD_DAYS = 62;

/** Adds the days that are missing in any client's zone, and mends those of older zone data. */
export async function keepCalendar(pool: Pool): Promise<void> {
  for (const need of await selectNeeds(pool)) {
    for (const [from, to] of missingRanges(need)) {
      await addToCalendar(pool, need.time_zone, from, to);
    }
  }
}

/** True when the calendar reaches all that the connection's snapshot sees. */
export async function reachesAll(connection: Connection): Promise<boolean> {
  return (await selectNeeds(connection)).every((need) => missingRanges(need).length === 0);
}

function selectNeeds(from: Pool | Connection): Promise<CalendarNeed[]> {
  return query<CalendarNeed>(from, loadSql('postgres/queries/select_calendar_needs'));
}

async function addToCalendar(pool: Pool, timeZone: string, from: string, to: string) {
  const days = calendarDays(timeZone, from, to);
  await query(pool, loadSql('postgres/queries/upsert_calendar_days'), [
    timeZone,
    days.map(({ date }) => date),
    days.map(({ startsAt }) => startsAt),
    days.map(({ endsAt }) => endsAt),
    timeZoneDataVersion(),
  ]);
}

/** Inclusive ranges of dates, in whole years so that they grow seldom. */
function missingRanges(need: CalendarNeed): [string, string][] {
  const { today, has_from: hasFrom, has_to: hasTo, zone_data: version } = need;
  const first = addDays(earlier(need.first_date, today), -MARGIN_DAYS);
  const last = addDays(later(need.last_date, today), AHEAD_DAYS);
  const [from, to] = [`${first.slice(0, 4)}-01-01`, `${last.slice(0, 4)}-12-31`];
  if (hasFrom === null || hasTo === null) return [[from, to]];
  // An older process leaves what a newer one has made.
  if (version !== null && version < timeZoneDataVersion())
    return [[earlier(from, hasFrom), later(to, hasTo)]];
  const ranges: [string, string][] = [];
  if (from < hasFrom) ranges.push([from, addDays(hasFrom, -1)]);
  if (to > hasTo) ranges.push([addDays(hasTo, 1), to]);
  return ranges;
}

function earlier(one: string | null, other: string): string {
  return one !== null && one < other ? one : other;
}

function later(one: string | null, other: string): string {
  return one !== null && one > other ? one : other;
}
