// The events of a streamed answer, as text or parsed, folded into the one body that the same call
// without streaming would have brought: the last figure of each kind wins. Pure.
import { parseExactJson } from '../values/exact-json.ts';
import { asObject, type Told } from '../values/told-values.ts';
import { childOf, objectsOf, valueIn } from './reading.ts';

/** What an answer tells besides its content. */
const KEPT = [
  'id',
  'responseId',
  'response_id',
  'generation_id',
  'object',
  'model',
  'modelVersion',
  'service_tier',
  'serviceTier',
  'status',
  'error',
  'output',
  'tool_usage',
  'usage',
  'usageMetadata',
  'usage_metadata',
  'meta',
  'x_groq',
  'amazon-bedrock-invocationMetrics',
  'prompt_eval_count',
  'eval_count',
  'duration',
];
const LAST_TYPES = new Set([
  'message_stop',
  'message-end',
  'response.completed',
  'response.incomplete',
  'response.failed',
  'response.done',
  'transcript.text.done',
  'speech.audio.done',
]);
const RUN_ENDS: unknown[] = [
  'completed',
  'failed',
  'cancelled',
  'expired',
  'incomplete',
  'requires_action',
];

export interface StreamedAnswer {
  body: Told;
  /** False where the last event is missing: the call was cut short. */
  isComplete: boolean;
  /** An error followed an answer that had been given in full. */
  hasLateError: boolean;
}

/** Folds a stream, given as its text, as a list of events or as one event. */
export function foldStream(stream: unknown): StreamedAnswer {
  const { events, isDone } = readEvents(stream);
  const body: Told = {};
  let hasEnded = false;
  let hasLateError = false;
  let images = 0;
  for (const event of events) {
    const { error, ...rest } = event;
    const isLate = hasEnded && error !== undefined && error !== null;
    hasLateError ||= isLate;
    foldEvent(isLate ? rest : event, body);
    hasEnded ||= endsStream(event);
    if (endsImage(event)) images += 1;
  }
  if (images > 0) body.data = Array.from({ length: images }, () => ({}));
  return { body, isComplete: isDone || hasEnded || images > 0, hasLateError };
}

/** True for a text that is a stream of server-sent events. */
export function isEventStream(text: string): boolean {
  return /^(?:data|event|id|retry):|^:/.test(text) || text.includes('\ndata:');
}

/** Parses JSON; undefined for what is none. */
export function parseJson(text: string): unknown {
  try {
    return parseExactJson(text);
  } catch {
    return undefined;
  }
}

function readEvents(stream: unknown): { events: Told[]; isDone: boolean } {
  const list = Array.isArray(stream) ? stream : [stream];
  const events: Told[] = [];
  let isDone = false;
  for (const entry of list) {
    if (typeof entry !== 'string') {
      pushEvents(entry, events);
      continue;
    }
    for (const data of dataOf(entry)) {
      if (data === '[DONE]') isDone = true;
      else pushEvents(parseJson(data), events);
    }
  }
  return { events, isDone };
}

/** An event, the data of one that was parsed already, or a list of them. */
function pushEvents(value: unknown, events: Told[]): void {
  if (Array.isArray(value)) {
    for (const entry of value) {
      const event = asObject(entry);
      if (event !== undefined) events.push(event);
    }
    return;
  }
  const event = asObject(value);
  if (event === undefined) return;
  const data = valueIn(event, 'data');
  const isWrapped = valueIn(event, 'event') !== undefined;
  const inner = isWrapped ? (asObject(data) ?? asObject(parseText(data))) : undefined;
  events.push(inner ?? event);
}

function parseText(value: unknown): unknown {
  return typeof value === 'string' ? parseJson(value) : undefined;
}

/** The data of each event; of a text without events each line, or all of it. */
function dataOf(text: string): string[] {
  if (!isEventStream(text)) {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    return parseJson(text) === undefined ? lines : [text];
  }
  const found: string[] = [];
  let parts: string[] = [];
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (line.startsWith('data:')) parts.push(line.slice(5).trim());
    if (line !== '' || parts.length === 0) continue;
    found.push(parts.join('\n'));
    parts = [];
  }
  if (parts.length > 0) found.push(parts.join('\n'));
  return found.flatMap(splitGlued);
}

/** Some servers leave the blank line between events out. */
function splitGlued(data: string): string[] {
  if (!data.includes('\n') || parseJson(data) !== undefined) return [data];
  return data.split('\n');
}

function foldEvent(event: Told, body: Told): void {
  const type = valueIn(event, 'type');
  const told = unwrap(event);
  const object = valueIn(told, 'object');
  // Messages and steps of an assistant's run have ids and usages of their own.
  if (typeof object === 'string' && object.startsWith('thread.') && object !== 'thread.run') return;
  const isDelta = type === 'message_delta';
  for (const name of KEPT) {
    const value = valueIn(told, name);
    if (value === undefined || value === null || value === '') continue;
    const before = asObject(body[name]);
    const after = asObject(value);
    if (isDelta && name === 'usage' && before !== undefined && after !== undefined) {
      body[name] = overlay(before, after);
    } else body[name] = value;
  }
}

/** The part of an event that looks like an answer. */
function unwrap(event: Told): Told {
  const type = valueIn(event, 'type');
  if (type === 'message_start') return childOf(event, 'message') ?? event;
  if (type === 'message-end') return childOf(event, 'delta') ?? event;
  const metadata = childOf(event, 'metadata');
  if (childOf(metadata, 'usage') !== undefined) return metadata ?? event;
  return childOf(event, 'response') ?? event;
}

function overlay(before: Told, after: Told): Told {
  const merged = { ...before };
  for (const [name, value] of Object.entries(after)) {
    if (value !== null && name !== '__proto__') merged[name] = value;
  }
  return merged;
}

function endsImage(event: Told): boolean {
  const type = valueIn(event, 'type');
  return type === 'image_generation.completed' || type === 'image_edit.completed';
}

function endsStream(event: Told): boolean {
  const type = valueIn(event, 'type');
  if (typeof type === 'string' && LAST_TYPES.has(type)) return true;
  if (valueIn(event, 'done') === true || valueIn(event, 'is_finished') === true) return true;
  if (Object.hasOwn(event, 'messageStop') || childOf(event, 'metadata', 'error') !== undefined) {
    return true;
  }
  const isRun = valueIn(event, 'object') === 'thread.run';
  if (isRun && RUN_ENDS.includes(valueIn(event, 'status'))) return true;
  const choices = [...objectsOf(event, 'choices'), ...objectsOf(event, 'candidates')];
  return choices.some((choice) => {
    const reason = valueIn(choice, 'finish_reason') ?? valueIn(choice, 'finishReason') ?? '';
    return reason !== '' && reason !== 'error';
  });
}
