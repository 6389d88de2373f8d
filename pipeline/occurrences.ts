// Pure: the instants of a cron expression in a zone, over the nights when clocks change and around
// holidays. Whether a slot is still to be run is for schedule.ts.
import {
  addDays,
  type CalendarDay,
  calendarDays,
  instantOf,
  instantsOf,
  localDate,
} from '../core/calendar.ts';
import { type Cron, isBusinessDay, isCronDate } from './cron.ts';

/** What becomes of a slot whose date is a holiday: `move` takes it to the next business day. */
export const HOLIDAY_RULES = ['run', 'skip', 'move'] as const;
export type HolidayRule = (typeof HOLIDAY_RULES)[number];

export interface Recurrence {
  cron: Cron;
  timeZone: string;
  onHoliday: HolidayRule;
  /** ISO dates. */
  holidays: ReadonlySet<string>;
}

const DAY_MS = 24 * 3_600_000;
const MINUTE_MS = 60_000;
/** A 29 February can be eight years away; a holiday rule may take it eight more. */
const AHEAD_DAYS_MAX = 16 * 366;

/** The newest `max` slots in `(after, until]`, oldest first. */
export function slotsBetween(
  recurrence: Recurrence,
  after: Date,
  until: Date,
  max: number,
): Date[] {
  const found = new Set<number>();
  if (until <= after) return [];
  const { timeZone } = recurrence;
  const firstDate = localDate(after, timeZone);
  for (
    let date = localDate(until, timeZone);
    date >= firstDate && found.size < max;
    date = addDays(date, -1)
  ) {
    for (const slot of slotsOn(recurrence, date))
      if (slot > after.getTime() && slot <= until.getTime()) found.add(slot);
  }
  const slots = [...found].sort((left, right) => left - right);
  return slots.slice(-max).map((slot) => new Date(slot));
}

/** The first slot after an instant, or undefined when its holidays leave none. */
export function nextSlot(recurrence: Recurrence, after: Date): Date | undefined {
  let date = localDate(after, recurrence.timeZone);
  for (let days = 0; days < AHEAD_DAYS_MAX; days += 1, date = addDays(date, 1)) {
    const slots = slotsOn(recurrence, date).filter((slot) => slot > after.getTime());
    if (slots.length > 0) return new Date(Math.min(...slots));
  }
  return undefined;
}

/**
 * The slots of a local date. A time that its clocks skip comes as much later; one that they show
 * twice counts the first time, unless the job runs every hour: then each real hour has its slots.
 */
function slotsOn(recurrence: Recurrence, date: string): number[] {
  if (!hasSlots(recurrence, date)) return [];
  const { cron, timeZone } = recurrence;
  const day = dayOf(timeZone, date);
  const startsAt = Date.parse(day.startsAt);
  const length = Date.parse(day.endsAt) - startsAt;
  // Pacific/Apia had no 30 December 2011.
  if (length <= 0) return [];
  return cron.hours.flatMap((hour) =>
    cron.minutes.flatMap((minute) => {
      if (length === DAY_MS) return startsAt + (hour * 60 + minute) * MINUTE_MS;
      const time = `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
      const instants = cron.isEveryHour
        ? instantsOf(date, time, timeZone)
        : [instantOf(date, time, timeZone)];
      return instants.map((instant) => instant.getTime());
    }),
  );
}

function hasSlots({ cron, onHoliday, holidays }: Recurrence, date: string): boolean {
  const isOwn = isCronDate(cron, date, holidays);
  if (onHoliday === 'run') return isOwn;
  if (isOwn && !holidays.has(date)) return true;
  if (onHoliday === 'skip' || !isBusinessDay(date, holidays)) return false;
  // The holidays right before it, over the weekend too, have moved their slots here.
  let before = addDays(date, -1);
  for (; !isBusinessDay(before, holidays); before = addDays(before, -1)) {
    if (holidays.has(before) && isCronDate(cron, before, holidays)) return true;
  }
  return false;
}

// The planner asks for the same few days of the same few zones, every fifteen seconds.
const KEPT_DAYS_MAX = 5_000;
const keptDays = new Map<string, CalendarDay>();

function dayOf(timeZone: string, date: string): CalendarDay {
  const key = `${timeZone} ${date}`;
  const kept = keptDays.get(key);
  if (kept !== undefined) return kept;
  const [day] = calendarDays(timeZone, date, date) as [CalendarDay];
  if (keptDays.size >= KEPT_DAYS_MAX) keptDays.clear();
  keptDays.set(key, day);
  return day;
}
