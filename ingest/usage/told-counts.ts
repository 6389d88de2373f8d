// Counts as instrumentations tell them → the canonical, inclusive ones. Conventions say that input
// holds the cache and output the reasoning; not every instrumentation keeps to it. Pure.
import { type EventFields, TOKEN_FIELDS } from './native.ts';

export interface ToldCounts {
  input?: unknown;
  output?: unknown;
  total?: unknown;
  cacheRead?: unknown;
  cacheWrite?: unknown;
  reasoning?: unknown;
}

export interface SettledCounts {
  fields: EventFields;
  flags: string[];
}

export const TOTAL_DIFFERS = 'total_differs_from_parts';
const CACHE_ADDED = 'cache_added_to_input';
const REASONING_ADDED = 'reasoning_added_to_output';

/**
 * Makes told counts inclusive. They count as inclusive unless the total says otherwise: when it is
 * the sum of input, output and the cache (or the reasoning), these stood beside. Without such a
 * total, a cache larger than the input of an Anthropic model, whose own usage is additive, is
 * added; so is reasoning larger than the output of a Google model. Anything else stays as it came,
 * and is flagged where it does not add up.
 */
export function settleCounts(told: ToldCounts, provider: string, model: string): SettledCounts {
  const input = whole(told.input);
  const output = whole(told.output);
  const total = whole(told.total);
  const cache = (whole(told.cacheRead) ?? 0) + (whole(told.cacheWrite) ?? 0);
  const reasoning = whole(told.reasoning) ?? 0;
  const beyond = total === undefined ? undefined : total - (input ?? 0) - (output ?? 0);
  const isBoth = cache > 0 && reasoning > 0 && beyond === cache + reasoning;
  const addsCache =
    isBoth ||
    (cache > 0 && beyond === cache) ||
    (cache > (input ?? 0) && isAnthropic(provider, model));
  const addsReasoning =
    isBoth ||
    (reasoning > 0 && !addsCache && beyond === reasoning) ||
    (reasoning > (output ?? 0) && isGoogle(provider, model));
  const fields = fieldsOf(told);
  if (addsCache) fields.input_tokens = (input ?? 0) + cache;
  if (addsReasoning) fields.output_tokens = (output ?? 0) + reasoning;
  const flags = [addsCache ? CACHE_ADDED : '', addsReasoning ? REASONING_ADDED : ''];
  const isTold = input !== undefined && output !== undefined;
  const explained = [0, addsCache ? cache : 0, addsReasoning ? reasoning : 0];
  const sums = [...explained, (explained[1] ?? 0) + (explained[2] ?? 0)];
  if (isTold && beyond !== undefined && !sums.includes(beyond)) flags.push(TOTAL_DIFFERS);
  return { fields, flags: flags.filter((flag) => flag !== '') };
}

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

/** The counts under their canonical names; the part that only the total tells is worked out. */
function fieldsOf(told: ToldCounts): EventFields {
  const fields: EventFields = {
    input_tokens: told.input,
    output_tokens: told.output,
    cache_read_tokens: told.cacheRead,
    cache_write_tokens: told.cacheWrite,
    reasoning_tokens: told.reasoning,
  };
  const total = whole(told.total);
  const [input, output] = [whole(told.input), whole(told.output)];
  if (total === undefined) return fields;
  // What cannot be told apart has no price, but is not lost.
  if (told.input === undefined && told.output === undefined)
    fields.other_units = { total_tokens: total };
  if (told.output === undefined && input !== undefined && total >= input) {
    fields.output_tokens = total - input;
  } else if (told.input === undefined && output !== undefined && total >= output) {
    fields.input_tokens = total - output;
  }
  return fields;
}

/** The count where it can be reckoned with; a bad one is left for the event's own check. */
function whole(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function isAnthropic(provider: string, model: string): boolean {
  return provider === 'anthropic' || /claude/i.test(model);
}

function isGoogle(provider: string, model: string): boolean {
  return provider.startsWith('google') || /gemini/i.test(model);
}
