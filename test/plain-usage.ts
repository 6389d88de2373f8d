// The usage of a client computed plainly from the calls, to compare the answers in SQL with: days from
// our calendar, sums from our decimals, nothing from Postgres.
import { calendarDays } from '../core/calendar.ts';
import { canonicalDecimal, Decimal } from '../core/money.ts';
import type { Adjustment, PricedCall } from './sql-logins.ts';

/** A call that counts, as the plain computation sees it. */
export interface Counted {
  call: PricedCall;
  date: string;
  currency: string;
  tokens: number | null;
  cost: string | null;
}

export interface World {
  zone: string;
  weekStart: number;
  calls: PricedCall[];
  adjustments: Adjustment[];
}

export function countCalls({ zone, calls, adjustments }: World): Counted[] {
  const days = calendarDays(zone, '2024-09-26', '2024-11-07');
  return calls.map((call) => {
    const newest = adjustments.filter(({ event }) => event === call.id).at(-1);
    const known = [call.input, call.output].filter((count) => typeof count === 'number');
    const at = Date.parse(call.at);
    const day = days.find(
      ({ startsAt, endsAt }) => Date.parse(startsAt) <= at && at < Date.parse(endsAt),
    );
    return {
      call,
      date: day?.date ?? 'outside',
      currency: newest?.currency ?? call.currency ?? 'USD',
      tokens: known.length === 0 ? null : known.reduce((sum, count) => sum + count, 0),
      cost: newest === undefined ? (call.cost ?? null) : newest.cost,
    };
  });
}

const sumOf = (amounts: (string | number | null | undefined)[]): string | null => {
  const known = amounts.filter((amount) => amount !== null && amount !== undefined);
  if (known.length === 0) return null;
  return canonicalDecimal(known.reduce((sum: Decimal, amount) => sum.plus(amount), new Decimal(0)));
};

/** The figures of some calls; of none, all are 0. */
export function totalsOf(counted: Counted[]) {
  const isNone = counted.length === 0;
  return {
    requests: counted.length,
    failed: counted.filter(({ call }) => call.status === 'error').length,
    tokens: isNone ? '0' : sumOf(counted.map((one) => one.tokens)),
    cost: isNone ? '0' : sumOf(counted.map((one) => one.cost)),
    unpriced: counted.filter(({ cost }) => cost === null).length,
  };
}

/** Rows of totals for `[key, currency]`, a period without calls in dollars. */
export function periodRows(counted: Counted[], periods: { start: string; end: string }[]) {
  return periods.flatMap(({ start, end }) => {
    const inside = counted.filter(({ date }) => date >= start && date < end);
    const currencies = [...new Set(inside.map(({ currency }) => currency))].sort();
    return (currencies.length === 0 ? ['USD'] : currencies).map((currency) => ({
      start,
      currency,
      ...totalsOf(inside.filter((one) => one.currency === currency)),
    }));
  });
}

export const groupBy = (counted: Counted[], keyOf: (one: Counted) => string) =>
  [...Map.groupBy(counted, keyOf)].sort(([left], [right]) => (left < right ? -1 : 1));

/** The most frequent, and of equals the first by name. */
export const mostUsed = (names: (string | undefined)[]) =>
  [...Map.groupBy(names, (name) => name)]
    .map(([name, all]) => ({ name, count: all.length }))
    .sort(
      (left, right) =>
        right.count - left.count || ((left.name ?? '') < (right.name ?? '') ? -1 : 1),
    )
    .at(0)?.name;

export function breakdownOf(counted: Counted[]) {
  return Object.fromEntries(
    groupBy(counted, ({ call }) => call.model ?? '').map(([model, of]) => {
      const { requests, tokens: sum, cost, unpriced } = totalsOf(of);
      return [
        model,
        {
          request_count: requests,
          total_tokens: sum === null ? null : Number(sum),
          total_cost: cost,
          unpriced_requests: unpriced,
        },
      ];
    }),
  );
}
