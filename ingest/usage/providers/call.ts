// One call to a provider, as its HTTP exchange or its usage object shows it → the fields of a usage
// event. Chooses the adapter; each provider's own words are in adapters/. Pure.

import type { EventFields } from '../event-fields.ts';
import { isTooDeep } from '../values/exact-json.ts';
import { jsonObject } from '../values/fields.ts';
import { findAdapter } from './adapters.ts';
import { type Answer, readAnswer, servedModelOf } from './answer.ts';
import { findOperation } from './operation.ts';
import { objectsOf, Reading, textIn } from './reading.ts';
import { readStatus } from './status.ts';

/** What is known of a call; any part may be missing, and none is trusted to have a shape. */
export interface ProviderCall {
  provider?: unknown;
  host?: unknown;
  httpPath?: unknown;
  httpStatus?: unknown;
  requestModel?: unknown;
  /** The body of the answer, parsed. */
  response?: unknown;
  /** The answer of a stream. */
  sse?: unknown;
  /** The usage object alone, where the answer is not at hand. */
  usage?: unknown;
}

export interface ProviderReading {
  fields: EventFields;
  /** Contradictions within the provider's own figures. */
  flags: string[];
  /** Why the fields are what they are, one sentence each. */
  reasons: string[];
}

/** Reads what a provider told of a call. Never throws; what it cannot read it leaves out. */
export function readProviderCall(call: ProviderCall): ProviderReading {
  const reading = new Reading();
  const answer = readAnswer(call);
  readIdentity(answer, reading);
  readStatus(answer, reading);
  findAdapter(answer.provider)(answer, reading);
  countImages(answer, reading);
  keepUsage(answer, reading);
  return { fields: reading.fields, flags: [...reading.flags], reasons: reading.reasons };
}

function readIdentity(answer: Answer, reading: Reading): void {
  const { fields } = reading;
  const { provider, body } = answer;
  for (const reason of answer.reasons) reading.because(reason);
  const served = servedModelOf(body);
  const model = answer.model ?? served;
  if (provider !== undefined) fields.provider = provider;
  if (model !== undefined) fields.model = model;
  if (served !== undefined) fields.served_model = served;
  if (answer.model === undefined && served !== undefined) {
    reading.because('the model asked for is not told: the one that answered stands for it');
  }
  const id = textIn(body, 'id', 'responseId', 'response_id', 'generation_id', 'request_id');
  if (id !== undefined) fields.request_id = id;
  const operation = findOperation(answer);
  if (operation !== undefined) fields.operation = operation;
  if (answer.isStreamed !== undefined) fields.streamed = answer.isStreamed;
  if (answer.isBatch) fields.batch = true;
}

function countImages({ body }: Answer, reading: Reading): void {
  const count = objectsOf(body, 'data').length;
  if (reading.fields.operation === 'image' && count > 0) reading.set('images', count);
}

/** The provider's own words, where the books can keep them. */
function keepUsage({ usage }: Answer, reading: Reading): void {
  if (usage === undefined) return;
  if (!isTooDeep(usage) && jsonObject.safeParse(usage).success) {
    reading.fields.raw_usage = usage;
    return;
  }
  reading.because('the usage object itself is too large or cannot be stored: left out');
}
