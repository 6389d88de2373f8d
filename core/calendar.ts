// The one calendar: days, weeks, months and their instants in a zone. Pure; every other place that
// needs a boundary gets it from here, because Postgres, Node and DuckDB carry different zone data.
import { Temporal } from 'temporal-polyfill';
import { AppError, messageOf } from './errors.ts';

export const PERIOD_KINDS = ['day', 'week', 'month'] as const;
export type PeriodKind = (typeof PERIOD_KINDS)[number];

/** Half-open range of business days, `[start, end)`, as ISO dates. */
export interface Period {
  kind: PeriodKind;
  key: string;
  start: string;
  end: string;
}

/** A business day of a zone as UTC instants, `[startsAt, endsAt)`: 23, 24, 25 or other hours. */
export interface CalendarDay {
  timeZone: string;
  date: string;
  startsAt: string;
  endsAt: string;
}

/** ISO day of the week on which a client's week starts: 1 is Monday, 7 is Sunday. */
export type WeekStart = number;

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const MONTH = /^\d{4}-\d{2}$/;
const ISO_WEEK = /^(\d{4})-W(\d{2})$/;
// Events are booked from 2000 to 2099; no other period can ever hold one.
const FIRST_DAY = '2000-01-01';
const END_DAY = '2100-01-01';
const WEEK_OF = /^week-(\d{4}-\d{2}-\d{2})$/;

/** The version of the zone data that the boundaries come from. */
export function timeZoneDataVersion(): string {
  return process.versions.tz ?? 'unknown';
}

/** The zone's name as the zone data spells it: `asia/kolkata` is `Asia/Kolkata`. */
export function spellTimeZone(name: string): string {
  return Temporal.PlainDate.from('2024-01-01').toZonedDateTime({ timeZone: name }).timeZoneId;
}

/** True for a zone name that the calendar knows, such as `Asia/Kolkata`. */
export function isTimeZone(name: string): boolean {
  try {
    Temporal.PlainDate.from('2024-01-01').toZonedDateTime({ timeZone: name });
    return /^[A-Za-z]/.test(name);
  } catch {
    return false;
  }
}

/** True for a date such as `2025-03-18` that exists. */
export function isDate(text: string): boolean {
  try {
    return DAY.test(text) && strictDate(text) === text;
  } catch {
    return false;
  }
}

/** The day, week or month that holds `date`. */
export function periodContaining(kind: PeriodKind, date: string, weekStart: WeekStart): Period {
  const day = Temporal.PlainDate.from(date);
  if (kind === 'day') return makePeriod(kind, day, day.add({ days: 1 }), weekStart);
  if (kind === 'month') {
    const first = day.with({ day: 1 });
    return makePeriod(kind, first, first.add({ months: 1 }), weekStart);
  }
  const first = day.subtract({ days: (day.dayOfWeek - weekStart + 7) % 7 });
  return makePeriod(kind, first, first.add({ weeks: 1 }), weekStart);
}

/** The period `count` steps after `period`; negative counts go back. */
export function shiftPeriod(period: Period, count: number, weekStart: WeekStart): Period {
  const unit = { day: 'days', week: 'weeks', month: 'months' }[period.kind];
  const start = Temporal.PlainDate.from(period.start).add({ [unit]: count });
  return periodContaining(period.kind, start.toString(), weekStart);
}

/**
 * Reads `2025-03-18`, `2025-W11` (clients whose week starts on Monday), `week-2025-03-09` (the week
 * of that date) or `2025-03`. Throws ERR_USAGE for anything else.
 */
export function parsePeriod(text: string, weekStart: WeekStart): Period {
  try {
    const period = readPeriod(text, weekStart);
    const isBookable = period !== undefined && period.end > FIRST_DAY && period.start < END_DAY;
    if (isBookable) return period;
  } catch (cause) {
    throw badPeriod(text, weekStart, cause);
  }
  throw badPeriod(text, weekStart);
}

/** The business date of an instant in a zone. */
export function localDate(instant: Date, timeZone: string): string {
  return toZoned(instant, timeZone).toPlainDate().toString();
}

/** The instant of a wall-clock time; a DST gap moves it forward, of a fold the first counts. */
export function instantOf(date: string, time: string, timeZone: string): Date {
  const wall = Temporal.PlainDate.from(date).toPlainDateTime(Temporal.PlainTime.from(time));
  return new Date(wall.toZonedDateTime(timeZone).epochMilliseconds);
}

/** Every instant at which the clocks show a time of a date: two in a fold, moved on in a gap. */
export function instantsOf(date: string, time: string, timeZone: string): Date[] {
  const wall = Temporal.PlainDate.from(date).toPlainDateTime(Temporal.PlainTime.from(time));
  const [first, last] = (['compatible', 'later'] as const).map(
    (disambiguation) => wall.toZonedDateTime(timeZone, { disambiguation }).epochMilliseconds,
  ) as [number, number];
  return first === last ? [new Date(first)] : [new Date(first), new Date(last)];
}

/** Every business day from `from` to `to`, both included, as UTC instants. */
export function calendarDays(timeZone: string, from: string, to: string): CalendarDay[] {
  const days: CalendarDay[] = [];
  let date = Temporal.PlainDate.from(from);
  let startsAt = startOfDay(date, timeZone);
  const last = Temporal.PlainDate.from(to);
  while (Temporal.PlainDate.compare(date, last) <= 0) {
    const next = date.add({ days: 1 });
    const endsAt = startOfDay(next, timeZone);
    days.push({ timeZone, date: date.toString(), startsAt, endsAt });
    date = next;
    startsAt = endsAt;
  }
  return days;
}

/** `date` moved by whole days. */
export function addDays(date: string, days: number): string {
  return Temporal.PlainDate.from(date).add({ days }).toString();
}

/** Whole days from `from` to `to`. */
export function daysBetween(from: string, to: string): number {
  return Temporal.PlainDate.from(from).until(Temporal.PlainDate.from(to)).days;
}

/** ISO day of the week of a date: 1 is Monday. */
export function dayOfWeek(date: string): number {
  return Temporal.PlainDate.from(date).dayOfWeek;
}

function makePeriod(
  kind: PeriodKind,
  start: Temporal.PlainDate,
  end: Temporal.PlainDate,
  weekStart: WeekStart,
): Period {
  return {
    kind,
    key: periodKey(kind, start, weekStart),
    start: start.toString(),
    end: end.toString(),
  };
}

function periodKey(kind: PeriodKind, start: Temporal.PlainDate, weekStart: WeekStart): string {
  if (kind === 'day') return start.toString();
  if (kind === 'month') return start.toString().slice(0, 7);
  // ISO 8601 numbers exist for weeks from Monday only; another number would name two weeks.
  if (weekStart !== 1) return `week-${start.toString()}`;
  return `${start.yearOfWeek}-W${String(start.weekOfYear).padStart(2, '0')}`;
}

function readPeriod(text: string, weekStart: WeekStart): Period | undefined {
  if (DAY.test(text)) return periodContaining('day', strictDate(text), weekStart);
  if (MONTH.test(text)) return periodContaining('month', strictDate(`${text}-01`), weekStart);
  const weekOf = WEEK_OF.exec(text)?.[1];
  if (weekOf !== undefined) return periodContaining('week', strictDate(weekOf), weekStart);
  return ISO_WEEK.test(text) && weekStart === 1 ? isoWeek(text) : undefined;
}

function isoWeek(text: string): Period {
  const [, year, week] = ISO_WEEK.exec(text) as RegExpExecArray;
  // 4 January is always in week 1 (ISO 8601).
  const first = periodContaining('week', `${year}-01-04`, 1);
  const period = shiftPeriod(first, Number(week) - 1, 1);
  if (period.key !== text) throw new RangeError(`${year} has no week ${week}`);
  return period;
}

function strictDate(text: string): string {
  return Temporal.PlainDate.from(text, { overflow: 'reject' }).toString();
}

function toZoned(instant: Date, timeZone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(instant.getTime()).toZonedDateTimeISO(timeZone);
}

function startOfDay(date: Temporal.PlainDate, timeZone: string): string {
  return date.toZonedDateTime({ timeZone }).toInstant().toString();
}

function badPeriod(text: string, weekStart: WeekStart, cause?: unknown): AppError {
  const week = weekStart === 1 ? '2025-W11' : 'week-2025-03-09 (the week of that date)';
  // "2025 has no week 60" says more than that there is no such period; "Cannot parse" does not.
  const isTelling = cause !== undefined && !/^Cannot parse/.test(messageOf(cause));
  return new AppError('ERR_USAGE', `"${text}" is no period`, {
    ...(isTelling ? { cause } : {}),
    fix: `give a day (2025-03-18), a week (${week}) or a month (2025-03)`,
  });
}
