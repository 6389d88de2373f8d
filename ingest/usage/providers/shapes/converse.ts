// The usage object of Bedrock's Converse API and of Amazon's own models: input, cache reads and cache
// writes are told apart and add up. Pure.

import type { Told } from '../../values/told-values.ts';
import { objectsOf, type Reading, valueIn } from '../reading.ts';

export function readConverseUsage(usage: Told, reading: Reading): void {
  const fresh = reading.count(usage, 'inputTokens', 'inputTokenCount');
  const read = reading.count(usage, 'cacheReadInputTokens', 'cacheReadInputTokenCount');
  const written = reading.count(usage, 'cacheWriteInputTokens', 'cacheWriteInputTokenCount');
  reading.set('cache_read_tokens', read);
  reading.set('cache_write_tokens', written);
  reading.set('output_tokens', reading.count(usage, 'outputTokens', 'outputTokenCount'));
  if (fresh !== undefined) reading.set('input_tokens', fresh + (read ?? 0) + (written ?? 0));
  if ((read ?? 0) + (written ?? 0) > 0) {
    reading.because(
      `Bedrock counts the cache apart: ${read ?? 0} read and ${written ?? 0} written are added ` +
        `to the input of ${fresh ?? 0}`,
    );
  }
  readTimesToLive(usage, reading, written ?? 0);
  reading.checkTotal(reading.count(usage, 'totalTokens'));
}

function readTimesToLive(usage: Told, reading: Reading, written: number): void {
  let short = 0;
  let long = 0;
  for (const detail of objectsOf(usage, 'cacheDetails')) {
    const tokens = reading.count(detail, 'inputTokens') ?? 0;
    if (valueIn(detail, 'ttl') === '1h') long += tokens;
    else short += tokens;
  }
  const rest = Math.max(0, written - short - long);
  if (short + long + rest === 0) return;
  reading.set('cache_write_5m_tokens', short + rest);
  reading.set('cache_write_1h_tokens', long);
  if (rest === 0) return;
  reading.because(
    `${rest} cache writes without a time to live count as 5 minutes, Bedrock's default`,
  );
}
