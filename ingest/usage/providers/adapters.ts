// Which adapter reads which provider's answers. Cohere, Together, Fireworks, Ollama, Cerebras and the
// like have nothing beyond the shape of their usage (shapes/) and need no adapter of their own.

import { readAnthropic } from './adapters/anthropic.ts';
import { readAzure } from './adapters/azure.ts';
import { readBedrock } from './adapters/bedrock.ts';
import { readCompatible } from './adapters/compatible.ts';
import { readDeepSeek } from './adapters/deepseek.ts';
import { readGoogle } from './adapters/google.ts';
import { readGroq } from './adapters/groq.ts';
import { readMistral } from './adapters/mistral.ts';
import { readOpenAI } from './adapters/openai.ts';
import { readOpenRouter } from './adapters/openrouter.ts';
import { readPerplexity } from './adapters/perplexity.ts';
import { readVoyage } from './adapters/voyage.ts';
import { readXAI } from './adapters/xai.ts';
import type { Answer } from './answer.ts';
import type { Reading } from './reading.ts';

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
