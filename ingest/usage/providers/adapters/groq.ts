// Groq: OpenAI's usage, in a stream also inside `x_groq`, and the request's own id for support. Its
// times (`prompt_time`, `queue_time` …) stay in the raw usage: they leave the network out.
import type { Answer } from '../answer.ts';
import type { Reading } from '../reading.ts';
import { childOf, textIn } from '../reading.ts';
import { readCompatible } from './compatible.ts';

export function readGroq(answer: Answer, reading: Reading): void {
  readCompatible(answer, reading);
  const id = textIn(childOf(answer.body, 'x_groq'), 'id');
  // Transcriptions have no other id.
  if (id !== undefined && reading.fields.request_id === undefined) reading.fields.request_id = id;
}
