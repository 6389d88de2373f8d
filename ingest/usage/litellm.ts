// LiteLLM's generic API logger: StandardLoggingPayload → event; its old form, in which every value
// is a text, too. Pure.
import { createHash } from 'node:crypto';
import { addAttached } from './attached.ts';
import type { Operation, ParsedItem } from './event.ts';
import { definedFields, type EventFields, usageFieldsOf } from './event-fields.ts';
import type { Candidate } from './native.ts';
import { readProviderCall } from './providers/call.ts';
import { guessProvider, nameProvider } from './providers/names.ts';
import { parseItems } from './received-item.ts';
import { parseJsonBody } from './request-body.ts';
import { type SettledCounts, settleCounts } from './told-counts.ts';
import { canonicalJson } from './values/exact-json.ts';
import { ID_LENGTH_MAX } from './values/fields.ts';
import { millisecondsBetween, readInstant, timeOfNanos } from './values/instants.ts';
import { parseShallowJson } from './values/shallow-json.ts';
import { listOf, numberOf, objectOf, textOf } from './values/told-values.ts';

type Payload = Record<string, unknown>;

const ANSWERED_FROM_CACHE = 'answered_from_cache';
const FIX = 'send one payload, a JSON array of them, or one per line';
const OPERATIONS: [RegExp, Operation][] = [
  [/text_completion/, 'completion'],
  [/embedding/, 'embedding'],
  [/transcription/, 'transcription'],
  [/speech/, 'speech'],
  [/image/, 'image'],
  [/rerank/, 'rerank'],
  [/completion|responses|messages|generate_content/, 'chat'],
];
/** Kept as metadata: where the call went through the gateway. */
const KEPT = ['trace_id', 'call_type', 'model_group', 'model_id', 'api_base'];
const KEPT_OF_METADATA = [
  'user_api_key_alias',
  'user_api_key_team_id',
  'user_api_key_team_alias',
  'user_api_key_org_id',
];

/**
 * Reads a body, whose content type is application/json whatever its form: an array, one payload,
 * one per line, or the old logger's JSON within JSON. Throws ERR_INPUT or ERR_TOO_LARGE.
 */
export function parseLitellmRequest(body: string): ParsedItem[] {
  const lines = body.split('\n').filter((line) => line.trim() !== '');
  const isWhole = lines.length < 2 || !/^\s*\{.*\}\s*$/.test(lines[0] as string);
  if (!isWhole) return parseItems(lines.map(parseLine), candidateOf);
  const value = parseJsonBody(body, FIX);
  const inner = typeof value === 'string' ? parseJsonBody(value, FIX) : value;
  const received = objectOf(inner)?.data ?? inner;
  return parseItems(Array.isArray(received) ? received : [received], candidateOf);
}

/** A line that is no JSON is one bad item: no payload is a text. */
function parseLine(line: string): unknown {
  try {
    return parseShallowJson(line);
  } catch {
    return line;
  }
}

function candidateOf(received: Payload): Candidate {
  const payload = withoutPythonWords(received);
  const metadata = objectOf(payload.metadata) ?? {};
  const { provider, model } = modelOf(payload);
  const isHit = payload.cache_hit === true;
  const usage = isHit ? nothingUsed(payload) : usageOf(payload, metadata, provider, model);
  const cost = numberOf(payload.response_cost ?? payload.cost);
  const fields: EventFields = {
    provider,
    model,
    operation: operationOf(payload.call_type),
    user_id: textOf(payload.end_user) ?? userOf(metadata) ?? textOf(payload.user),
    request_id: textOf(payload.id),
    streamed: typeof payload.stream === 'boolean' ? payload.stream : undefined,
    tags: listOf(payload.request_tags),
    ...statusOf(payload),
    ...timesOf(payload),
    ...usage.fields,
    ...(cost === undefined ? {} : { cost, currency: 'USD' }),
    id: idOf(payload, received),
  };
  addAttached(fields, attachedTo(payload, metadata));
  return { source: 'litellm', fields, flags: usage.flags, received };
}

/**
 * Providers reuse their ids, so the id alone is no key: it counts with the time and the trace. A
 * payload with neither id nor trace is known by all that it holds.
 */
function idOf({ id, trace_id: trace, startTime }: Payload, received: Payload): string {
  const isNamed = textOf(id) !== undefined || textOf(trace) !== undefined;
  const key = isNamed ? [id ?? null, startTime ?? null, trace ?? null] : [received];
  return `litellm-${createHash('sha256').update(canonicalJson(key)).digest('hex')}`;
}

/** The old logger writes Python's words. */
function withoutPythonWords(received: Payload): Payload {
  const words: Record<string, unknown> = { None: undefined, True: true, False: false };
  const entries = Object.entries(received).filter(([, value]) => value !== null);
  return Object.fromEntries(
    entries.map(([key, value]) =>
      typeof value === 'string' && Object.hasOwn(words, value) ? [key, words[value]] : [key, value],
    ),
  );
}

/** `openrouter/openai/gpt-4o` is the model `openai/gpt-4o` of the provider `openrouter`. */
function modelOf({ model: received, custom_llm_provider: told }: Payload) {
  const model = textOf(received);
  const prefix = textOf(told) ?? (model?.includes('/') ? model.split('/', 1)[0] : undefined);
  if (prefix === undefined) return { provider: guessProvider(model ?? ''), model };
  const isPrefixed = model?.startsWith(`${prefix}/`) ?? false;
  return {
    provider: nameProvider(prefix),
    model: isPrefixed ? model?.slice(prefix.length + 1) : model,
  };
}

function operationOf(callType: unknown): Operation | undefined {
  const type = textOf(callType) ?? '';
  return OPERATIONS.find(([pattern]) => pattern.test(type))?.[1];
}

function userOf(metadata: Payload): string | undefined {
  return textOf(metadata.user_api_key_end_user_id) ?? textOf(metadata.user_api_key_user_id);
}

function statusOf({ status, error_information: error, error_str: text }: Payload): EventFields {
  const { error_class: kind, error_code: code } = objectOf(error) ?? {};
  if (status !== 'failure' && textOf(text) === undefined) return { status: 'success' };
  return { status: 'error', error_type: (textOf(kind) ?? textOf(code))?.slice(0, ID_LENGTH_MAX) };
}

function timesOf(payload: Payload): EventFields {
  const [start, first, end] = ['startTime', 'completionStartTime', 'endTime'].map((name) =>
    readInstant(payload[name]),
  );
  if (start === undefined) return {};
  const since = (instant: bigint | undefined) =>
    instant === undefined || instant < start ? undefined : millisecondsBetween(start, instant);
  // Without a stream the first token's time is that of the whole answer.
  const ttft = payload.stream === true ? since(first) : undefined;
  return { occurred_at: timeOfNanos(start), latency_ms: since(end), ttft_ms: ttft };
}

/** The gateway's own cache answered: the provider was not called and bills nothing. */
function nothingUsed(payload: Payload): SettledCounts {
  const raw = {
    prompt_tokens: payload.prompt_tokens,
    completion_tokens: payload.completion_tokens,
  };
  return {
    fields: { input_tokens: 0, output_tokens: 0, raw_usage: definedFields(raw as EventFields) },
    flags: [ANSWERED_FROM_CACHE],
  };
}

/** LiteLLM brings most providers' usage into OpenAI's form, with the cache's counts beside. */
function usageOf(
  payload: Payload,
  metadata: Payload,
  provider: string,
  model: string | undefined,
): SettledCounts {
  const raw = rawUsageOf(payload, metadata);
  const isOpenAiForm = raw?.prompt_tokens !== undefined;
  const read = readProviderCall({
    provider: isOpenAiForm ? 'openai' : provider,
    requestModel: model,
    usage: raw,
  });
  const own = usageFieldsOf(read.fields);
  const input = objectOf(raw?.prompt_tokens_details) ?? {};
  const output = objectOf(raw?.completion_tokens_details) ?? {};
  const told = settleCounts(
    {
      input: raw?.prompt_tokens ?? own.input_tokens ?? numberOf(payload.prompt_tokens),
      output: raw?.completion_tokens ?? own.output_tokens ?? numberOf(payload.completion_tokens),
      total: raw?.total_tokens ?? (isOpenAiForm ? numberOf(payload.total_tokens) : undefined),
      cacheRead: own.cache_read_tokens ?? raw?.cache_read_input_tokens ?? input.cached_tokens,
      cacheWrite:
        own.cache_write_tokens ?? raw?.cache_creation_input_tokens ?? input.cache_creation_tokens,
      reasoning: own.reasoning_tokens ?? output.reasoning_tokens,
    },
    provider,
    model ?? '',
  );
  const writes = objectOf(input.cache_creation_token_details) ?? {};
  const fields = {
    ...own,
    ...definedFields(told.fields),
    ...definedFields({
      cache_write_5m_tokens: writes.ephemeral_5m_input_tokens,
      cache_write_1h_tokens: writes.ephemeral_1h_input_tokens,
      raw_usage: raw,
    }),
  };
  return { fields, flags: [...read.flags, ...told.flags] };
}

function rawUsageOf(payload: Payload, metadata: Payload): Payload | undefined {
  const hidden = objectOf(payload.hidden_params);
  const usage = objectOf(metadata.usage_object) ?? objectOf(hidden?.usage_object);
  return usage ?? objectOf(objectOf(payload.response)?.usage) ?? usageOfText(payload.usage);
}

/** The old logger's `Usage(completion_tokens=20, prompt_tokens=194, …)`. */
function usageOfText(usage: unknown): Payload | undefined {
  if (typeof usage !== 'string') return objectOf(usage);
  const counts = usage.matchAll(/\b(prompt_tokens|completion_tokens|total_tokens)=(\d{1,12})\b/g);
  const entries = [...counts].map(([, name, count]) => [name as string, Number(count)] as const);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function attachedTo(payload: Payload, metadata: Payload): Map<string, unknown> {
  const attached = new Map<string, unknown>();
  for (const own of [metadata.requester_metadata, metadata.spend_logs_metadata]) {
    for (const [key, value] of Object.entries(objectOf(own) ?? {})) attached.set(key, value);
  }
  for (const key of KEPT) if (payload[key] !== undefined) attached.set(key, payload[key]);
  for (const key of KEPT_OF_METADATA) if (metadata[key] != null) attached.set(key, metadata[key]);
  return attached;
}
