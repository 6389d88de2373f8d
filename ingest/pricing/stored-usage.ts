// A stored event as the pricing reads it. What has no part in a price is left empty.
import type { Operation, Source, UsageEvent } from '../usage/event.ts';
import { parseNativeItem } from '../usage/native.ts';
import { parseExactJson } from '../usage/values/exact-json.ts';
import { tellsNothing } from './settle.ts';

/** A row of select_events_to_reprice. */
export interface StoredUsage extends Record<string, unknown> {
  event_id: string;
  /** UTC with microseconds. */
  occurred_at: string;
  source: Source;
  provider: string;
  model: string;
  served_model: string | null;
  operation: Operation | null;
  status: UsageEvent['status'];
  error_type: string | null;
  ttft_ms: string | null;
  service_tier: string | null;
  batch: boolean | null;
  input_tokens: bigint | null;
  output_tokens: bigint | null;
  cache_read_tokens: bigint | null;
  cache_write_tokens: bigint | null;
  cache_write_5m_tokens: bigint | null;
  cache_write_1h_tokens: bigint | null;
  reasoning_tokens: bigint | null;
  input_audio_tokens: bigint | null;
  output_audio_tokens: bigint | null;
  audio_seconds: string | null;
  images: bigint | null;
  searches: bigint | null;
  requests: bigint | null;
  other_units: Record<string, number> | null;
  raw_usage: string | null;
  estimated: boolean;
  reported_cost: string | null;
  event_currency: string;
  /** What counts now: the newest adjustment, or the event itself. */
  cost: string | null;
  /** In `currency`, as `cost`; null where it is in another. */
  computed_cost: string | null;
  cost_status: string;
  currency: string;
}

/** The event of a row; usage that could not be read when it came is read anew. */
export function toPricedUsage(row: StoredUsage): UsageEvent {
  const event: UsageEvent = {
    ...NOT_PRICED,
    eventId: row.event_id,
    source: row.source,
    occurredAt: row.occurred_at,
    provider: row.provider,
    model: row.model,
    servedModel: row.served_model,
    operation: row.operation,
    status: row.status,
    errorType: row.error_type,
    ttftMs: row.ttft_ms,
    serviceTier: row.service_tier,
    batch: row.batch,
    rawUsage: row.raw_usage,
    estimated: row.estimated,
    reportedCost: row.reported_cost,
    currency: row.reported_cost === null ? null : row.event_currency,
    inputTokens: toCount(row.input_tokens),
    outputTokens: toCount(row.output_tokens),
    cacheReadTokens: toCount(row.cache_read_tokens),
    cacheWriteTokens: toCount(row.cache_write_tokens),
    cacheWrite5mTokens: toCount(row.cache_write_5m_tokens),
    cacheWrite1hTokens: toCount(row.cache_write_1h_tokens),
    reasoningTokens: toCount(row.reasoning_tokens),
    inputAudioTokens: toCount(row.input_audio_tokens),
    outputAudioTokens: toCount(row.output_audio_tokens),
    audioSeconds: row.audio_seconds,
    images: toCount(row.images),
    searches: toCount(row.searches),
    requests: toCount(row.requests),
    otherUnits: row.other_units,
  };
  return tellsNothing(event) && row.raw_usage !== null ? rereadUsage(event, row.raw_usage) : event;
}

const NOT_PRICED = {
  userId: null,
  phone: null,
  conversationId: null,
  chatbotId: null,
  requestId: null,
  latencyMs: null,
  streamed: null,
  tags: null,
  metadata: null,
  flags: [],
  reportedCostText: null,
  bodyHash: Buffer.alloc(32),
};

/** A provider that was unknown when the event came may be known by now. */
function rereadUsage(event: UsageEvent, rawUsage: string): UsageEvent {
  const read = parseNativeItem({
    id: event.eventId,
    occurred_at: event.occurredAt,
    provider: event.provider,
    model: event.model,
    raw_usage: parseExactJson(rawUsage),
  });
  if (!('event' in read)) return event;
  const { servedModel, serviceTier, batch, reportedCost } = event;
  return {
    ...event,
    ...read.event,
    status: event.status,
    errorType: event.errorType,
    ttftMs: event.ttftMs,
    estimated: event.estimated,
    servedModel: servedModel ?? read.event.servedModel,
    serviceTier: serviceTier ?? read.event.serviceTier,
    batch: batch ?? read.event.batch,
    reportedCost: reportedCost ?? read.event.reportedCost,
    currency: reportedCost === null ? read.event.currency : event.currency,
  };
}

function toCount(value: bigint | null): number | null {
  return value === null ? null : Number(value);
}
