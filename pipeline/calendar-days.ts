// Keeps the warehouse's calendar long enough for the events it holds. The boundaries come from
// core/calendar; a new version of the zone data replaces them all.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addDays, calendarDays, timeZoneDataVersion } from '../core/calendar.ts';
import { loadSql } from '../core/sql.ts';
import type { Warehouse } from './warehouse.ts';

interface CalendarNeed {
  time_zone: string;
  needs_from: string;
  needs_to: string;
  has_from: string | null;
  has_to: string | null;
}

/** Adds the missing days of every client's zone. */
export async function extendCalendar(
  warehouse: Warehouse,
  zoneDataBefore: string | undefined,
): Promise<void> {
  if (zoneDataBefore !== timeZoneDataVersion())
    await warehouse.run('delete from raw.calendar_days');
  const needs = await warehouse.rows<CalendarNeed>(loadSql('duckdb/checks/select_calendar_needs'));
  const missing = needs.flatMap((need) =>
    missingRanges(need).flatMap(([from, to]) => calendarDays(need.time_zone, from, to)),
  );
  if (missing.length === 0) return;
  const file = join(warehouse.stagingDir, 'calendar_days.csv');
  const lines = missing.map((day) => [day.timeZone, day.date, day.startsAt, day.endsAt].join(','));
  writeFileSync(file, `${lines.join('\n')}\n`);
  try {
    await warehouse.run(
      `insert into raw.calendar_days select * from read_csv($file::varchar, header = false,
         auto_detect = false, delim = ',', columns = {'time_zone': 'varchar',
         'calendar_date': 'date', 'starts_at': 'timestamptz', 'ends_at': 'timestamptz'})`,
      { file },
    );
  } finally {
    rmSync(file, { force: true });
  }
}

/** The gaps before and after what is there, as inclusive date ranges. */
function missingRanges(need: CalendarNeed): [string, string][] {
  const { has_from: from, has_to: to } = need;
  if (from === null || to === null) return [[need.needs_from, need.needs_to]];
  const ranges: [string, string][] = [];
  if (need.needs_from < from) ranges.push([need.needs_from, addDays(from, -1)]);
  if (need.needs_to > to) ranges.push([addDays(to, 1), need.needs_to]);
  return ranges;
}
