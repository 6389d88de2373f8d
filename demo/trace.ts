// The shipped trace: 3,750 real LLM calls of the Aider project's own log → native usage events.
// Pure; figures, model and user names stay as they are in the file.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';

export const TRACE_PATH = join(import.meta.dirname, 'aider-message-send.csv');

/** A native event made from one line of the trace. */
export interface TraceEvent {
  id: string;
  occurred_at: string;
  provider: string;
  model: string;
  user_id: string;
  input_tokens: number;
  output_tokens: number;
  cost: string;
  currency: 'USD';
}

type Line = Record<
  'seq' | 'time_utc' | 'user' | 'main_model' | 'prompt_tokens' | 'completion_tokens' | 'cost',
  string
>;

/** Names that the trace writes before the model, where they are not the provider's own. */
const PREFIXES: Record<string, string> = {
  bedrock: 'aws-bedrock',
  cohere_chat: 'cohere',
  fireworks_ai: 'fireworks',
  gemini: 'google',
  ollama_chat: 'ollama',
  vertex_ai: 'google-vertex',
};

/** All events of the trace, in file order. */
export function readTrace(path = TRACE_PATH): TraceEvent[] {
  const lines = parse(readFileSync(path), { columns: true }) as Line[];
  return lines.map(toEvent);
}

function toEvent(line: Line): TraceEvent {
  return {
    id: `aider-${line.seq}`,
    occurred_at: line.time_utc,
    provider: providerOf(line.main_model),
    model: line.main_model,
    user_id: line.user,
    input_tokens: Number(line.prompt_tokens),
    output_tokens: Number(line.completion_tokens),
    cost: line.cost,
    currency: 'USD',
  };
}

/** The trace names no provider; the model's prefix does, or the family it belongs to. */
export function providerOf(model: string): string {
  const slash = model.indexOf('/');
  if (slash > 0) {
    const prefix = model.slice(0, slash);
    return PREFIXES[prefix] ?? prefix;
  }
  if (model.startsWith('claude')) return 'anthropic';
  if (/^(gpt|o\d)/.test(model)) return 'openai';
  return model.startsWith('gemini') ? 'google' : 'unknown';
}
