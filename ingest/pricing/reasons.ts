// Says in sentences why a call costs what it costs: card, names, tier, thresholds, minimums, and
// what could not be priced. Pure.

import { STANDARD } from './cards.ts';
import { findMissing } from './missing-units.ts';
import type { Pricing } from './price-event.ts';
import { countReader } from './units.ts';

const VARIANT_NOTES: Readonly<Record<string, string>> = {
  online:
    'The variant ":online" adds a charge for the web search that the price list does not hold.',
  free: 'The variant ":free" costs nothing.',
};

/** Parts whose price usually differs from that of the whole. */
const NOTED_PARTS = [
  'cache_read_tokens',
  'cache_write_tokens',
  'cache_write_1h_tokens',
  'input_audio_tokens',
  'output_audio_tokens',
];

/** One sentence for each decision, the one on the counting cost last. */
export function explainCosting(pricing: Pricing): string[] {
  return [
    ...explainCard(pricing),
    ...pricing.resolution.lookup.variants.map(explainVariant),
    ...explainTier(pricing),
    ...explainThreshold(pricing),
    ...explainCounts(pricing),
    pricing.settledReason,
  ];
}

function explainCard({ event, resolution, found }: Pricing): string[] {
  const { provider } = resolution.lookup;
  const alias = provider === event.provider.trim().toLowerCase() ? [] : [provider];
  const asProvider = alias.map((name) => `Provider "${event.provider}" is priced as ${name}.`);
  if (found === null) return asProvider;
  const { applied } = found.card;
  const which = found.model === event.servedModel ? 'served' : 'requested';
  const { id, source, version } = applied;
  const since = applied.validFrom === null ? '' : `, valid from ${applied.validFrom}`;
  const until = applied.validTo === null ? '' : `, valid to ${applied.validTo}`;
  return [
    ...asProvider,
    `Card ${id} (${applied.provider} ${applied.model}, ${source} ${version}${since}${until}) ` +
      `is for the ${which} model "${found.model}".`,
  ];
}

function explainVariant(variant: string): string {
  return (
    VARIANT_NOTES[variant] ??
    `The variant ":${variant}" chooses a route; it has no price of its own.`
  );
}

function explainTier({ tier, found }: Pricing): string[] {
  return tier === STANDARD || found === null ? [] : [`The call was served at tier "${tier}".`];
}

function explainThreshold({ event, lines }: Pricing): string[] {
  const passed = lines.map(({ step }) => step.rate.contextThreshold);
  const threshold = Math.max(0, ...passed);
  if (threshold === 0) return [];
  return [
    `The input of ${event.inputTokens} tokens exceeds ${threshold}: the whole call is at the ` +
      'price for long context.',
  ];
}

function explainCounts(pricing: Pricing): string[] {
  const { event, tier, lines, exceeded, raised, found } = pricing;
  const { provider = '' } = found?.card.applied ?? {};
  const units = (found?.card.unitsAt(tier) ?? []).map(({ unit }) => unit);
  const merged = NOTED_PARTS.filter(
    (unit) => lines.length > 0 && !units.includes(unit) && (countReader(unit)(event) ?? 0) > 0,
  );
  return [
    ...exceeded.map((unit) => `The parts of ${unit} exceed it; they are priced, the rest is 0.`),
    ...raised.map((unit) => `${provider} bills a least amount of ${unit} for each call.`),
    ...findMissing(pricing).map(
      (unit) => `${unit} has no price on this card; the cost is without it.`,
    ),
    ...merged.map((unit) => `${unit} has no price of its own; it is priced as what it is part of.`),
  ];
}
