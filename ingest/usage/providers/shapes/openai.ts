// The usage object of OpenAI and of all who speak its language: chat, responses, embeddings, audio,
// images, realtime. Totals hold their parts. Knows no provider's extras. Pure.

import type { Told } from '../../values/told-values.ts';
import { childOf, type Reading } from '../reading.ts';

export interface OpenAIUsageOptions {
  /** Reasoning is told beside the output, not inside it. */
  isReasoningApart?: boolean;
}

export function readOpenAIUsage(
  usage: Told,
  reading: Reading,
  { isReasoningApart = false }: OpenAIUsageOptions = {},
): void {
  const input = reading.count(usage, 'prompt_tokens', 'input_tokens');
  const output = reading.count(usage, 'completion_tokens', 'output_tokens');
  const total = reading.count(usage, 'total_tokens');
  reading.set('input_tokens', input);
  reading.set('output_tokens', output);
  readInputParts(usage, reading);
  readOutputParts(usage, reading);
  addReasoning(reading, total, isReasoningApart);
  if (input === undefined && output === undefined && total !== undefined) {
    reading.set('input_tokens', total);
    reading.because(`only a total of ${total} tokens is told: it is input`);
  }
  reading.checkTotal(total);
}

function readInputParts(usage: Told, reading: Reading): void {
  const parts = childOf(
    usage,
    'prompt_tokens_details',
    'input_tokens_details',
    'prompt_token_details',
    'input_token_details',
  );
  const cached =
    reading.count(parts, 'cached_tokens') ??
    reading.count(usage, 'prompt_cache_hit_tokens', 'cached_tokens', 'cache_read_input_tokens');
  reading.set('cache_read_tokens', cached);
  readCacheWrites(usage, parts, reading);
  const audio = reading.count(parts, 'audio_tokens') ?? reading.count(usage, 'audio_prompt_tokens');
  reading.set('input_audio_tokens', audio);
  reading.unit('input_image_tokens', reading.count(parts, 'image_tokens'));
  reading.unit('input_video_tokens', reading.count(parts, 'video_tokens'));
  const cachedParts = childOf(parts, 'cached_tokens_details');
  reading.unit('cache_audio_read_tokens', reading.count(cachedParts, 'audio_tokens'));
  reading.unit('cache_image_read_tokens', reading.count(cachedParts, 'image_tokens'));
}

function readCacheWrites(usage: Told, parts: Told | undefined, reading: Reading): void {
  const written =
    reading.count(parts, 'cache_write_tokens', 'cache_creation_tokens') ??
    reading.count(usage, 'cache_creation_input_tokens');
  reading.set('cache_write_tokens', written);
  const byTtl = childOf(parts, 'cache_creation_token_details');
  const short = reading.count(byTtl, 'ephemeral_5m_input_tokens');
  reading.set('cache_write_5m_tokens', short);
  reading.set('cache_write_1h_tokens', reading.count(byTtl, 'ephemeral_1h_input_tokens'));
}

function readOutputParts(usage: Told, reading: Reading): void {
  const parts = childOf(
    usage,
    'completion_tokens_details',
    'output_tokens_details',
    'completion_token_details',
    'output_token_details',
  );
  const reasoning =
    reading.count(parts, 'reasoning_tokens', 'thinking_tokens') ??
    reading.count(usage, 'reasoning_tokens');
  reading.set('reasoning_tokens', reasoning);
  reading.set('output_audio_tokens', reading.count(parts, 'audio_tokens'));
  reading.unit('output_image_tokens', reading.count(parts, 'image_tokens'));
  reading.unit('output_video_tokens', reading.count(parts, 'video_tokens'));
}

/** Where the total shows that reasoning comes on top of the output, the output takes it in. */
function addReasoning(reading: Reading, total: number | undefined, isApart: boolean): void {
  const reasoning = reading.get('reasoning_tokens');
  if (reasoning === 0) return;
  const output = reading.get('output_tokens');
  const sum = reading.get('input_tokens') + output;
  if (total === undefined ? !isApart : total !== sum + reasoning) return;
  reading.set('output_tokens', output + reasoning);
  reading.because(`reasoning is told apart: ${reasoning} added to the output of ${output}`);
}
