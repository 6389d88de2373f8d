// A price card in memory: which model names it is for, when it applies, and its prices made ready
// to multiply. Pure.

import type { UsageCounts } from '../usage/event.ts';
import { type Factor, makeFactor } from './amounts.ts';
import type { AppliedCard } from './costing.ts';
import { compareUnits, countReader, isPartOf, ticksOf } from './units.ts';

/** Which model names a card is for; the language of the genai-prices catalogue. */
export type Pattern =
  | { equals: string }
  | { starts_with: string }
  | { ends_with: string }
  | { contains: string }
  | { regex: string }
  | { and: Pattern[] }
  | { or: Pattern[] };

/** The tier of calls that asked for none. */
export const STANDARD = 'standard';
const DAY_MS = 86_400_000;

/** One price of a card. `price` is plain decimal text for `per` units. */
export interface Rate {
  unit: string;
  tier: string;
  /** The price applies to calls whose input exceeds so many tokens; 0 for the base price. */
  contextThreshold: number;
  price: string;
  per: bigint;
}

/** A card as it is recorded, without the id that the books give it. */
export interface CardContent {
  provider: string;
  model: string;
  pattern: Pattern;
  currency: string;
  validFrom: Date | null;
  validTo: Date | null;
  /** UTC, `HH:MM:SS`; a window that ends before it starts goes over midnight. */
  dailyFrom: string | null;
  dailyTo: string | null;
  source: string;
  version: string;
  position: number;
  rates: Rate[];
}

export interface RecordedCard extends CardContent {
  id: string;
  clientId: string | null;
  recordedAt: Date;
}

/** One unit of a card at one tier. */
export interface PricedUnit {
  unit: string;
  tier: string;
  ticks: number;
  count: (counts: UsageCounts) => number | null;
  /** Places of those units in the same list that are part of this one; all stand before it. */
  parts: number[];
  /** By rising threshold. */
  steps: { rate: Rate; factor: Factor }[];
}

export interface Card {
  recordedAt: number;
  applied: AppliedCard;
  currency: string;
  isFree: boolean;
  /** True when it applies at any time of any day. */
  isAlways: boolean;
  matches(name: string): boolean;
  covers(instant: number): boolean;
  /** Prices by service tier, made on first use. */
  unitsAt(tier: string): PricedUnit[] | undefined;
}

/** Makes a recorded card ready for use. */
export function compileCard(recorded: RecordedCard): Card {
  const { rates, validFrom, validTo, dailyFrom } = recorded;
  const tiers = new Map<string, PricedUnit[] | undefined>();
  const isFree = rates.every(({ price }) => /^0*\.?0*$/.test(price));
  return {
    recordedAt: recorded.recordedAt.getTime(),
    applied: describeCard(recorded),
    currency: recorded.currency,
    isFree,
    isAlways: [validFrom, validTo, dailyFrom].every((bound) => bound === null),
    matches: compilePattern(recorded.pattern),
    covers: compileTimes(recorded),
    unitsAt: (tier) => {
      // What costs nothing costs nothing at any tier.
      if (isFree) return [];
      if (!tiers.has(tier)) tiers.set(tier, compileTier(rates, tier));
      return tiers.get(tier);
    },
  };
}

/** Tells whether a model name, in small letters, is matched. Throws SyntaxError for a bad regex. */
export function compilePattern(pattern: Pattern): (name: string) => boolean {
  if ('or' in pattern) {
    const any = pattern.or.map(compilePattern);
    return (name) => any.some((matches) => matches(name));
  }
  if ('and' in pattern) {
    const all = pattern.and.map(compilePattern);
    return (name) => all.every((matches) => matches(name));
  }
  if ('regex' in pattern) {
    const regex = new RegExp(pattern.regex, 'i');
    return (name) => regex.test(name);
  }
  const [kind, text] = Object.entries(pattern)[0] as [string, string];
  const wanted = text.toLowerCase();
  if (kind === 'equals') return (name) => name === wanted;
  if (kind === 'starts_with') return (name) => name.startsWith(wanted);
  if (kind === 'ends_with') return (name) => name.endsWith(wanted);
  return (name) => name.includes(wanted);
}

function describeCard(recorded: RecordedCard): AppliedCard {
  return {
    id: recorded.id,
    provider: recorded.provider,
    model: recorded.model,
    source: recorded.source,
    version: recorded.version,
    validFrom: recorded.validFrom?.toISOString() ?? null,
    validTo: recorded.validTo?.toISOString() ?? null,
    recordedAt: recorded.recordedAt.toISOString(),
  };
}

function compileTimes({ validFrom, validTo, dailyFrom, dailyTo }: CardContent) {
  const from = validFrom?.getTime() ?? Number.NEGATIVE_INFINITY;
  const to = validTo?.getTime() ?? Number.POSITIVE_INFINITY;
  if (dailyFrom === null || dailyTo === null) {
    return (instant: number) => instant >= from && instant < to;
  }
  const [start, end] = [millisecondsOf(dailyFrom), millisecondsOf(dailyTo)];
  return (instant: number) => {
    if (instant < from || instant >= to) return false;
    const clock = ((instant % DAY_MS) + DAY_MS) % DAY_MS;
    return end < start ? clock >= start || clock < end : clock >= start && clock < end;
  };
}

function millisecondsOf(clock: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = clock.split(':').map(Number);
  return ((hours * 60 + minutes) * 60 + seconds) * 1000;
}

/** The units at a tier; one without a price of that tier keeps its standard price. */
function compileTier(rates: Rate[], tier: string): PricedUnit[] | undefined {
  const wanted = rates.filter((rate) => rate.tier === tier);
  if (wanted.length === 0) return undefined;
  const own = new Set(wanted.map(({ unit }) => unit));
  const rest = rates.filter(({ unit, tier: other }) => other === STANDARD && !own.has(unit));
  const chosen = [...wanted, ...rest];
  const units = [...new Set(chosen.map(({ unit }) => unit))].sort(compareUnits);
  return units.map((unit) => {
    const steps = chosen
      .filter((rate) => rate.unit === unit)
      .sort((left, right) => left.contextThreshold - right.contextThreshold)
      .map((rate) => ({ rate, factor: makeFactor(rate.price, rate.per, ticksOf(unit)) }));
    const parts = units.flatMap((other, place) => (isPartOf(other, unit) ? [place] : []));
    const ownTier = steps[0]?.rate.tier ?? tier;
    return { unit, tier: ownTier, ticks: ticksOf(unit), count: countReader(unit), parts, steps };
  });
}
