// The usage object of Anthropic's Messages API, wherever it is served: input, cache reads and cache
// writes are told apart and add up. Pure.

import type { Told } from '../../values/told-values.ts';
import { childOf, objectsOf, type Reading, textIn } from '../reading.ts';

const FRESH = 'input_tokens';
const READ = 'cache_read_input_tokens';
const WRITTEN = 'cache_creation_input_tokens';

export function readAnthropicUsage(usage: Told, reading: Reading): void {
  reading.because("the usage has Anthropic's shape: the cache comes on top of the input");
  const fresh = reading.count(usage, FRESH);
  const read = reading.count(usage, READ);
  const written = readCacheWrites(usage, reading);
  reading.set('cache_read_tokens', read);
  const output = reading.count(usage, 'output_tokens');
  reading.set('output_tokens', output);
  const isTold = fresh !== undefined || read !== undefined || written !== undefined;
  if (isTold) reading.set('input_tokens', (fresh ?? 0) + (read ?? 0) + (written ?? 0));
  if ((read ?? 0) + (written ?? 0) > 0) {
    reading.because(
      `Anthropic counts the cache apart: ${read ?? 0} read and ${written ?? 0} written are ` +
        `added to the input of ${fresh ?? 0}`,
    );
  }
  const outputParts = childOf(usage, 'output_tokens_details');
  reading.set('reasoning_tokens', reading.count(outputParts, 'thinking_tokens'));
  const tools = childOf(usage, 'server_tool_use');
  reading.set('searches', reading.count(tools, 'web_search_requests'));
  readTier(usage, reading);
  checkIterations(usage, reading, output);
}

function readCacheWrites(usage: Told, reading: Reading): number | undefined {
  const byTtl = childOf(usage, 'cache_creation');
  const short = reading.count(byTtl, 'ephemeral_5m_input_tokens');
  const long = reading.count(byTtl, 'ephemeral_1h_input_tokens');
  const isByTtl = short !== undefined || long !== undefined;
  const told = reading.count(usage, WRITTEN);
  const written = told ?? (isByTtl ? (short ?? 0) + (long ?? 0) : undefined);
  reading.set('cache_write_tokens', written);
  reading.set('cache_write_1h_tokens', long);
  const rest = (written ?? 0) - (short ?? 0) - (long ?? 0);
  if (rest <= 0) {
    reading.set('cache_write_5m_tokens', short);
    return written;
  }
  reading.set('cache_write_5m_tokens', (short ?? 0) + rest);
  reading.because(
    `${rest} cache writes without a time to live count as 5 minutes, Anthropic's default`,
  );
  return written;
}

function readTier(usage: Told, reading: Reading): void {
  const tier = textIn(usage, 'service_tier');
  reading.tier(tier);
  if (tier === 'batch') reading.fields.batch = true;
  if (textIn(usage, 'speed') !== 'fast') return;
  reading.tier('fast');
  reading.because('the answer was served in fast mode, which has prices of its own');
}

/** Compaction and advisor passes are billed, and missing in the totals beside them. */
function checkIterations(usage: Told, reading: Reading, output: number | undefined): void {
  let input = 0;
  let produced = 0;
  for (const pass of objectsOf(usage, 'iterations')) {
    for (const name of [FRESH, READ, WRITTEN]) input += reading.count(pass, name) ?? 0;
    produced += reading.count(pass, 'output_tokens') ?? 0;
  }
  if (input <= reading.get('input_tokens') && produced <= (output ?? 0)) return;
  reading.flag(
    'iterations_beyond_totals',
    `the iterations used ${input} in and ${produced} out, more than the totals, which are kept`,
  );
}
