// Pure: which slots of a job are to be planned, given the last one that was and the time. What was
// missed while nothing ran is treated as the job's policy says; the ledger knows what is done.
import {
  localDate,
  type Period,
  type PeriodKind,
  periodContaining,
  shiftPeriod,
  type WeekStart,
} from '../core/calendar.ts';
import { type Recurrence, slotsBetween } from './occurrences.ts';

/**
 * What becomes of slots that were missed: `coalesce` makes one of them, `skip` drops them, `all`
 * runs each, the newest hundred, in order.
 */
export const POLICIES = ['coalesce', 'skip', 'all'] as const;
export type Policy = (typeof POLICIES)[number];

export interface PlannedJob extends Recurrence {
  policy: Policy;
  /** No slot before this instant ever comes. */
  createdAt: Date;
  /** The newest slot that was planned; null before the first. */
  lastSlotAt: Date | null;
}

/** A slot that has come. */
export interface PlannedSlot {
  slotAt: Date;
  /** `skipped` is for the record only: nothing runs. */
  state: 'due' | 'skipped';
  isLate: boolean;
  /** How many other slots, missed before it, it stands for. */
  missedSlots: number;
}

/** A slot may wait so long for its worker before it counts as missed. */
const LATE_AFTER_MS = 5 * 60_000;
/** Nothing older is made up by itself. */
const CATCH_UP_MS = 400 * 24 * 3_600_000;
const ALL_MAX = 100;
const COUNTED_MAX = 1_000;
/** A last slot that lies further ahead was planned by a clock that was wrong. */
const AHEAD_MS = 24 * 3_600_000;
const HOUR_MS = 3_600_000;

/** The slots to plan at `now`, oldest first; the last one is the job's new last slot. */
export function planSlots(job: PlannedJob, now: Date): PlannedSlot[] {
  const after = new Date(
    Math.max(lastPlanned(job, now).getTime(), job.createdAt.getTime() - 1, +now - CATCH_UP_MS),
  );
  const slots = slotsBetween(job, after, now, COUNTED_MAX);
  const isLate = (slotAt: Date) => now.getTime() - slotAt.getTime() > LATE_AFTER_MS;
  const due = (slotAt: Date, missedSlots: number): PlannedSlot => ({
    slotAt,
    state: 'due',
    isLate: isLate(slotAt) || missedSlots > 0,
    missedSlots,
  });
  const newest = slots.at(-1);
  if (newest === undefined) return [];
  if (job.policy === 'all') {
    const kept = slots.slice(-ALL_MAX);
    return kept.map((slotAt, index) => due(slotAt, index === 0 ? slots.length - kept.length : 0));
  }
  const slot = due(newest, slots.length - 1);
  if (job.policy === 'coalesce') return [slot];
  // What was on time runs; those before it are dropped and counted.
  return [isLate(newest) ? { ...slot, state: 'skipped' } : { ...slot, isLate: false }];
}

/** The last whole day, week or month before a slot: what its report is about, however late. */
export function reportPeriod(
  kind: PeriodKind,
  slotAt: Date,
  { timeZone, weekStart }: { timeZone: string; weekStart: WeekStart },
): Period {
  const date = localDate(slotAt, timeZone);
  return shiftPeriod(periodContaining(kind, date, weekStart), -1, weekStart);
}

function lastPlanned({ lastSlotAt, createdAt }: PlannedJob, now: Date): Date {
  if (lastSlotAt === null) return new Date(createdAt.getTime() - 1);
  // The clock is back from the future: go on from here; what has a row in the ledger stays done.
  const isAhead = lastSlotAt.getTime() - now.getTime() > AHEAD_MS;
  return isAhead ? new Date(now.getTime() - HOUR_MS) : lastSlotAt;
}
