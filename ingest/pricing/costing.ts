// What a call cost and how that is known: the shape that pricing gives to storing, explaining and
// repricing.
import type { UsageEvent } from '../usage/event.ts';

/** `estimated`: computed from usage that the caller estimated. `unpriced`: unknown, which is not 0. */
export type CostStatus = 'reported' | 'computed' | 'estimated' | 'free' | 'unpriced';

/** One unit of a call at one price. Decimal texts; `amount` is exact, before any rounding. */
export interface CostLine {
  unit: string;
  quantity: string;
  price: string;
  /** The price is for so many units. */
  per: string;
  tier: string;
  /** The size of the input from which this price applies; 0 for the base price. */
  contextThreshold: string;
  amount: string;
}

/** The price card that was applied; its id is what the event keeps. */
export interface AppliedCard {
  id: string;
  provider: string;
  model: string;
  source: string;
  version: string;
  validFrom: string | null;
  validTo: string | null;
  recordedAt: string;
}

export interface Costing {
  /** What counts, in `currency`; null where unknown. */
  cost: string | null;
  costStatus: CostStatus;
  /** The currency of `cost`; null leaves it to the client's own. */
  currency: string | null;
  computedCost: string | null;
  computedCurrency: string | null;
  card: AppliedCard | null;
  lines: CostLine[];
  /** What the computed cost is without, beside the flags of the event itself. */
  flags: string[];
  /** Why, one sentence for each decision. */
  reasons: string[];
}

/** Prices one event by the cards that are valid at its time. Never throws. */
export type PriceEvent = (event: UsageEvent) => Costing;

/** Gives the pricing of one client: the shared cards, and its own before them. */
export type PricesOf = (clientId: string) => Promise<PriceEvent>;
