// Counters that stand in an answer itself instead of a usage object: Ollama, Titan and Llama on
// Bedrock, Vertex' embeddings. Pure.

import type { Told } from '../../values/told-values.ts';
import { childOf, countOf, objectsOf, type Reading, valueIn } from '../reading.ts';

const INPUT = ['prompt_eval_count', 'inputTextTokenCount', 'prompt_token_count'];
const OUTPUT = ['eval_count', 'generation_token_count'];

/** True where a body counts its tokens itself. */
export function isCounting(body: Told): boolean {
  const isNamed = [...INPUT, ...OUTPUT].some((name) => countOf(valueIn(body, name)) !== undefined);
  return isNamed || embeddingTokens(body) !== undefined;
}

export function readCounters(body: Told, reading: Reading): void {
  reading.set('input_tokens', reading.count(body, ...INPUT) ?? embeddingTokens(body));
  reading.set('output_tokens', reading.count(body, ...OUTPUT) ?? titanTokens(body));
}

function titanTokens(body: Told): number | undefined {
  const counts = objectsOf(body, 'results').map((result) => countOf(valueIn(result, 'tokenCount')));
  return sumOf(counts);
}

function embeddingTokens(body: Told): number | undefined {
  const counts = objectsOf(body, 'predictions').map((prediction) =>
    countOf(valueIn(childOf(childOf(prediction, 'embeddings'), 'statistics'), 'token_count')),
  );
  return sumOf(counts);
}

function sumOf(counts: (number | undefined)[]): number | undefined {
  const told = counts.filter((count) => count !== undefined);
  return told.length === 0 ? undefined : told.reduce((sum, count) => sum + count, 0);
}
