// Facts of an executive report from a short list of calls, for tests that need no database. All sums
// are made here, so that every part adds up unless a test breaks it.
import { addDays, type PeriodKind, periodContaining, shiftPeriod } from '../core/calendar.ts';
import { Decimal, sumDecimals } from '../core/money.ts';
import type { Report } from '../reports/content.ts';
import type { Breakdown, Totals } from '../reports/executive/breakdown.ts';
import { composeExecutive } from '../reports/executive/content.ts';
import type { ExecutiveFacts, HistoryPoint } from '../reports/executive/facts.ts';

/** Some equal calls of a day. */
export interface Calls {
  date: string;
  count?: number;
  provider?: string;
  model?: string;
  user?: string | null;
  chatbot?: string | null;
  status?: string | null;
  /** What was reported of each call; "0" is none. */
  cost?: string;
  /** What the price book says of each call; "0" is a free one. */
  computed?: string;
  currency?: string;
  tokens?: number;
}

export interface FactsOptions {
  kind?: PeriodKind;
  /** A day inside the period. */
  date?: string;
  client?: Partial<ExecutiveFacts['client']>;
}

const CLIENT = {
  id: 'acme',
  name: 'Acme',
  timeZone: 'Europe/Vienna',
  weekStart: 1,
  currency: 'USD',
  locale: 'en-US',
};

/** The facts of the week of 10 March 2025, or of the period asked for. */
export function makeFacts(given: Calls[], options: FactsOptions = {}): ExecutiveFacts {
  const { kind = 'week', date = '2025-03-12' } = options;
  const client = { ...CLIENT, ...options.client };
  const period = periodContaining(kind, date, client.weekStart);
  const previous = shiftPeriod(period, -1, client.weekStart);
  const within = (start: string, end: string) =>
    given.filter((calls) => calls.date >= start && calls.date < end);
  const current = breakdown(within(period.start, period.end), client.currency);
  const periods = Array.from({ length: 12 }, (_, index) =>
    shiftPeriod(period, index - 11, client.weekStart),
  );
  const dates = Array.from({ length: 500 }, (_, index) => addDays(period.end, index - 500));
  const pointsOf = (ranges: [string, string][]) =>
    ranges.flatMap(([start, end]) => point(start, within(start, end), client.currency));
  return {
    client,
    period,
    previous,
    current,
    before: breakdown(within(previous.start, previous.end), client.currency),
    outliers: { calls: '0', cost: '0' },
    history: pointsOf(periods.map((one) => [one.start, one.end])),
    days: pointsOf(dates.map((day) => [day, addDays(day, 1)])),
    completeness: {
      inPostgres: current.all.calls,
      inWarehouse: current.all.calls,
      costDifference: '0',
      reportedCostDifference: '0',
    },
    asOf: '2025-03-17T06:00:00.000Z',
    now: `${addDays(period.end, 1)}T06:00:00.000Z`,
    freshness: {
      dataAt: `${addDays(period.end, 1)}T05:59:00.000Z`,
      dataDate: addDays(period.end, 1),
      endsAt: `${period.end}T00:00:00.000Z`,
    },
    restated: [],
  };
}

/** A report as it would be frozen, from calls. */
export function makeReport(given: Calls[], options: FactsOptions = {}): Report {
  return {
    content: composeExecutive(makeFacts(given, options)),
    provenance: {
      runId: '00000000-0000-4000-8000-000000000001',
      revision: 1,
      asOf: '2025-03-17T06:00:00.000Z',
      createdAt: '2025-03-17T06:00:05.000Z',
    },
  };
}

/** Two ordinary weeks: enough calls to compare, several models, users, a chatbot and no status. */
export const ORDINARY_CALLS: Calls[] = [
  { date: '2025-03-04', count: 60, model: 'gpt-4.1', cost: '0.0133', tokens: 900, user: 'u1' },
  { date: '2025-03-06', count: 20, model: 'sonnet', provider: 'anthropic', cost: '0.21' },
  { date: '2025-03-10', count: 40, model: 'gpt-4.1', cost: '0.0133', tokens: 1_000, user: 'u1' },
  {
    date: '2025-03-12',
    count: 30,
    model: 'sonnet',
    provider: 'anthropic',
    cost: '0.2',
    user: 'u2',
  },
  { date: '2025-03-16', count: 10, model: 'free/tiny', chatbot: 'bot', user: '+14155550123' },
];

function breakdown(given: Calls[], currency: string): Breakdown {
  const by = <T>(keyOf: (calls: Calls) => T) => {
    const groups = Map.groupBy(given, (calls) => JSON.stringify(keyOf(calls)));
    return [...groups].map(([key, calls]) => ({
      key: JSON.parse(key) as T,
      totals: totals(calls, currency),
      calls,
    }));
  };
  const named = (pick: (calls: Calls) => string | null | undefined) =>
    by((calls) => pick(calls) ?? null).map(({ key, totals: sums }) => ({ ...sums, id: key }));
  return {
    all: totals(given, currency),
    models: by((calls) => [providerOf(calls), modelOf(calls)] as const).map((group) => ({
      ...group.totals,
      provider: group.key[0],
      model: group.key[1],
    })),
    providers: by(providerOf).map(({ key, totals: sums }) => ({ ...sums, id: key })),
    users: named((calls) => calls.user),
    chatbots: named((calls) => calls.chatbot),
    statuses: named((calls) => calls.status),
    currencies: by((calls) => calls.currency ?? 'USD').map(({ key, calls }) => ({
      id: key,
      paidCalls: count(calls.filter(isPaid)),
      cost: sumDecimals(calls.map(costOf)),
      reportedCost: sumDecimals(calls.map(reportedCostOf)),
    })),
    costStatuses: named(costStatusOf),
  };
}

function totals(given: Calls[], currency: string): Totals {
  const isOwn = (calls: Calls) => (calls.currency ?? 'USD') === currency;
  const own = given.filter(isOwn);
  const others = given.filter((calls) => !isOwn(calls) && isPaid(calls));
  const otherCurrencies = [...new Set(others.map((calls) => calls.currency ?? 'USD'))];
  const withUser = given.filter((calls) => calls.user != null);
  return {
    calls: count(given),
    pricedCalls: count(given.filter((calls) => costStatusOf(calls) !== 'unpriced')),
    paidCalls: count(own.filter(isPaid)),
    otherCalls: count(others),
    otherCost: sumDecimals(others.map(costOf)),
    otherCurrency: otherCurrencies.length === 1 ? (otherCurrencies[0] ?? null) : null,
    inputTokens: tokens(given),
    outputTokens: '0',
    totalTokens: tokens(given),
    cost: sumDecimals(own.map(costOf)),
    reportedCost: sumDecimals(own.map(reportedCostOf)),
    computedCost: sumDecimals(own.map((calls) => times(calls.computed, calls))),
    comparedReportedCost: '0',
    comparedComputedCost: '0',
    users: String(new Set(withUser.map((calls) => calls.user)).size),
    tokensOfUsers: tokens(withUser),
  };
}

function point(start: string, given: Calls[], currency: string): HistoryPoint[] {
  return given.length === 0 ? [] : [{ start, ...totals(given, currency) }];
}

function count(given: Calls[]): string {
  return sumDecimals(given.map((calls) => String(calls.count ?? 1)));
}

function tokens(given: Calls[]): string {
  return sumDecimals(given.map((calls) => String((calls.tokens ?? 0) * (calls.count ?? 1))));
}

/** What counts: the reported cost, else the computed one. */
function costOf(calls: Calls): string {
  return isReported(calls) ? reportedCostOf(calls) : times(calls.computed, calls);
}

function reportedCostOf(calls: Calls): string {
  return times(calls.cost, calls);
}

function times(cost: string | undefined, calls: Calls): string {
  return new Decimal(cost ?? 0).times(calls.count ?? 1).toString();
}

function isReported(calls: Calls): boolean {
  return !new Decimal(calls.cost ?? 0).isZero();
}

function isPaid(calls: Calls): boolean {
  return costOf(calls) !== '0';
}

function costStatusOf(calls: Calls): string {
  if (isReported(calls)) return 'reported';
  if (calls.computed === undefined) return 'unpriced';
  return new Decimal(calls.computed).isZero() ? 'free' : 'computed';
}

function providerOf(calls: Calls): string {
  return calls.provider ?? 'openai';
}

function modelOf(calls: Calls): string {
  return calls.model ?? 'gpt-5';
}
