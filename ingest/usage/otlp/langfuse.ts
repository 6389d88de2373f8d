// Langfuse's own attributes: its usage and cost details → canonical counts and cost. Its counts are
// exclusive: `input` is what no other `input_…` holds. Knows nothing of spans. Pure.

import { type EventFields, usageFieldsOf } from '../event-fields.ts';
import { readProviderCall } from '../providers/call.ts';
import { type SettledCounts, TOTAL_DIFFERS } from '../told-counts.ts';
import { objectOf, plainNumber, sumOf } from '../values/told-values.ts';

const COUNTS_INCLUSIVE = 'counts_already_inclusive';

/** The canonical counts that each key of usage_details adds to, beside input or output. */
const PARTS: Record<string, keyof EventFields> = {
  input_cached_tokens: 'cache_read_tokens',
  input_cache_read: 'cache_read_tokens',
  cache_read_input_tokens: 'cache_read_tokens',
  input_cache_write_tokens: 'cache_write_tokens',
  input_cache_creation: 'cache_write_tokens',
  cache_creation_input_tokens: 'cache_write_tokens',
  input_cache_creation_5m: 'cache_write_5m_tokens',
  input_cache_creation_1h: 'cache_write_1h_tokens',
  input_audio_tokens: 'input_audio_tokens',
  input_audio: 'input_audio_tokens',
  output_audio_tokens: 'output_audio_tokens',
  output_audio: 'output_audio_tokens',
  output_reasoning_tokens: 'reasoning_tokens',
  output_reasoning: 'reasoning_tokens',
  reasoning_tokens: 'reasoning_tokens',
};

/** Reads `usage_details`; undefined where there are none. */
export function readUsageDetails(
  received: unknown,
  provider: string,
  model: string,
): SettledCounts | undefined {
  const usage = objectOf(received);
  if (usage === undefined || Object.keys(usage).length === 0) return undefined;
  const isProviders = ['prompt_tokens', 'input_tokens', 'promptTokenCount'].some((key) =>
    Object.hasOwn(usage, key),
  );
  if (isProviders) {
    const { fields, flags } = readProviderCall({ provider, requestModel: model, usage });
    const told = usageFieldsOf(fields);
    // A count that is none is left to the event's own check, which names it.
    told.input_tokens ??= usage.prompt_tokens ?? usage.input_tokens ?? usage.promptTokenCount;
    told.output_tokens ??= usage.completion_tokens ?? usage.output_tokens;
    return { fields: told, flags };
  }
  const counts = Object.entries(usage).map(([key, value]) => [key, plainNumber(value)]);
  const { fields, flags } = includeParts(Object.fromEntries(counts));
  return { fields: { ...fields, raw_usage: usage }, flags };
}

/** Adds the exclusive parts to their totals, unless `total` says that they are in it already. */
function includeParts(usage: Record<string, unknown>): SettledCounts {
  const fields: EventFields = {};
  const sides = { input: 0, output: 0 };
  for (const [key, value] of Object.entries(usage)) {
    if (value === null || key === 'input' || key === 'output' || key === 'total') continue;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
      const field = PARTS[key];
      if (field !== undefined) fields[field] = value;
      continue;
    }
    sides[/^output|reasoning/.test(key) ? 'output' : 'input'] += value;
    const field = PARTS[key];
    if (field !== undefined) fields[field] = Number(fields[field] ?? 0) + value;
  }
  const { cache_write_5m_tokens: short, cache_write_1h_tokens: long } = fields;
  if (typeof short === 'number' || typeof long === 'number') {
    const parts = [fields.cache_write_tokens, short, long].map((part) => Number(part ?? 0));
    fields.cache_write_tokens = parts.reduce((sum, part) => sum + part, 0);
  }
  return withTotals(fields, usage, sides);
}

function withTotals(
  fields: EventFields,
  { input, output, total }: Record<string, unknown>,
  sides: { input: number; output: number },
): SettledCounts {
  const told = [input, output].map((value) => (typeof value === 'number' ? value : 0));
  const plain = (told[0] as number) + (told[1] as number);
  const parts = sides.input + sides.output;
  const isInclusive = parts > 0 && total === plain;
  const include = (value: unknown, side: number) =>
    typeof value === 'number' || (value == null && side > 0) ? Number(value ?? 0) + side : value;
  fields.input_tokens = isInclusive ? input : include(input, sides.input);
  fields.output_tokens = isInclusive ? output : include(output, sides.output);
  if (isInclusive) return { fields, flags: [COUNTS_INCLUSIVE] };
  const differs = typeof total === 'number' && total !== plain + parts;
  return { fields, flags: differs ? [TOTAL_DIFFERS] : [] };
}

/** The cost in US dollars that `cost_details` tells: its total, or the sum of its parts. */
export function readCostDetails(received: unknown): unknown {
  const details = objectOf(received);
  if (details === undefined) return undefined;
  if (details.total !== undefined && details.total !== null) return details.total;
  return sumOf(Object.values(details));
}
