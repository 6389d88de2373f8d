// The usage metadata of Gemini, from Google's own host or Vertex, in the spelling of the API or of the
// Python client: thoughts and tool prompts come on top, the cache is inside. Pure.

import type { Told } from '../../values/told-values.ts';
import { countOf, objectsOf, type Reading, valueIn } from '../reading.ts';

const MODALITIES = ['', 'TEXT', 'IMAGE', 'VIDEO', 'AUDIO', 'DOCUMENT'];

export function readGeminiUsage(usage: Told, reading: Reading): void {
  const prompt = reading.count(usage, 'promptTokenCount', 'prompt_token_count');
  const tools = reading.count(usage, 'toolUsePromptTokenCount', 'tool_use_prompt_token_count');
  const answer = reading.count(usage, 'candidatesTokenCount', 'candidates_token_count');
  // The Live API's word.
  const live = answer ?? reading.count(usage, 'responseTokenCount', 'response_token_count');
  const thoughts = reading.count(usage, 'thoughtsTokenCount', 'thoughts_token_count');
  reading.set('input_tokens', plus(prompt, tools));
  reading.set('output_tokens', plus(live, thoughts));
  reading.set('reasoning_tokens', thoughts);
  reading.set(
    'cache_read_tokens',
    reading.count(usage, 'cachedContentTokenCount', 'cached_content_token_count'),
  );
  if (tools) reading.because(`Gemini counts tool prompts apart: ${tools} added to the input`);
  if (thoughts) reading.because(`Gemini counts thoughts apart: ${thoughts} added to the output`);
  readModalities(usage, reading);
  const total = reading.count(usage, 'totalTokenCount', 'total_token_count');
  if (total !== undefined && plus(prompt, plus(tools, plus(live, thoughts))) === undefined) {
    reading.because(`the ${total} tokens told are the size of a stored cache, used by no call`);
  }
  reading.checkTotal(total);
}

function readModalities(usage: Told, reading: Reading): void {
  const input = ['promptTokensDetails', 'prompt_tokens_details', 'promptTokenDetails'];
  const tools = ['toolUsePromptTokensDetails', 'tool_use_prompt_tokens_details'];
  const output = ['candidatesTokensDetails', 'candidates_tokens_details', 'responseTokensDetails'];
  const sent = sumByModality(usage, [...input, ...tools]);
  const made = sumByModality(usage, output);
  const cached = sumByModality(usage, ['cacheTokensDetails', 'cache_tokens_details']);
  reading.set('input_audio_tokens', sent.AUDIO);
  reading.set('output_audio_tokens', made.AUDIO);
  // Google bills the pages of a document as images.
  reading.unit('input_image_tokens', plus(sent.IMAGE, sent.DOCUMENT));
  reading.unit('input_video_tokens', sent.VIDEO);
  reading.unit('output_image_tokens', plus(made.IMAGE, made.DOCUMENT));
  reading.unit('output_video_tokens', made.VIDEO);
  reading.unit('cache_audio_read_tokens', cached.AUDIO);
  reading.unit('cache_image_read_tokens', plus(cached.IMAGE, cached.DOCUMENT));
  reading.unit('cache_video_read_tokens', cached.VIDEO);
}

interface ByModality {
  AUDIO?: number;
  IMAGE?: number;
  VIDEO?: number;
  DOCUMENT?: number;
}

function sumByModality(usage: Told, lists: string[]): ByModality {
  const sums: Record<string, number> = {};
  for (const entry of lists.flatMap((list) => objectsOf(usage, list))) {
    const told = valueIn(entry, 'modality');
    const name = typeof told === 'number' ? MODALITIES[told] : told;
    const tokens = countOf(valueIn(entry, 'tokenCount') ?? valueIn(entry, 'token_count'));
    if (typeof name !== 'string' || !MODALITIES.includes(name) || tokens === undefined) continue;
    sums[name] = (sums[name] ?? 0) + tokens;
  }
  return sums;
}

function plus(left: number | undefined, right: number | undefined): number | undefined {
  return left === undefined && right === undefined ? undefined : (left ?? 0) + (right ?? 0);
}
