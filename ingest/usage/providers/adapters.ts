// Which adapter reads which provider's answers. Cohere, Together, Fireworks, Ollama, Cerebras and the
// like have nothing beyond the shape of their usage (shapes/) and need no adapter of their own.
import type { Answer } from '../provider-answer.ts';
import type { Reading } from '../reading.ts';
import { readAnthropic } from './anthropic.ts';
import { readAzure } from './azure.ts';
import { readBedrock } from './bedrock.ts';
import { readCompatible } from './compatible.ts';
import { readDeepSeek } from './deepseek.ts';
import { readGoogle } from './google.ts';
import { readGroq } from './groq.ts';
import { readMistral } from './mistral.ts';
import { readOpenAI } from './openai.ts';
import { readOpenRouter } from './openrouter.ts';
import { readPerplexity } from './perplexity.ts';
import { readVoyage } from './voyage.ts';
import { readXAI } from './xai.ts';

/** Reads one answer; adds what it finds, never throws. */
export type Adapter = (answer: Answer, reading: Reading) => void;

/** By the letters of the name: "x-ai", "xAI" and "x_ai" are one. The first that fits wins. */
const ADAPTERS: [name: RegExp, adapter: Adapter][] = [
  [/^openrouter/, readOpenRouter],
  [/azure/, readAzure],
  [/bedrock|^aws|^amazon/, readBedrock],
  [/vertex|google|gemini/, readGoogle],
  [/^openai/, readOpenAI],
  [/^anthropic|^claude/, readAnthropic],
  [/^groq/, readGroq],
  [/^mistral/, readMistral],
  [/^deepseek/, readDeepSeek],
  [/^xai|^grok/, readXAI],
  [/^perplexity/, readPerplexity],
  [/^voyage/, readVoyage],
];

export function findAdapter(provider: string | undefined): Adapter {
  const letters = (provider ?? '').toLowerCase().replace(/[^a-z]/g, '');
  return ADAPTERS.find(([name]) => name.test(letters))?.[1] ?? readCompatible;
}
