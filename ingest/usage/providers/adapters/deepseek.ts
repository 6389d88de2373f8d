// DeepSeek: OpenAI's usage, with the input also parted into cache hits and misses.
import type { Answer } from '../answer.ts';
import type { Reading } from '../reading.ts';
import { readCompatible } from './compatible.ts';

export function readDeepSeek(answer: Answer, reading: Reading): void {
  readCompatible(answer, reading);
  const hit = reading.count(answer.usage, 'prompt_cache_hit_tokens');
  const miss = reading.count(answer.usage, 'prompt_cache_miss_tokens');
  if (hit === undefined || miss === undefined) return;
  const input = reading.get('input_tokens');
  if (hit + miss === input) return;
  reading.flag(
    'cache_parts_mismatch',
    `${hit} cache hits and ${miss} misses are not the input of ${input}`,
  );
}
