// The native wire format: one received item → one canonical event, or the field and the reason why
// not. The other wire formats end here too, with the fields they found. Pure.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalDecimal } from '../../core/money.ts';
import {
  EVENT_STATUSES,
  findContradictions,
  OPERATIONS,
  type ParsedItem,
  type Source,
  type UsageCounts,
  type UsageEvent,
} from './event.ts';
import { definedFields, type EventFields, joinFields } from './event-fields.ts';
import { readProviderCall } from './providers/call.ts';
import { spellProvider } from './providers/names.ts';
import { canonicalJson, DEPTH_MAX, isTooDeep } from './values/exact-json.ts';
import * as field from './values/fields.ts';
import { asObject } from './values/told-values.ts';

/** The native event as it is received: every field and what it may hold. */
export const NativeEvent = z.strictObject({
  id: field.text,
  occurred_at: field.time,
  provider: field.text,
  model: field.text,
  served_model: field.text.nullish(),
  operation: z.enum(OPERATIONS, `must be one of ${OPERATIONS.join(', ')}`).nullish(),
  user_id: field.text.nullish(),
  phone: field.text.nullish(),
  conversation_id: field.text.nullish(),
  chatbot_id: field.text.nullish(),
  request_id: field.text.nullish(),
  input_tokens: field.count,
  output_tokens: field.count,
  cache_read_tokens: field.count,
  cache_write_tokens: field.count,
  cache_write_5m_tokens: field.count,
  cache_write_1h_tokens: field.count,
  reasoning_tokens: field.count,
  input_audio_tokens: field.count,
  output_audio_tokens: field.count,
  audio_seconds: field.seconds,
  images: field.count,
  searches: field.count,
  requests: field.count,
  other_units: field.units,
  raw_usage: field.jsonObject,
  estimated: field.flag,
  cost: field.cost,
  currency: field.currency,
  status: z.enum(EVENT_STATUSES, `must be one of ${EVENT_STATUSES.join(', ')}`).nullish(),
  error_type: field.text.nullish(),
  latency_ms: field.milliseconds,
  ttft_ms: field.milliseconds,
  streamed: field.flag,
  service_tier: field.text.nullish(),
  batch: field.flag,
  tags: field.tags,
  metadata: field.jsonObject,
});

/** What a wire format made of one received item. */
export interface Candidate {
  source: Source;
  fields: EventFields;
  /** Contradictions that only the format or the provider's own object shows. */
  flags?: string[];
  /** The item as received, for its hash; or a text that stands for it, equal for equal items. */
  received: Record<string, unknown> | string;
}

/** Formats that tell of every call, also of a stream without usage: its cost is unknown, not nothing. */
const WITHOUT_USAGE = new Set<Source>(['otlp', 'langfuse', 'litellm', 'helicone']);

export const TOO_DEEP = `must not nest deeper than ${DEPTH_MAX}`;

/** Reads one native item. Never throws: whatever is wrong comes back as a rejection. */
export function parseNativeItem(item: unknown): ParsedItem {
  const problem = findShapeProblem(item);
  if (problem !== undefined) return { rejection: { id: idOf(item), field: '', reason: problem } };
  const received = item as Record<string, unknown>;
  const { fields, flags } = withProviderUsage(received);
  return readCandidate({ source: 'native', fields, flags, received });
}

/** The reason why a received item is no object that can be read further. */
export function findShapeProblem(item: unknown): string | undefined {
  if (isTooDeep(item)) return TOO_DEEP;
  return asObject(item) === undefined ? 'must be an object' : undefined;
}

/** Checks a candidate's fields and makes the event of them. Never throws. */
export function readCandidate({ source, fields, flags = [], received }: Candidate): ParsedItem {
  const id = idOf(fields);
  // zod reads objects by their own keys, but drops "__proto__" without a word.
  if (Object.hasOwn(fields, '__proto__')) {
    return { rejection: { id, field: '__proto__', reason: 'is no field of a usage event' } };
  }
  const result = NativeEvent.safeParse(fields);
  if (!result.success) return { rejection: { id, ...describeIssue(result.error, fields) } };
  const read = result.data;
  const counts = toCounts(read);
  // Two parts that each fit may add up to more than the books hold.
  if ((counts.cacheWriteTokens ?? 0) > field.COUNT_MAX) {
    return { rejection: { id, field: 'cache_write_tokens', reason: field.COUNT_TOO_LARGE } };
  }
  const found = findContradictions(counts);
  if (!tellsUsage(read, counts)) {
    if (!WITHOUT_USAGE.has(source)) {
      const reason = 'needs at least one of: a count such as input_tokens, a cost, a raw_usage';
      return { rejection: { id, field: 'input_tokens', reason } };
    }
    counts.requests = 1;
    found.push('usage_not_told');
  }
  const contradictions = [...new Set([...flags, ...found])];
  const bodyHash = hashItem(received);
  return { event: { ...toEvent(read), ...counts, source, flags: contradictions, bodyHash } };
}

/** A raw usage object tells what the item does not say itself. */
function withProviderUsage(item: Record<string, unknown>): {
  fields: EventFields;
  flags: string[];
} {
  const { raw_usage: usage, provider, model } = item;
  if (typeof usage !== 'object' || usage === null) return { fields: item, flags: [] };
  const told = readProviderCall({ provider, requestModel: model, usage });
  return { fields: joinFields(told.fields, definedFields(item)), flags: told.flags };
}

type ReadFields = z.output<typeof NativeEvent>;

function toCounts(read: ReadFields): UsageCounts {
  return {
    inputTokens: read.input_tokens,
    outputTokens: read.output_tokens,
    cacheReadTokens: read.cache_read_tokens,
    cacheWriteTokens: read.cache_write_tokens ?? sumOfWrites(read),
    cacheWrite5mTokens: read.cache_write_5m_tokens,
    cacheWrite1hTokens: read.cache_write_1h_tokens,
    reasoningTokens: read.reasoning_tokens,
    inputAudioTokens: read.input_audio_tokens,
    outputAudioTokens: read.output_audio_tokens,
    audioSeconds: read.audio_seconds,
    images: read.images,
    searches: read.searches,
    requests: read.requests,
    otherUnits: read.other_units,
  };
}

function sumOfWrites(read: ReadFields): number | null {
  const { cache_write_5m_tokens: short, cache_write_1h_tokens: long } = read;
  return short === null && long === null ? null : (short ?? 0) + (long ?? 0);
}

/** A failed call may have used nothing; any other must say what. */
function tellsUsage(read: ReadFields, counts: UsageCounts): boolean {
  if (read.status === 'error' || read.status === 'cancelled') return true;
  if (read.cost !== null || read.raw_usage !== null) return true;
  return Object.values(counts).some((value) => value !== null);
}

function toEvent(
  read: ReadFields,
): Omit<UsageEvent, keyof UsageCounts | 'source' | 'flags' | 'bodyHash'> {
  return {
    eventId: read.id,
    occurredAt: read.occurred_at,
    provider: spellProvider(read.provider),
    model: read.model,
    servedModel: read.served_model ?? null,
    operation: read.operation ?? null,
    userId: read.user_id ?? null,
    phone: read.phone ?? null,
    conversationId: read.conversation_id ?? null,
    chatbotId: read.chatbot_id ?? null,
    requestId: read.request_id ?? null,
    status: read.status ?? null,
    errorType: read.error_type ?? null,
    latencyMs: read.latency_ms,
    ttftMs: read.ttft_ms,
    streamed: read.streamed ?? null,
    serviceTier: read.service_tier ?? null,
    batch: read.batch ?? null,
    tags: read.tags ?? null,
    metadata: read.metadata,
    rawUsage: read.raw_usage,
    estimated: read.estimated ?? false,
    reportedCost: read.cost?.amount ?? null,
    reportedCostText: read.cost?.text ?? null,
    currency: read.currency ?? null,
  };
}

/** sha256 of the item as received; "1.50", 1.5 and 15e-1 are one cost. */
function hashItem(item: Record<string, unknown> | string): Buffer {
  if (typeof item === 'string') return createHash('sha256').update(item).digest();
  const cost = field.decimalText(item.cost);
  const normal = cost === undefined ? item : { ...item, cost: canonicalDecimal(cost) };
  return createHash('sha256').update(canonicalJson(normal)).digest();
}

function idOf(item: unknown): string | null {
  const id = (item as { id?: unknown } | null)?.id;
  if (typeof id !== 'string' || id.length > field.ID_LENGTH_MAX) return null;
  return field.isStorable(id) ? id : null;
}

function describeIssue(error: z.ZodError, item: object): { field: string; reason: string } {
  const issue = error.issues[0];
  if (issue?.code === 'unrecognized_keys') {
    return { field: printable(issue.keys[0] ?? ''), reason: 'is no field of a usage event' };
  }
  const field = issue?.path.join('.') ?? '';
  return {
    field,
    reason: isUntold(item, issue?.path[0]) ? 'is required' : (issue?.message ?? 'is not valid'),
  };
}

function isUntold(item: object, name: PropertyKey | undefined): boolean {
  return (item as Record<PropertyKey, unknown>)[name ?? ''] === undefined;
}

function printable(key: string): string {
  return key.length <= 64 ? key : `${key.slice(0, 63)}…`;
}
