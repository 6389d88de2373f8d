// The genai-prices catalogue as price cards, with the tiers it lacks. The only way to the
// package; it reads what is built into it and fetches nothing.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { ConditionalPrice, ModelInfo, ModelPrice, Provider } from '@pydantic/genai-prices';
import { AppError } from '../../core/errors.ts';
import { canonicalDecimal } from '../../core/money.ts';
import { type CardContent, type Pattern, type Rate, STANDARD } from './cards.ts';
import { expandTiers, TIER_RULES_DATE } from './tiers.ts';
import { findUnit } from './units.ts';

export const CATALOGUE = 'genai-prices';
const CURRENCY = 'USD';

/** How a price key ends → the unit's ending, and for how many units the price is. */
const SUFFIXES: [suffix: string, ending: string, per: bigint][] = [
  ['_mtok', '_tokens', 1_000_000n],
  ['_hours', '_seconds', 3_600n],
  ['_kpages', '_pages', 1_000n],
  ['_kcount', '', 1_000n],
  ['_mchars', '_characters', 1_000_000n],
  ['_gpixels', '_pixels', 1_000_000_000n],
];

/** The version of the package and of our own tier rules. */
export function catalogueVersion(): string {
  const entry = createRequire(import.meta.url).resolve('@pydantic/genai-prices');
  const manifest = readFileSync(join(dirname(entry), '..', 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  return `${version}+tiers.${TIER_RULES_DATE}`;
}

/** All cards of the catalogue. Throws ERR_INPUT for a price that this version cannot read. */
export async function readCatalogue(): Promise<CardContent[]> {
  // Loaded only when it is read: the catalogue is 800 kB of script that few commands need.
  const { waitForUpdate } = await import('@pydantic/genai-prices');
  const providers = (await waitForUpdate()) ?? [];
  const version = catalogueVersion();
  return providers.flatMap((provider) =>
    provider.models.flatMap((model, position) => toCards(provider, model, position, version)),
  );
}

function toCards(
  provider: Provider,
  model: ModelInfo,
  position: number,
  version: string,
): CardContent[] {
  const prices = Array.isArray(model.prices) ? model.prices : [{ prices: model.prices }];
  return prices.map((price, place) => ({
    provider: provider.id,
    model: model.id,
    pattern: model.match as Pattern,
    currency: CURRENCY,
    ...timesOf(prices, place),
    source: CATALOGUE,
    version,
    position,
    rates: toRates(provider.id, model.id, price.prices),
  }));
}

/**
 * The catalogue takes the last price of the list whose condition holds. A daily window that follows
 * a date is meant from that date on, which the list cannot say and its comments do.
 */
function timesOf(prices: ConditionalPrice[], place: number) {
  const constraint = prices[place]?.constraint;
  const dateOf = (price: ConditionalPrice | undefined) =>
    price?.constraint?.type === 'start_date' ? new Date(price.constraint.start_date) : null;
  const earlier = prices
    .slice(0, place + 1)
    .map(dateOf)
    .filter((date) => date !== null);
  const later = prices
    .slice(place + 1)
    .map(dateOf)
    .filter((date) => date !== null);
  const daily = constraint?.type === 'time_of_date' ? constraint : undefined;
  return {
    validFrom: earlier.at(-1) ?? null,
    validTo: later[0] ?? null,
    dailyFrom: daily === undefined ? null : readClock(daily.start_time),
    dailyTo: daily === undefined ? null : readClock(daily.end_time),
  };
}

function readClock(clock: string): string {
  const utc = /^(\d{2}:\d{2}:\d{2})Z$/.exec(clock)?.[1];
  if (utc === undefined) throw unreadable(`the time of day "${clock}"`);
  return utc;
}

function toRates(provider: string, model: string, prices: ModelPrice): Rate[] {
  const standard = Object.entries(prices).flatMap(([key, price]) => {
    if (price === undefined) return [];
    const { unit, per } = readPriceKey(key);
    const rate = (contextThreshold: number, amount: number): Rate => {
      return { unit, tier: STANDARD, contextThreshold, price: canonicalDecimal(amount), per };
    };
    if (typeof price === 'number') return [rate(0, price)];
    return [rate(0, price.base), ...price.tiers.map((tier) => rate(tier.start, tier.price))];
  });
  return [...standard, ...expandTiers(provider, model, standard)];
}

function readPriceKey(key: string): { unit: string; per: bigint } {
  for (const [suffix, ending, per] of SUFFIXES) {
    if (!key.endsWith(suffix)) continue;
    const unit = findUnit(`${key.slice(0, -suffix.length)}${ending}`);
    if (unit !== undefined) return { unit, per };
  }
  throw unreadable(`the price "${key}"`);
}

function unreadable(what: string): AppError {
  return new AppError('ERR_INPUT', `genai-prices holds ${what}, which Daybook cannot read`, {
    fix: 'go back to the version of @pydantic/genai-prices that package.json names',
  });
}
