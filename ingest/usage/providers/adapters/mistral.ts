// Mistral: OpenAI's usage, the seconds of audio, and the pages of documents. `num_cached_tokens` is a
// figure of its engine from before caches were billed: it stays in the raw usage.
import type { Answer } from '../answer.ts';
import { childOf, type Reading } from '../reading.ts';
import { readCompatible } from './compatible.ts';

export function readMistral(answer: Answer, reading: Reading): void {
  const { usage, body } = answer;
  readCompatible(answer, reading);
  const pages =
    reading.count(usage, 'pages_processed') ??
    reading.count(childOf(body, 'usage_info'), 'pages_processed');
  reading.unit('input_document_pages', pages);
  const engine = reading.count(usage, 'num_cached_tokens') ?? 0;
  if (engine > 0) reading.because(`num_cached_tokens (${engine}) is not billed: no cache read`);
}
