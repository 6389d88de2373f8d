// Which shape a usage object has, whoever served it, and the reader of that shape. A provider may
// speak several: Bedrock, Vertex and Azure carry the models of others. Pure.

import type { Told } from '../../values/told-values.ts';
import { childOf, type Reading, valueIn } from '../reading.ts';
import { readAnthropicUsage } from './anthropic.ts';
import { isCohereUsage, readCohereUsage } from './cohere.ts';
import { readConverseUsage } from './converse.ts';
import { isCounting, readCounters } from './counters.ts';
import { readGeminiUsage } from './gemini.ts';
import { type OpenAIUsageOptions, readOpenAIUsage } from './openai.ts';

const METRICS = 'amazon-bedrock-invocationMetrics';
const GEMINI = [
  'promptTokenCount',
  'candidatesTokenCount',
  'totalTokenCount',
  'trafficType',
  'candidates_token_count',
  'total_token_count',
];
const CONVERSE = ['inputTokens', 'outputTokens', 'inputTokenCount', 'outputTokenCount'];
const ANTHROPIC = [
  'cache_creation_input_tokens',
  'cache_read_input_tokens',
  'cache_creation',
  'inference_geo',
  'iterations',
  'server_tool_use',
];
const OPENAI = ['prompt_tokens', 'completion_tokens', 'total_tokens'];

/** The usage object of an answer: the one thing in it that counts. */
export function findUsage(body: Told): Told | undefined {
  const usage =
    childOf(body, 'usage', 'usageMetadata', 'usage_metadata') ??
    childOf(childOf(body, 'x_groq'), 'usage') ??
    childOf(body, METRICS, 'usage_info');
  if (usage !== undefined) return usage;
  const meta = childOf(body, 'meta');
  if (meta !== undefined && isCohereUsage(meta)) return meta;
  return isCounting(body) ? body : undefined;
}

export function readUsage(usage: Told, reading: Reading, options: OpenAIUsageOptions = {}): void {
  const has = (names: string[]) => names.some((name) => isTold(usage, name));
  if (has(GEMINI)) {
    reading.because("the usage has Gemini's shape: the cache is inside, thoughts come on top");
    readGeminiUsage(usage, reading);
  } else if (has(CONVERSE)) {
    reading.because("the usage has the shape of Bedrock's Converse: the cache comes on top");
    readConverseUsage(usage, reading);
  } else if (isCohereUsage(usage)) {
    reading.because("the usage has Cohere's shape: tokens seen and units billed");
    readCohereUsage(usage, reading);
  } else if (!has(OPENAI) && has(ANTHROPIC)) {
    readAnthropicUsage(usage, reading);
  } else if (!has(OPENAI) && isCounting(usage)) {
    reading.because('the answer counts its tokens itself');
    readCounters(usage, reading);
  } else {
    reading.because("the usage has OpenAI's shape: the totals hold their parts");
    readOpenAIUsage(usage, reading, options);
  }
}

function isTold(usage: Told, name: string): boolean {
  const value = valueIn(usage, name);
  return value !== undefined && value !== null;
}
