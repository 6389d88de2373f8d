// The fields of an event before they are checked, as formats and providers tell them, and how those
// of several tellers are put together. Pure.
import type { z } from 'zod';
import type { NativeEvent } from './native.ts';

/** Fields of a native event that some other format or provider told. */
export type EventFields = { [name in keyof z.input<typeof NativeEvent>]?: unknown };

/** The fields that count tokens: two totals and their parts. */
export const TOKEN_FIELDS = [
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'cache_write_5m_tokens',
  'cache_write_1h_tokens',
  'reasoning_tokens',
  'input_audio_tokens',
  'output_audio_tokens',
] as const;

/** Fields that say what a call used and cost, not which call it was or how it went. */
const USAGE_FIELDS: (keyof EventFields)[] = [
  ...TOKEN_FIELDS,
  'audio_seconds',
  'images',
  'searches',
  'requests',
  'other_units',
  'cost',
  'currency',
  'service_tier',
  'raw_usage',
];

/** What a provider's usage object alone tells; of the call itself the format knows more. */
export function usageFieldsOf(fields: EventFields): EventFields {
  const told: EventFields = {};
  for (const name of USAGE_FIELDS) if (fields[name] != null) told[name] = fields[name];
  return told;
}

/** The fields that were told, so that spreading them hides nothing that another part told. */
export function definedFields(fields: EventFields): EventFields {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== null),
  );
}

/** What is said goes before what a usage object tells; a cost keeps the currency it was told in. */
export function joinFields(told: EventFields, said: EventFields): EventFields {
  const { cost, currency, ...rest } = told;
  const money = cost == null || said.cost != null ? {} : { cost, currency };
  return { ...rest, ...said, ...money };
}
