// Prices one event by the cards in memory: the card, the units, the sum, and which cost counts. The
// amounts are made at once; lines and reasons, which few callers ask for, only when they are read.
import type { UsageEvent } from '../usage/event.ts';
import { formatLine, formatMoney, multiply, wholeUnits } from './amounts.ts';
import type { Card, PricedUnit } from './cards.ts';
import type { AppliedCard, Costing, CostLine, CostStatus, PriceEvent } from './costing.ts';
import {
  type CardIndex,
  type Found,
  type Resolution,
  resolveCards,
  selectCard,
} from './find-card.ts';
import { findMissing } from './missing-units.ts';
import { explainCosting } from './reasons.ts';
import { type Computed, settleCost, tellsNothing } from './settle.ts';
import { readTier } from './tiers.ts';
import { ticksOf } from './units.ts';

/** Models by name that a book keeps found; a client that makes names up must not fill the memory. */
const RESOLUTIONS_MAX = 20_000;
// No call costs a million million; more would not fit the books either.
const COST_MAX = 10n ** 12n;
/** The call used something that its card has no price of: the computed cost is too low by that. */
const UNIT_NOT_PRICED = 'unit_not_priced';
/** What a provider bills at least for each call, in counted parts. */
const MINIMUMS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  // https://console.groq.com/docs/speech-to-text: at least 10 seconds a request.
  groq: { audio_seconds: 10 * ticksOf('audio_seconds') },
};

/** One unit with what was counted of it for its own price. */
export interface PricedLine {
  priced: PricedUnit;
  ticks: number;
  step: PricedUnit['steps'][number];
  amount: bigint;
}

/** How an event was priced, for whoever explains it. */
export interface Pricing {
  event: UsageEvent;
  resolution: Resolution;
  tier: string;
  found: Found | null;
  lines: PricedLine[];
  /** Wholes whose parts are more than they are. */
  exceeded: string[];
  /** The units that were raised to what the provider bills at least. */
  raised: string[];
  settledReason: string;
}

/** The pricing of one client over its own cards and the shared ones. */
export function createPriceEvent(own: CardIndex, shared: CardIndex): PriceEvent {
  const known = new Set(shared.keys());
  const resolutions = new Map<string, Resolution>();
  return (event) => {
    const key = `${event.provider}\n${event.model}\n${event.servedModel ?? ''}`;
    let resolution = resolutions.get(key);
    if (resolution === undefined) {
      if (resolutions.size >= RESOLUTIONS_MAX) resolutions.clear();
      resolution = resolveCards(own, shared, known, event);
      resolutions.set(key, resolution);
    }
    return priceBy(resolution, event);
  };
}

class PricedCosting implements Costing {
  readonly cost: string | null;
  readonly costStatus: CostStatus;
  readonly currency: string | null;
  readonly computedCost: string | null;
  readonly computedCurrency: string | null;
  readonly card: AppliedCard | null;
  readonly #pricing: Pricing;

  constructor(pricing: Pricing, computed: Computed) {
    const settled = settleCost(pricing.event, computed);
    this.cost = settled.cost;
    this.costStatus = settled.costStatus;
    this.currency = settled.currency;
    this.computedCost = computed.cost;
    this.computedCurrency = computed.cost === null ? null : computed.currency;
    this.card = computed.cost === null ? null : (pricing.found?.card.applied ?? null);
    pricing.settledReason = settled.reason;
    this.#pricing = pricing;
  }

  get lines(): CostLine[] {
    return this.#pricing.lines.map(toCostLine);
  }

  get flags(): string[] {
    return this.computedCost !== null && findMissing(this.#pricing).length > 0
      ? [UNIT_NOT_PRICED]
      : [];
  }

  get reasons(): string[] {
    return explainCosting(this.#pricing);
  }
}

function priceBy(resolution: Resolution, event: UsageEvent): Costing {
  const tier = readTier(event, resolution.lookup.provider);
  const pricing: Pricing = {
    event,
    resolution,
    tier,
    found: null,
    lines: [],
    exceeded: [],
    raised: [],
    settledReason: '',
  };
  return new PricedCosting(pricing, compute(pricing));
}

/** Fills in card and lines. */
function compute(pricing: Pricing): Computed {
  const { event, resolution, tier } = pricing;
  const instant = resolution.always === null ? Date.parse(event.occurredAt) : 0;
  const selected = selectCard(resolution, instant, tier);
  const found = 'card' in selected ? selected : null;
  if (resolution.isFreeVariant) {
    // The card of the paid model says nothing of its free variant.
    if (found?.card.isFree === true) pricing.found = found;
    return { cost: '0', currency: found?.card.currency ?? null, isFree: true };
  }
  const isSilent = tellsNothing(event);
  const hasFailed = event.status === 'error' || event.status === 'cancelled';
  if (isSilent && hasFailed && found?.card.isFree !== true) {
    pricing.found = found;
    return unpriced('The call failed and tells no usage.');
  }
  if (found === null) {
    return unpriced(
      'problem' in selected && selected.problem === 'no tier'
        ? `The call was served at tier "${tier}", for which there is no price.`
        : describeMissing(resolution),
    );
  }
  pricing.found = found;
  const { card } = found;
  if (card.isFree) return { cost: '0', currency: card.currency, isFree: true };
  if (isSilent) return unpriced('The call tells no usage that could be priced.');
  return sumLines(pricing, card, card.unitsAt(tier) ?? []);
}

function sumLines(pricing: Pricing, card: Card, units: PricedUnit[]): Computed {
  const isCounted = countUnits(pricing, card, units);
  if (!isCounted || (pricing.lines.length === 0 && findMissing(pricing).length > 0)) {
    return unpriced('Nothing that the call used has a price on its card.');
  }
  let total = 0n;
  for (const { amount } of pricing.lines) total += amount;
  if (wholeUnits(total) >= COST_MAX) {
    pricing.lines = [];
    return unpriced('The computed cost would be a million million or more.');
  }
  return { cost: formatMoney(total), currency: card.currency, isFree: false };
}

/**
 * Splits what was used among the prices: each unit counts what no more particular price takes. True
 * when the event told any of them. Parts that exceed their whole leave it at zero, never below.
 */
function countUnits(pricing: Pricing, card: Card, units: PricedUnit[]): boolean {
  const { event, lines, exceeded } = pricing;
  const inputTokens = event.inputTokens ?? 0;
  const rests: number[] = [];
  let isCounted = false;
  for (const priced of units) {
    const told = countOf(pricing, card, priced);
    let parts = 0;
    for (const place of priced.parts) parts += rests[place] ?? 0;
    const rest = (told ?? 0) - parts;
    if (told !== null) isCounted = true;
    if (rest < 0 && told !== null) exceeded.push(priced.unit);
    rests.push(rest > 0 ? rest : 0);
    if (rest > 0) lines.push(toLine(priced, rest, inputTokens));
  }
  return isCounted;
}

function countOf(pricing: Pricing, card: Card, priced: PricedUnit): number | null {
  const told = priced.count(pricing.event);
  // A price per request is due for each call that was answered.
  if (told === null && priced.unit === 'requests')
    return pricing.event.status === 'error' ? null : 1;
  const least = MINIMUMS[card.applied.provider]?.[priced.unit];
  if (least === undefined || told === null || told === 0 || told >= least) return told;
  pricing.raised.push(priced.unit);
  return least;
}

/** Past a threshold of the input the whole unit is at the higher price, not only what exceeds. */
function toLine(priced: PricedUnit, ticks: number, inputTokens: number): PricedLine {
  let step = priced.steps[0] as PricedUnit['steps'][number];
  for (const candidate of priced.steps) {
    if (inputTokens > candidate.rate.contextThreshold) step = candidate;
  }
  return { priced, ticks, step, amount: multiply(ticks, step.factor) };
}

function toCostLine({ priced, ticks, step, amount }: PricedLine): CostLine {
  return {
    unit: priced.unit,
    quantity: priced.ticks === 1 ? String(ticks) : formatMicros(ticks),
    price: step.rate.price,
    per: String(step.rate.per),
    tier: priced.tier,
    contextThreshold: String(step.rate.contextThreshold),
    amount: formatLine(amount),
  };
}

function formatMicros(ticks: number): string {
  return formatLine(BigInt(ticks) * 10n ** 24n);
}

function unpriced(problem: string): Computed {
  return { cost: null, currency: null, isFree: false, problem };
}

function describeMissing({ lookup }: Resolution): string {
  if (!lookup.isKnown) return `The price book has no provider "${lookup.provider}".`;
  return `The price book has no price of ${lookup.provider} for this model at the time of the call.`;
}
