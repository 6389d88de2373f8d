// Pure: reads cron expressions of five fields and says whether a date is one of theirs. What an
// expression means on the nights when clocks change is for occurrences.ts.
import { addDays, dayOfWeek } from '../core/calendar.ts';
import { AppError } from '../core/errors.ts';

/** A cron expression that was read. */
export interface Cron {
  text: string;
  minutes: number[];
  hours: number[];
  /** The hour field is `*`: it recurs by the hour or faster, all day long. */
  isEveryHour: boolean;
  /** Undefined: any day. Numbers of days, and the last (`L`) or last business day (`LW`). */
  monthDays: { days: Set<number>; isLast: boolean; isLastBusiness: boolean } | undefined;
  months: Set<number>;
  /** Undefined: any. 1 is Monday, 7 is Sunday. */
  weekDays: Set<number> | undefined;
}

interface Field {
  name: string;
  min: number;
  max: number;
  names: readonly string[];
  example: string;
}

const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const WEEK_DAYS = 'sun mon tue wed thu fri sat'.split(' ');
const FIELDS = [
  { name: 'minute', min: 0, max: 59, names: [], example: '*/15' },
  { name: 'hour', min: 0, max: 23, names: [], example: '9-17' },
  { name: 'day of the month', min: 1, max: 31, names: [], example: '1, L or LW' },
  { name: 'month', min: 1, max: 12, names: MONTHS, example: 'jan,apr,jul,oct' },
  { name: 'day of the week', min: 0, max: 7, names: WEEK_DAYS, example: 'mon-fri' },
] as const satisfies Field[];
const EXAMPLES =
  'minute hour day month weekday, such as "0 7 * * mon-fri" (at 07:00 on working days) or ' +
  '"30 18 LW * *" (at 18:30 on the last business day of the month)';
const SUNDAY = 7;
const FRIDAY = 5;
const LAST = 'l';
const LAST_BUSINESS = 'lw';
const DAYS_MAX = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Reads `minute hour day month weekday` with names, lists, ranges, steps, `L` (the last day of the
 * month) and `LW` (its last business day). Throws ERR_USAGE naming the field.
 */
export function parseCron(text: string): Cron {
  const parts = text.trim().toLowerCase().split(/\s+/);
  if (parts.length !== FIELDS.length) {
    const given = text.trim() === '' ? 'no field' : `${parts.length} fields`;
    throw refuse(text, `has ${given} and not five`);
  }
  const [minute, hour, day, month, weekDay] = parts as [string, string, string, string, string];
  const cron: Cron = {
    text: parts.join(' '),
    minutes: sorted(readField(text, FIELDS[0], minute)),
    hours: sorted(readField(text, FIELDS[1], hour)),
    isEveryHour: hour === '*',
    monthDays: day === '*' ? undefined : readMonthDays(text, day),
    months: readField(text, FIELDS[3], month),
    weekDays: weekDay === '*' ? undefined : readWeekDays(text, weekDay),
  };
  if (!everComes(cron)) throw refuse(text, 'names a day that no month of it has');
  return cron;
}

/**
 * True when the expression is of that date. Where both days are given, one of them is enough, as
 * cron has always had it.
 */
export function isCronDate(cron: Cron, date: string, holidays: ReadonlySet<string>): boolean {
  if (!cron.months.has(Number(date.slice(5, 7)))) return false;
  const { monthDays, weekDays } = cron;
  const isMonthDay = () => monthDays !== undefined && isOfMonthDays(monthDays, date, holidays);
  const isWeekDay = () => weekDays?.has(dayOfWeek(date)) ?? false;
  if (monthDays === undefined) return weekDays === undefined || isWeekDay();
  return isMonthDay() || isWeekDay();
}

/** Monday to Friday, and no holiday. */
export function isBusinessDay(date: string, holidays: ReadonlySet<string>): boolean {
  return dayOfWeek(date) <= FRIDAY && !holidays.has(date);
}

function isOfMonthDays(
  { days, isLast, isLastBusiness }: NonNullable<Cron['monthDays']>,
  date: string,
  holidays: ReadonlySet<string>,
): boolean {
  if (days.has(Number(date.slice(8)))) return true;
  if (isLast && isLastOfMonth(date)) return true;
  if (!isLastBusiness || !isBusinessDay(date, holidays)) return false;
  for (let later = date; !isLastOfMonth(later); ) {
    later = addDays(later, 1);
    if (isBusinessDay(later, holidays)) return false;
  }
  return true;
}

function isLastOfMonth(date: string): boolean {
  // Most dates are told from their number alone.
  return Number(date.slice(8)) >= 28 && addDays(date, 1).endsWith('-01');
}

function readMonthDays(text: string, field: string): NonNullable<Cron['monthDays']> {
  const items = field.split(',');
  const numbers = items.filter((item) => item !== LAST && item !== LAST_BUSINESS);
  return {
    days: numbers.length === 0 ? new Set() : readField(text, FIELDS[2], numbers.join(',')),
    isLast: items.includes(LAST),
    isLastBusiness: items.includes(LAST_BUSINESS),
  };
}

function readWeekDays(text: string, field: string): Set<number> {
  return new Set([...readField(text, FIELDS[4], field)].map((day) => (day === 0 ? SUNDAY : day)));
}

function readField(text: string, field: Field, value: string): Set<number> {
  return new Set(value.split(',').flatMap((item) => readItem(text, field, item)));
}

function readItem(text: string, field: Field, item: string): number[] {
  const wrong = (why: string) =>
    refuse(text, `has the ${field.name} "${item}", ${why}`, `there, such as ${field.example}`);
  const [, range = '', step] = /^([^/]+)(?:\/(\d+))?$/.exec(item) ?? [];
  if (range === '') throw wrong('which cannot be read');
  const [from, to = from] =
    range === '*'
      ? [field.min, field.name === 'day of the week' ? 6 : field.max]
      : range.split('-').map((part) => readValue(field, part));
  if (from === undefined || to === undefined || range.split('-').length > 2)
    throw wrong(`which is not from ${field.min} to ${field.max}${orNames(field)}`);
  if (from > to) throw wrong('which runs backwards: give two ranges with a comma');
  const by = Number(step ?? 1);
  if (step !== undefined && (range === `${from}` || by < 1 || by > to - from))
    throw wrong('whose step does not fit its range');
  const values: number[] = [];
  for (let value = from; value <= to; value += by) values.push(value);
  return values;
}

function readValue({ min, max, names }: Field, part: string): number | undefined {
  const named = names.indexOf(part);
  const value = named >= 0 ? named + min : /^\d{1,2}$/.test(part) ? Number(part) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}

function orNames({ names }: Field): string {
  return names.length === 0 ? '' : ` or a name from ${names[0]} to ${names.at(-1)}`;
}

function everComes({ monthDays, weekDays, months }: Cron): boolean {
  if (monthDays === undefined || weekDays !== undefined) return true;
  if (monthDays.isLast || monthDays.isLastBusiness) return true;
  const first = Math.min(...monthDays.days);
  return [...months].some((month) => first <= (DAYS_MAX[month - 1] ?? 0));
}

function refuse(text: string, why: string, hint = ''): AppError {
  return new AppError('ERR_USAGE', `the cron expression "${text}" ${why}`, {
    details: { field: 'cron', value: text },
    fix: `give ${hint === '' ? EXAMPLES : `a value ${hint}`}`,
  });
}

function sorted(values: Set<number>): number[] {
  return [...values].sort((left, right) => left - right);
}
