// Any provider: the usage by its shape, the tier, and what transcriptions and gateways add. The
// ground all adapters stand on; it serves Cerebras, Hugging Face, Writer, Z.ai and the like alone.
import type { Answer } from '../answer.ts';
import { childOf, type Reading, valueIn } from '../reading.ts';
import type { OpenAIUsageOptions } from '../shapes/openai.ts';
import { readUsage } from '../shapes/read-usage.ts';

export function readCompatible(
  answer: Answer,
  reading: Reading,
  options: OpenAIUsageOptions = {},
): void {
  const { body, usage } = answer;
  if (usage !== undefined) readUsage(usage, reading, options);
  reading.tier(valueIn(body, 'service_tier') ?? valueIn(usage, 'service_tier'));
  readAudioSeconds(answer, reading);
  readFlatCost(answer, reading);
}

/**
 * Whisper's length of the audio: billed in `usage.seconds` (json), measured in `duration`
 * (verbose_json). The text forms tell none; the caller then gives it with the usage.
 */
function readAudioSeconds({ body, usage }: Answer, reading: Reading): void {
  if (reading.seconds(usage, 'seconds', 'prompt_audio_seconds', 'billable_audio_seconds')) return;
  if (reading.seconds(usage, 'audio_seconds', 'duration', 'duration_seconds')) return;
  reading.seconds(body, 'duration');
}

/** Gateways in the manner of OpenRouter tell the cost as one number. */
function readFlatCost({ usage }: Answer, reading: Reading): void {
  if (childOf(usage, 'cost') !== undefined) return;
  reading.cost(reading.amount(usage, 'cost'), 'the provider told the cost, taken as US dollars');
}
