// The trend of the executive report: cost by week and month up to the end of the period, and by day.
// A week or month that the period does not fill is open, and says how many of its days it holds.
import {
  addDays,
  daysBetween,
  type Period,
  type PeriodKind,
  periodContaining,
  shiftPeriod,
} from '../../core/calendar.ts';
import type { Bar, BarChart, BarState, Figure, StripItem } from '../content.ts';
import { type Formatter, formatDate } from '../format.ts';
import { dataEnd, type ExecutiveFacts } from './facts.ts';
import { costWord, knownCost, type Spending, sumSpending } from './known-cost.ts';
import { periodShortName } from './names.ts';

const WEEKS = 6;
const MONTHS = 12;
const DAYS_OF_A_DAILY_REPORT = 14;
const UNKNOWN = '?';

/** Cost by week, the last six. */
export function buildWeeks(facts: ExecutiveFacts, formatter: Formatter): BarChart {
  const bars = trend(facts, formatter, 'week', WEEKS);
  const note = `${openNote(facts, 'week', 'short')}${unknownNote(bars)}`;
  return {
    id: 'weeks',
    title: 'Cost by week',
    subtitle: `${formatter.currencySymbol}, last ${WEEKS} weeks${note}`,
    bars,
  };
}

/** Cost by month, the last twelve. */
export function buildMonths(facts: ExecutiveFacts, formatter: Formatter): BarChart {
  const bars = trend(facts, formatter, 'month', MONTHS);
  const note = `${openNote(facts, 'month')}${unknownNote(bars)}`;
  return {
    id: 'months',
    title: 'Cost by month',
    subtitle: `${formatter.currencySymbol}, last ${MONTHS} months${note}`,
    bars,
  };
}

/** Cost by day: the period's days before those of the one before, or the last fourteen days. */
export function buildDays(facts: ExecutiveFacts, formatter: Formatter): BarChart {
  const { period, previous } = facts;
  const unit = formatter.currencySymbol;
  if (period.kind === 'day') {
    const first = addDays(period.start, 1 - DAYS_OF_A_DAILY_REPORT);
    const bars = datesOf(first, period.end).map((date) => dayBar(facts, formatter, date, 'past'));
    const last = bars.at(-1);
    if (last !== undefined) last.state = 'current';
    const subtitle = `${unit}, last ${DAYS_OF_A_DAILY_REPORT} days, to its own scale`;
    return {
      id: 'days',
      title: 'Cost by day',
      subtitle: `${subtitle}${unknownNote(bars)}`,
      bars,
    };
  }
  const before = datesOf(previous.start, previous.end);
  const bars = datesOf(period.start, period.end).map((date, index) => {
    const bar = dayBar(facts, formatter, date, 'current');
    const behind = before[index];
    return behind === undefined ? bar : { ...bar, behind: dayFigure(facts, formatter, behind) };
  });
  const names = `${periodShortName(period)} in front, ${periodShortName(previous)} behind it`;
  return {
    id: 'days',
    title: 'Cost by day',
    subtitle: `${unit}, ${names}; to its own scale${unknownNote(bars)}`,
    bars,
  };
}

/** Month to date and the months around it, as figures under the charts. */
export function buildStrip(facts: ExecutiveFacts, formatter: Formatter): StripItem[] {
  const { period, days } = facts;
  const lastDate = addDays(period.end, -1);
  const month = periodContaining('month', lastDate, 1);
  const before = shiftPeriod(month, -1, 1);
  const held = Math.max(0, daysBetween(month.start, dataEnd(facts)));
  const sameDaysEnd = earlier(addDays(before.start, held), before.end);
  const isPaid = (day: Spending) => day.paidCalls !== '0' || day.otherCalls !== '0';
  const paidDays = days.filter((day) => day.start >= month.start && isPaid(day)).length;
  const isWhole = held === daysBetween(month.start, month.end);
  const money = (from: string, until: string) => {
    const spent = spendingBetween(facts, from, until);
    const cost = knownCost(spent);
    if (spent.calls === '0') return 'no calls';
    if (cost === null) return costWord(spent, formatter);
    const more = spent.otherCurrency === null ? 'others' : costWord(spent, formatter);
    return `${formatter.money(cost)}${spent.otherCalls === '0' ? '' : ` and ${more}`}`;
  };
  return [
    {
      label: isWhole ? `All of ${monthName(month)}` : `${monthName(month)} to date`,
      text: money(month.start, period.end),
    },
    { label: `Same days of ${monthName(before)}`, text: money(before.start, sameDaysEnd) },
    { label: `All of ${monthName(before)}`, text: money(before.start, before.end) },
    { label: 'Last 30 days', text: money(addDays(dataEnd(facts), -30), dataEnd(facts)) },
    { label: `Days with a cost in ${monthName(month)}`, text: `${paidDays} of ${held}` },
  ];
}

/** What the days in `[from, until)` cost, exactly. */
export function spendingBetween({ days }: ExecutiveFacts, from: string, until: string): Spending {
  return sumSpending(days.filter((day) => day.start >= from && day.start < until));
}

function trend(
  facts: ExecutiveFacts,
  formatter: Formatter,
  kind: PeriodKind,
  count: number,
): Bar[] {
  const last = periodContaining(kind, addDays(facts.period.end, -1), facts.client.weekStart);
  return Array.from({ length: count }, (_, index) => {
    const bucket = shiftPeriod(last, index + 1 - count, facts.client.weekStart);
    const end = earlier(bucket.end, facts.period.end);
    return {
      label: bucketLabel(bucket),
      figure: barFigure(spendingBetween(facts, bucket.start, end), formatter),
      state: stateOf(bucket, dataEnd(facts), index === count - 1),
    };
  });
}

function stateOf(bucket: Period, end: string, isLast: boolean): BarState {
  if (!isLast) return 'past';
  return bucket.end > end ? 'open' : 'current';
}

function bucketLabel(bucket: Period): string {
  if (bucket.kind === 'month') return formatDate(bucket.start, { month: 'short' });
  return bucket.key.includes('-W')
    ? bucket.key.slice(5)
    : formatDate(bucket.start, { day: 'numeric', month: 'short' });
}

function openNote(
  facts: ExecutiveFacts,
  kind: PeriodKind,
  length: 'short' | 'long' = 'long',
): string {
  const { period, client } = facts;
  const bucket = periodContaining(kind, addDays(period.end, -1), client.weekStart);
  if (bucket.end <= dataEnd(facts)) return '';
  const held = Math.max(0, daysBetween(bucket.start, dataEnd(facts)));
  const all = daysBetween(bucket.start, bucket.end);
  const name = kind === 'month' ? monthName(bucket) : bucketLabel(bucket);
  if (length === 'short') return `; ${name}: ${held} of ${all} days`;
  return `; ${name} is open (hatched: ${held} of ${all} days)`;
}

function dayBar(facts: ExecutiveFacts, formatter: Formatter, date: string, state: BarState): Bar {
  const isWeek = facts.period.kind === 'week';
  const label = isWeek ? formatDate(date, { weekday: 'short' }) : String(Number(date.slice(8)));
  return { label, figure: dayFigure(facts, formatter, date), state };
}

function dayFigure(facts: ExecutiveFacts, formatter: Formatter, date: string) {
  return barFigure(spendingBetween(facts, date, addDays(date, 1)), formatter);
}

/** A cost that is not known has no bar, and is not labelled 0. */
function barFigure(spent: Spending, formatter: Formatter): Figure {
  const cost = knownCost(spent);
  if (cost === null) return formatter.figure('money', null, UNKNOWN);
  return { ...formatter.figure('money', cost), text: formatter.short(cost) };
}

function unknownNote(bars: Bar[]): string {
  return bars.some(({ figure }) => figure.value === null) ? `; ${UNKNOWN} is unknown` : '';
}

function datesOf(from: string, until: string): string[] {
  return Array.from({ length: daysBetween(from, until) }, (_, index) => addDays(from, index));
}

function monthName(month: Period): string {
  return formatDate(month.start, { month: 'long' });
}

function earlier(left: string, right: string): string {
  return left < right ? left : right;
}
