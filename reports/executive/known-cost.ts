// What is known of the cost of some calls: an amount in the client's currency, one in another, which
// is named and never added, or nothing, which is never 0.
import { Decimal, difference, sumDecimals } from '../../core/money.ts';
import type { Formatter } from '../format.ts';
import type { Totals } from './breakdown.ts';
import type { ExecutiveFacts } from './facts.ts';

/** The part of totals that says what was spent. */
export type Spending = Pick<
  Totals,
  | 'calls'
  | 'pricedCalls'
  | 'paidCalls'
  | 'cost'
  | 'otherCalls'
  | 'otherCost'
  | 'otherCurrency'
  | 'totalTokens'
>;

export const NO_SPENDING: Spending = {
  calls: '0',
  pricedCalls: '0',
  paidCalls: '0',
  cost: '0',
  otherCalls: '0',
  otherCost: '0',
  otherCurrency: null,
  totalTokens: '0',
};

/**
 * The cost in the client's currency; null where calls were made and of none it is known. A free
 * call costs 0 in any currency.
 */
export function knownCost({ calls, pricedCalls, otherCalls, cost }: Spending): string | null {
  const isUnknown = calls !== '0' && difference(pricedCalls, otherCalls) === '0';
  return isUnknown ? null : cost;
}

/** What stands in place of a cost that is not known in the client's currency. */
export function costWord(spent: Spending, formatter: Formatter): string {
  const { otherCalls, otherCost, otherCurrency } = spent;
  if (otherCalls === '0') return 'unknown';
  if (otherCurrency === null) return `not in ${formatter.currencySymbol}`;
  return formatter.foreignMoney(otherCurrency, otherCost);
}

/** The totals of several parts. */
export function sumSpending(parts: Spending[]): Spending {
  const sum = (pick: (part: Spending) => string) => sumDecimals(parts.map(pick));
  const foreign = parts.filter(({ otherCalls }) => otherCalls !== '0');
  const currencies = new Set(foreign.map(({ otherCurrency }) => otherCurrency));
  return {
    calls: sum((part) => part.calls),
    pricedCalls: sum((part) => part.pricedCalls),
    paidCalls: sum((part) => part.paidCalls),
    cost: sum((part) => part.cost),
    otherCalls: sum((part) => part.otherCalls),
    otherCost: sum((part) => part.otherCost),
    otherCurrency: currencies.size === 1 ? ([...currencies][0] ?? null) : null,
    totalTokens: sum((part) => part.totalTokens),
  };
}

/** Calls whose cost nobody knows: neither reported nor in the price book. */
export function unpricedCalls(totals: Pick<Totals, 'calls' | 'pricedCalls'>): string {
  return difference(totals.calls, totals.pricedCalls);
}

/** What was spent in each other currency than the client's. */
export function foreignCosts({ client, current }: ExecutiveFacts) {
  return current.currencies.filter(
    ({ id, cost }) => id !== client.currency && !new Decimal(cost).isZero(),
  );
}

/** "USD 3.50 and GBP 1.00"; nothing where all is in the client's currency. */
export function nameForeignCosts(facts: ExecutiveFacts, formatter: Formatter): string {
  const amounts = foreignCosts(facts).map(({ id, cost }) => formatter.foreignMoney(id, cost));
  const last = amounts.pop() ?? '';
  return amounts.length === 0 ? last : `${amounts.join(', ')} and ${last}`;
}
