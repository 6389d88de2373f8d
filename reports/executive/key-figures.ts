// The six key figures of the executive report, each with its change against the period before.
import { type Period, shiftPeriod } from '../../core/calendar.ts';
import { Decimal, difference, ratio, relativeChange } from '../../core/money.ts';
import type { Figure, FigureFormat, KeyFigure, Tone } from '../content.ts';
import { type Formatter, NOTHING } from '../format.ts';
import { type ExecutiveFacts, HISTORY_PERIODS, openDays } from './facts.ts';
import {
  costWord,
  knownCost,
  NO_SPENDING,
  nameForeignCosts,
  type Spending,
  unpricedCalls,
} from './known-cost.ts';

/** Fewer calls than this are too few for a percentage to mean anything. */
export const COMPARABLE_CALLS_MIN = 20;

interface Definition {
  id: string;
  label: string;
  format: FigureFormat;
  measure: (totals: Spending) => string | null;
  /** What a rise means. */
  rise: Tone;
}

const DEFINITIONS: Definition[] = [
  {
    id: 'cost',
    label: 'Cost',
    format: 'money',
    measure: knownCost,
    rise: 'bad',
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

export function costPerPaidCall(totals: Spending): string | null {
  return ratio(totals.cost, totals.paidCalls);
}

export function tokensPerCall(totals: Spending): string | null {
  return ratio(totals.totalTokens, totals.calls);
}

export function shareOfPricedCalls(totals: Spending): string | null {
  return ratio(totals.pricedCalls, totals.calls);
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
    const { id, label, format, measure } = definition;
    const current = measure(facts.current.all);
    const previous = measure(facts.before.all);
    const unknown = (totals: Spending) => (id === 'cost' ? costWord(totals, formatter) : NOTHING);
    const figure = formatter.figure(format, current, unknown(facts.current.all));
    const before = formatter.figure(format, previous, unknown(facts.before.all));
    return {
      id,
      label,
      figure,
      previous: before,
      change: changeOf(definition, current, previous, facts, formatter),
      tone: isComparable(facts) ? toneOf(definition, current, previous) : 'neutral',
      comparison: comparisonOf(definition, figure, before, facts, formatter, previousName),
      history: history.map(measure),
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
  const foreign = foreignComparison(id, facts, formatter);
  if (foreign !== undefined) return foreign;
  const preposition = facts.period.kind === 'day' ? 'on' : 'in';
  if (facts.before.all.calls === '0') return `no calls ${preposition} ${previousName}`;
  const isOpen = openDays(facts) !== undefined;
  if (id !== 'cost' || isOpen || figure.value === null || previous.value === null) {
    const before = previous.text === NOTHING ? 'unknown' : previous.text;
    return `${before} ${preposition} ${previousName}`;
  }
  const change = new Decimal(difference(figure.value, previous.value));
  if (change.isZero()) return `the same as ${previousName}`;
  const amount = formatter.money(change.toString());
  return `${amount} ${change.isNegative() ? 'less' : 'more'} than ${previousName}`;
}

/** What is said beside a figure that leaves out the calls in another currency, or some of them. */
function foreignComparison(
  id: string,
  facts: ExecutiveFacts,
  formatter: Formatter,
): string | undefined {
  const { all } = facts.current;
  if (all.otherCalls === '0') return undefined;
  const where =
    all.otherCurrency === null ? `not in ${formatter.currencySymbol}` : `in ${all.otherCurrency}`;
  if (id === 'paid-calls') return `and ${formatter.integer(all.otherCalls)} ${where}`;
  if (id !== 'cost' || knownCost(all) !== null) return undefined;
  if (all.otherCurrency !== null) return 'not converted';
  return `${nameForeignCosts(facts, formatter)}, not converted`;
}

function twelvePeriods({ period, client, history }: ExecutiveFacts): Spending[] {
  const byStart = new Map(history.map((point) => [point.start, point]));
  const periods: Period[] = Array.from({ length: HISTORY_PERIODS }, (_, index) =>
    shiftPeriod(period, index + 1 - HISTORY_PERIODS, client.weekStart),
  );
  return periods.map(({ start }) => byStart.get(start) ?? NO_SPENDING);
}
