// The six key figures of the executive report, each with its change against the period before.
import { type Period, shiftPeriod } from '../../core/calendar.ts';
import { Decimal, difference, ratio, relativeChange } from '../../core/money.ts';
import type { Figure, FigureFormat, KeyFigure, Tone } from '../content.ts';
import { type Formatter, NOTHING } from '../format.ts';
import type { Totals } from './breakdown.ts';
import { type ExecutiveFacts, HISTORY_PERIODS, type HistoryPoint, openDays } from './facts.ts';

/** Fewer calls than this are too few for a percentage to mean anything. */
export const COMPARABLE_CALLS_MIN = 20;

type Measured = Pick<Totals, 'calls' | 'pricedCalls' | 'paidCalls' | 'totalTokens' | 'cost'>;

interface Definition {
  id: string;
  label: string;
  format: FigureFormat;
  measure: (totals: Measured) => string | null;
  /** What a rise means. */
  rise: Tone;
  unknownText?: string;
}

const DEFINITIONS: Definition[] = [
  {
    id: 'cost',
    label: 'Cost',
    format: 'money',
    measure: reportedCost,
    rise: 'bad',
    unknownText: 'not reported',
  },
  {
    id: 'calls',
    label: 'Calls',
    format: 'integer',
    measure: (totals) => totals.calls,
    rise: 'neutral',
  },
  {
    id: 'paid-calls',
    label: 'Paid calls',
    format: 'integer',
    measure: (totals) => totals.paidCalls,
    rise: 'neutral',
  },
  {
    id: 'cost-per-paid-call',
    label: 'Cost per paid call',
    format: 'unit-price',
    measure: costPerPaidCall,
    rise: 'bad',
  },
  {
    id: 'tokens-per-call',
    label: 'Tokens per call',
    format: 'integer',
    measure: tokensPerCall,
    rise: 'bad',
  },
  {
    id: 'calls-priced',
    label: 'Calls priced',
    format: 'percent',
    measure: shareOfPricedCalls,
    rise: 'good',
  },
];

/** Unknown where calls were made and none reported a cost. */
export function reportedCost(totals: Measured): string | null {
  const isUnknown = new Decimal(totals.paidCalls).isZero() && !new Decimal(totals.calls).isZero();
  return isUnknown ? null : totals.cost;
}

export function costPerPaidCall(totals: Measured): string | null {
  return ratio(totals.cost, totals.paidCalls);
}

export function tokensPerCall(totals: Measured): string | null {
  return ratio(totals.totalTokens, totals.calls);
}

export function shareOfPricedCalls(totals: Measured): string | null {
  return ratio(totals.pricedCalls, totals.calls);
}

/** Calls whose cost nobody knows: neither reported nor in the price book. */
export function unpricedCalls(totals: Pick<Totals, 'calls' | 'pricedCalls'>): string {
  return difference(totals.calls, totals.pricedCalls);
}

/** True when the period is over and both have enough calls to be compared by percentages. */
export function isComparable(facts: ExecutiveFacts): boolean {
  if (openDays(facts) !== undefined) return false;
  return [facts.current.all, facts.before.all].every(
    (totals) => Number(totals.calls) >= COMPARABLE_CALLS_MIN,
  );
}

/** All six, in the order of the page. */
export function buildKeyFigures(
  facts: ExecutiveFacts,
  formatter: Formatter,
  previousName: string,
): KeyFigure[] {
  const history = twelvePeriods(facts);
  return DEFINITIONS.map((definition) => {
    const { id, label, format, measure, unknownText } = definition;
    const current = measure(facts.current.all);
    const previous = measure(facts.before.all);
    const figure = formatter.figure(format, current, unknownText);
    const before = formatter.figure(format, previous, unknownText);
    return {
      id,
      label,
      figure,
      previous: before,
      change: changeOf(definition, current, previous, facts, formatter),
      tone: isComparable(facts) ? toneOf(definition, current, previous) : 'neutral',
      comparison: comparisonOf(definition, figure, before, facts, formatter, previousName),
      history: history.map((point) => (point === undefined ? null : measure(point))),
    };
  });
}

function changeOf(
  { format }: Definition,
  current: string | null,
  previous: string | null,
  facts: ExecutiveFacts,
  formatter: Formatter,
): Figure {
  if (openDays(facts) !== undefined) return formatter.change('percent', null, 'still open');
  if (facts.before.all.calls === '0') return formatter.change('percent', null, 'no calls before');
  if (!isComparable(facts)) return formatter.change('percent', null, 'too few to compare');
  if (format !== 'percent') {
    const change = relativeChange(current, previous);
    return formatter.change('percent', change, wordForChange(current, previous));
  }
  const points = current === null || previous === null ? null : difference(current, previous);
  return formatter.change('points', points);
}

/** What is said where no percentage can be: from nothing, from nothing to nothing, or unknown. */
export function wordForChange(current: string | null, previous: string | null): string {
  if (current === null || previous === null) return NOTHING;
  return current === previous ? 'unchanged' : 'new';
}

function toneOf({ rise }: Definition, current: string | null, previous: string | null): Tone {
  if (rise === 'neutral' || current === null || previous === null) return 'neutral';
  const direction = new Decimal(current).comparedTo(previous);
  if (direction === 0) return 'neutral';
  return direction > 0 ? rise : rise === 'good' ? 'bad' : 'good';
}

function comparisonOf(
  { id }: Definition,
  figure: Figure,
  previous: Figure,
  facts: ExecutiveFacts,
  formatter: Formatter,
  previousName: string,
): string {
  if (id === 'calls-priced') {
    const { calls } = facts.current.all;
    if (new Decimal(calls).isZero()) return 'no calls';
    const count = formatter.integer(unpricedCalls(facts.current.all));
    return count === '0' ? 'none of unknown cost' : `${count} of unknown cost`;
  }
  const preposition = facts.period.kind === 'day' ? 'on' : 'in';
  if (facts.before.all.calls === '0') return `no calls ${preposition} ${previousName}`;
  const isOpen = openDays(facts) !== undefined;
  if (id !== 'cost' || isOpen || figure.value === null || previous.value === null) {
    return previous.value === null
      ? `unknown ${preposition} ${previousName}`
      : `${previous.text} ${preposition} ${previousName}`;
  }
  const change = new Decimal(difference(figure.value, previous.value));
  if (change.isZero()) return `the same as ${previousName}`;
  const amount = formatter.money(change.toString());
  return `${amount} ${change.isNegative() ? 'less' : 'more'} than ${previousName}`;
}

function twelvePeriods({ period, client, history }: ExecutiveFacts): (HistoryPoint | undefined)[] {
  const byStart = new Map(history.map((point) => [point.start, point]));
  const periods: Period[] = Array.from({ length: HISTORY_PERIODS }, (_, index) =>
    shiftPeriod(period, index + 1 - HISTORY_PERIODS, client.weekStart),
  );
  return periods.map(({ start }) => byStart.get(start) ?? emptyPoint(start));
}

function emptyPoint(start: string): HistoryPoint {
  return { start, calls: '0', pricedCalls: '0', paidCalls: '0', totalTokens: '0', cost: '0' };
}
