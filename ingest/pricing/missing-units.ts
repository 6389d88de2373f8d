// What a call used and its card has no price of, so that the computed cost is without it. Decides no
// cost. Pure.
import type { PricedUnit } from './cards.ts';
import type { Pricing } from './price-event.ts';
import { isFee, isPartOf, isTokenTotal, usedUnits } from './units.ts';

/** Of the units of a card at a tier: which of those asked for are priced. */
const KNOWN = new WeakMap<PricedUnit[], Map<string, boolean>>();

/**
 * Fees that stand beside all else, such as a web search, and a side of the tokens where the card
 * prices the other: nobody knows what they cost. Whatever else is counted, such as the images of a
 * model that is paid by the token, may well be paid for by what has a price.
 */
export function findMissing({ event, found, tier }: Pricing): string[] {
  const units = found === null || found.card.isFree ? undefined : found.card.unitsAt(tier);
  if (units === undefined) return [];
  return usedUnits(event).filter(
    (unit) => (isFee(unit) || isTokenTotal(unit)) && !isPriced(units, unit),
  );
}

function isPriced(units: PricedUnit[], unit: string): boolean {
  const known = KNOWN.get(units) ?? new Map<string, boolean>();
  KNOWN.set(units, known);
  const found = known.get(unit) ?? readPriced(units, unit);
  known.set(unit, found);
  return found;
}

function readPriced(units: PricedUnit[], unit: string): boolean {
  if (units.some(({ unit: other }) => other === unit || isPartOf(unit, other))) return true;
  if (!isTokenTotal(unit)) return false;
  // A whole whose parts are priced, and tokens of a model that is paid by the second or the call.
  if (units.some(({ unit: other }) => isPartOf(other, unit))) return true;
  return !units.some(({ unit: other }) => other.endsWith('_tokens'));
}
