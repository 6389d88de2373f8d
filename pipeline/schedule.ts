// Pure: which slots of which schedules have come. Slots that were missed while nothing ran coalesce
// into the newest; the ledger knows whether that one is done.
import {
  addDays,
  dayOfWeek,
  instantOf,
  localDate,
  type Period,
  type PeriodKind,
  periodContaining,
  shiftPeriod,
  type WeekStart,
} from '../core/calendar.ts';

/** A report that recurs in a client's own zone at a wall-clock time. */
export interface Schedule {
  clientId: string;
  report: string;
  kind: PeriodKind;
  timeZone: string;
  weekStart: WeekStart;
  /** `HH:MM` or `HH:MM:SS`. */
  localTime: string;
  /** No slot before this instant ever comes. */
  createdAt: Date;
}

/** A schedule whose time has come: the instant, and the last whole period before it. */
export interface DueSlot {
  schedule: Schedule;
  slotAt: Date;
  period: Period;
}

const MONDAY = 1;

/** The newest slot at or before `now` of each schedule that has had one. */
export function dueSlots(schedules: Schedule[], now: Date): DueSlot[] {
  return schedules.flatMap((schedule) => {
    const slot = newestSlot(schedule, now);
    return slot.slotAt >= schedule.createdAt ? [slot] : [];
  });
}

/** The name that a schedule's runs have in the ledger. */
export function jobName(schedule: Schedule): string {
  return `report ${schedule.report} ${schedule.kind}`;
}

function newestSlot(schedule: Schedule, now: Date): DueSlot {
  const { timeZone, localTime } = schedule;
  let date = slotDate(schedule.kind, localDate(now, timeZone));
  if (instantOf(date, localTime, timeZone) > now) date = slotDate(schedule.kind, addDays(date, -1));
  return {
    schedule,
    slotAt: instantOf(date, localTime, timeZone),
    period: lastWholePeriod(schedule.kind, date, schedule.weekStart),
  };
}

/** Each day, Monday or first of the month: the newest such date up to `date`. */
function slotDate(kind: PeriodKind, date: string): string {
  if (kind === 'day') return date;
  if (kind === 'month') return `${date.slice(0, 7)}-01`;
  return addDays(date, -((dayOfWeek(date) - MONDAY + 7) % 7));
}

function lastWholePeriod(kind: PeriodKind, date: string, weekStart: WeekStart): Period {
  return shiftPeriod(periodContaining(kind, date, weekStart), -1, weekStart);
}
