// Service tiers: which one served a call, and what the tiers of a provider cost, which the
// genai-prices catalogue does not hold. The figures and their sources are in tier-rules.json.
import { readFileSync } from 'node:fs';
import { canonicalDecimal, Decimal } from '../../core/money.ts';
import type { UsageEvent } from '../usage/event.ts';
import { type Rate, STANDARD } from './cards.ts';
import { isMetered } from './units.ts';

interface Tier {
  tier: string;
  /** Times the standard price. */
  factor?: string;
  /** The same for cache reads and writes, where it differs. */
  cacheFactor?: string;
  /** US dollars per million. */
  prices?: Record<string, string>;
  /** A surcharge on every other tier too: `us`, `batch us`. */
  onEveryTier?: boolean;
}

interface TierRule {
  provider: string;
  /** A regular expression on the card's model. */
  model: string;
  tiers: Tier[];
  source: string;
  /** The day the rule was written down; a source may have changed since. */
  recorded: string;
}

const RULES = JSON.parse(
  readFileSync(new URL('./tier-rules.json', import.meta.url), 'utf8'),
) as TierRule[];

/** Changes with the rules; part of the version of every card they helped to make. */
export const TIER_RULES_DATE =
  RULES.map(({ recorded }) => recorded)
    .sort()
    .at(-1) ?? '';

const PER_MILLION = 1_000_000n;

/** Words that say "as usual", in small letters; traffic type 1 is Vertex's ON_DEMAND. */
const STANDARD_WORDS = new Set([
  '',
  '1',
  'auto',
  'default',
  'none',
  'not_available',
  'on-demand',
  'on_demand',
  'standard',
  'standard_only',
  'traffic_type_unspecified',
  'unspecified',
]);

const OTHER_WORDS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    batches: 'batch',
    on_demand_flex: 'flex',
    on_demand_priority: 'priority',
    provisioned_throughput: 'provisioned',
  }),
);

/** The tier that a call is charged at; a word that is not known stays as it is. */
export function readTier(event: UsageEvent, provider: string): string {
  const tier = event.batch === true ? 'batch' : nameTier(event.serviceTier);
  if (provider !== 'anthropic' || event.rawUsage === null) return tier;
  const isFast = tier === STANDARD && /"speed":\s*"fast"/.test(event.rawUsage);
  const speed = isFast ? 'fast' : tier;
  if (!/"inference_geo":\s*"us"/.test(event.rawUsage)) return speed;
  return withSurcharge(speed, 'us');
}

/** The canonical name of a provider's word for a tier. */
export function nameTier(word: string | null): string {
  if (word === null) return STANDARD;
  const name = word.trim().toLowerCase();
  return STANDARD_WORDS.has(name) ? STANDARD : (OTHER_WORDS.get(name) ?? name);
}

/** The prices of a model's tiers, made from its standard ones. */
export function expandTiers(provider: string, model: string, standard: Rate[]): Rate[] {
  const rules = RULES.filter(
    (rule) => rule.provider === provider && new RegExp(rule.model).test(model),
  ).flatMap(({ tiers }) => tiers);
  const own = rules
    .filter(({ onEveryTier }) => onEveryTier !== true)
    .flatMap((tier) => ratesOf(tier, standard));
  const surcharges = rules.filter(({ onEveryTier }) => onEveryTier === true);
  const extra = surcharges.flatMap((rule) =>
    [...standard, ...own]
      .filter(({ unit }) => isMetered(unit))
      .map((rate) => times(rate, withSurcharge(rate.tier, rule.tier), rule.factor ?? '1')),
  );
  return [...own, ...extra];
}

function ratesOf({ tier, factor, cacheFactor, prices }: Tier, standard: Rate[]): Rate[] {
  if (prices !== undefined) {
    return Object.entries(prices).map(([unit, price]) => {
      return { unit, tier, contextThreshold: 0, price, per: PER_MILLION };
    });
  }
  const metered = standard.filter(({ unit }) => isMetered(unit));
  return metered.map((rate) => {
    const isCache = rate.unit.startsWith('cache_');
    return times(rate, tier, (isCache ? cacheFactor : undefined) ?? factor ?? '1');
  });
}

function times(rate: Rate, tier: string, factor: string): Rate {
  return { ...rate, tier, price: canonicalDecimal(new Decimal(rate.price).times(factor)) };
}

function withSurcharge(tier: string, surcharge: string): string {
  return tier === STANDARD ? surcharge : `${tier} ${surcharge}`;
}
