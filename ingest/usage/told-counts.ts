// Counts as instrumentations tell them → the canonical, inclusive ones. Conventions say that input
// holds the cache and output the reasoning; not every instrumentation keeps to it. Pure.
import type { EventFields } from './event-fields.ts';
import { plainNumber } from './values/told-values.ts';

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
  const fields = fieldsOf(told);
  const input = whole(fields.input_tokens);
  const output = whole(fields.output_tokens);
  const total = whole(told.total);
  const beyond = total === undefined ? undefined : total - (input ?? 0) - (output ?? 0);
  const cache = (whole(told.cacheRead) ?? 0) + (whole(told.cacheWrite) ?? 0);
  const reasoning = whole(told.reasoning) ?? 0;
  const isBoth = cache > 0 && reasoning > 0 && beyond === cache + reasoning;
  const addsCache =
    isBoth ||
    (cache > 0 && beyond === cache) ||
    (cache > (input ?? 0) && isAnthropic(provider, model));
  const addsReasoning =
    isBoth ||
    (reasoning > 0 && !addsCache && beyond === reasoning) ||
    (reasoning > (output ?? 0) && isGoogle(provider, model));
  const flags: string[] = [];
  if (addsCache) {
    fields.input_tokens = (input ?? 0) + cache;
    flags.push(CACHE_ADDED);
  }
  if (addsReasoning) {
    fields.output_tokens = (output ?? 0) + reasoning;
    flags.push(REASONING_ADDED);
  }
  const [withCache, withReasoning] = [addsCache ? cache : 0, addsReasoning ? reasoning : 0];
  const sums = [0, withCache, withReasoning, withCache + withReasoning];
  const isTold = input !== undefined && output !== undefined && beyond !== undefined;
  if (isTold && !sums.includes(beyond)) flags.push(TOTAL_DIFFERS);
  return { fields, flags };
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
  const count = plainNumber(value);
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : undefined;
}

function isAnthropic(provider: string, model: string): boolean {
  return provider === 'anthropic' || /claude/i.test(model);
}

function isGoogle(provider: string, model: string): boolean {
  return provider.startsWith('google') || /gemini/i.test(model);
}
