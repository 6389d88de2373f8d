// Which of two costs counts: what the provider reported, or what the price book computes. Pure; the
// table of its cases is the test beside it.

import { COUNT_NAMES, type UsageEvent } from '../usage/event.ts';
import type { CostStatus } from './costing.ts';
import { isRefused } from './refusal.ts';
import { usedUnits } from './units.ts';

/** What the price book makes of a call. */
export interface Computed {
  /** Decimal text; null where there is no price for it. */
  cost: string | null;
  currency: string | null;
  /** True for a model that costs nothing, whatever is used. */
  isFree: boolean;
  /** Why there is no cost. */
  problem?: string;
}

export interface Settled {
  cost: string | null;
  costStatus: CostStatus;
  currency: string | null;
  reason: string;
}

/**
 * Settles on one cost. A reported amount above zero always counts. A reported zero is believed only
 * where nothing was used or the model is free: gateways report it for what they cannot price.
 */
export function settleCost(event: UsageEvent, computed: Computed): Settled {
  const { reportedCost } = event;
  if (reportedCost !== null && reportedCost !== '0') {
    const reason = 'The provider reported the cost; it counts.';
    return { cost: reportedCost, costStatus: 'reported', currency: event.currency, reason };
  }
  if (computed.isFree) {
    const currency = computed.currency ?? event.currency;
    return { cost: '0', costStatus: 'free', currency, reason: 'The model is free.' };
  }
  if (reportedCost === '0') {
    const isUsed = usedUnits(event).length > 0;
    if (!isUsed && !(event.rawUsage !== null && tellsNothing(event))) {
      const reason = 'The provider reported 0, and nothing was used.';
      return { cost: '0', costStatus: 'reported', currency: event.currency, reason };
    }
    return withReason(
      settleComputed(event, computed),
      'The provider reported 0 for a call that used something: that is unknown, not free.',
    );
  }
  return settleComputed(event, computed);
}

/** True where no count of any kind was told; a told zero is a count. */
export function tellsNothing(event: UsageEvent): boolean {
  return COUNT_NAMES.every((name) => event[name] === null);
}

function settleComputed(event: UsageEvent, { cost, currency, problem }: Computed): Settled {
  if (cost === null && isRefused(event)) {
    const reason = 'The provider refused the call before it did any work: that is not charged.';
    return { cost: '0', costStatus: 'free', currency: event.currency, reason };
  }
  if (cost === null) {
    const reason = problem ?? 'There is no price for the call.';
    return { cost: null, costStatus: 'unpriced', currency: event.currency, reason };
  }
  const costStatus = event.estimated ? 'estimated' : 'computed';
  const reason = event.estimated
    ? 'The cost is computed from usage that the caller estimated.'
    : 'The cost is computed from the price book.';
  return { cost, costStatus, currency, reason };
}

function withReason(settled: Settled, reason: string): Settled {
  return { ...settled, reason: `${reason} ${settled.reason}` };
}
