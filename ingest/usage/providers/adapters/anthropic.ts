// Anthropic: its own usage, or OpenAI's on the endpoint that speaks it.
import type { Answer } from '../answer.ts';
import { type Reading, valueIn } from '../reading.ts';
import { readAnthropicUsage } from '../shapes/anthropic.ts';
import { readCompatible } from './compatible.ts';

export function readAnthropic(answer: Answer, reading: Reading): void {
  const { usage } = answer;
  const isOwn = usage !== undefined && valueIn(usage, 'prompt_tokens') === undefined;
  if (isOwn) readAnthropicUsage(usage, reading);
  else readCompatible(answer, reading);
}
