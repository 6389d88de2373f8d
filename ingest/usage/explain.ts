// Shows what Daybook makes of one call: the event, every cost line with its price card, and the
// reason for each decision. The same parsing and pricing as for a received event; stores nothing.
import { canonicalDecimal } from '../../core/money.ts';
import type { Costing, PriceEvent } from '../pricing/costing.ts';
import type { UsageEvent } from './event.ts';
import { type EventFields, TOKEN_FIELDS } from './event-fields.ts';
import { readCandidate } from './native.ts';
import { parseNativeLine } from './native-request.ts';
import { type ProviderReading, readProviderCall } from './providers/call.ts';
import { parseExactJson } from './values/exact-json.ts';
import { asObject, type Told } from './values/told-values.ts';

/** Stands in where a line does not name its provider or model; printed as null. */
const NOT_TOLD = 'unknown';

export interface ExplainedCost {
  unit: string;
  quantity: string;
  price: string | null;
  per: string | null;
  tier: string | null;
  context_threshold: string | null;
  amount: string;
  price_card_id: string | null;
  source: string;
  version: string | null;
}

/** What is printed for one line; `error` where the line is no call. */
export interface Explanation {
  event: Record<string, unknown> | null;
  costs: ExplainedCost[];
  effective_cost: string | null;
  cost_status: string;
  reasons: string[];
  error?: string;
}

export interface ExplainOptions {
  price: PriceEvent;
  /** The time of a call that tells none. */
  now: Date;
}

/**
 * Explains one line of NDJSON: `{ provider, host, http_path, status, request_model, response, sse,
 * usage_raw, date_utc }`, any part of which may be missing, or an event of the native format. Never
 * throws.
 */
export function explainLine(line: string, options: ExplainOptions): Explanation {
  let item: Told | undefined;
  try {
    item = asObject(parseExactJson(line));
  } catch {
    return failed('is no JSON');
  }
  if (item === undefined) return failed('must be a JSON object');
  return isNativeEvent(item) ? explainNative(line, item, options) : explainCall(item, options);
}

/** A recorded call tells its time as `date_utc`, and nothing in it is called `occurred_at`. */
function isNativeEvent(item: Told): boolean {
  return item.occurred_at !== undefined && item.date_utc === undefined;
}

function explainNative(line: string, item: Told, { price }: ExplainOptions): Explanation {
  const parsed = parseNativeLine(line);
  if ('rejection' in parsed) return refused(parsed.rejection);
  const { raw_usage: usage, provider, model: requestModel } = item;
  const told =
    usage === undefined ? [] : readProviderCall({ provider, requestModel, usage }).reasons;
  const fields = usage === undefined ? {} : { raw_usage: usage };
  return explainEvent(parsed.event, fields, told.map(toSentence), price);
}

function explainCall(item: Told, { price, now }: ExplainOptions): Explanation {
  const reading = readProviderCall({
    provider: item.provider,
    host: item.host,
    httpPath: item.http_path,
    httpStatus: item.status,
    requestModel: item.request_model,
    response: item.response,
    sse: item.sse,
    usage: item.usage_raw,
  });
  const parsed = bookCall(item.date_utc, reading, now);
  if ('rejection' in parsed) return refused(parsed.rejection);
  const reasons = [...reading.reasons.map(toSentence), ...parsed.timeReasons];
  return explainEvent(parsed.event, reading.fields, reasons, price);
}

function explainEvent(
  event: UsageEvent,
  told: EventFields,
  reasons: string[],
  price: PriceEvent,
): Explanation {
  const costing = price(event);
  return {
    event: showEvent(event, told),
    costs: showCosts(event, costing),
    effective_cost: costing.cost,
    cost_status: costing.costStatus,
    reasons: [...reasons, ...costing.reasons],
  };
}

/** Takes the call through the checks of every received event. */
function bookCall(date: unknown, { fields, flags }: ProviderReading, now: Date) {
  const defaults = { id: 'explained', provider: NOT_TOLD, model: NOT_TOLD, raw_usage: {} };
  const book = (occurredAt: unknown) =>
    readCandidate({
      source: 'native',
      fields: { ...defaults, ...fields, occurred_at: occurredAt },
      flags,
      received: {},
    });
  const told = book(typeof date === 'string' ? date : '');
  if ('event' in told) return { event: told.event, timeReasons: [] };
  if (told.rejection.field !== 'occurred_at') return told;
  const read = book(now.toISOString());
  if ('rejection' in read) return read;
  const why = date === undefined || date === null ? 'is not told' : 'cannot be read';
  const timeReasons = [
    `The time of the call ${why}: the prices are those of ${now.toISOString()}.`,
  ];
  return { event: read.event, timeReasons };
}

/**
 * The event in the words of the native format. A count that is not told is null; but once a usage
 * was read, a kind of token that it does not mention was not used, which is 0.
 */
function showEvent(event: UsageEvent, told: EventFields): Record<string, unknown> {
  const counts: Record<string, number | null> = {
    input_tokens: event.inputTokens,
    output_tokens: event.outputTokens,
    cache_read_tokens: event.cacheReadTokens,
    cache_write_tokens: event.cacheWriteTokens,
    cache_write_5m_tokens: event.cacheWrite5mTokens,
    cache_write_1h_tokens: event.cacheWrite1hTokens,
    reasoning_tokens: event.reasoningTokens,
    input_audio_tokens: event.inputAudioTokens,
    output_audio_tokens: event.outputAudioTokens,
  };
  const tellsUsage =
    told.raw_usage !== undefined || TOKEN_FIELDS.some((name) => counts[name] !== null);
  for (const name of TOKEN_FIELDS) counts[name] ??= tellsUsage ? 0 : null;
  return {
    provider: event.provider === NOT_TOLD ? null : event.provider,
    model: event.model === NOT_TOLD ? null : event.model,
    served_model: event.servedModel,
    operation: event.operation,
    status: event.status,
    error_type: event.errorType,
    request_id: event.requestId,
    service_tier: event.serviceTier,
    batch: event.batch,
    streamed: event.streamed,
    occurred_at: event.occurredAt,
    ...counts,
    // A number as it was told: at most six decimals, which a double writes back unchanged.
    audio_seconds: event.audioSeconds === null ? null : Number(event.audioSeconds),
    images: event.images,
    searches: event.searches,
    requests: event.requests,
    other_units: event.otherUnits,
    reported_cost: toldCost(event),
    currency: event.currency,
    flags: event.flags,
  };
}

function showCosts(event: UsageEvent, { lines, card }: Costing): ExplainedCost[] {
  const computed = lines.map((line) => ({
    unit: line.unit,
    quantity: line.quantity,
    price: line.price,
    per: line.per,
    tier: line.tier,
    context_threshold: line.contextThreshold,
    amount: line.amount,
    price_card_id: card?.id ?? null,
    source: card?.source ?? NOT_TOLD,
    version: card?.version ?? null,
  }));
  const told = toldCost(event);
  if (told === null) return computed;
  const reported = {
    unit: 'reported',
    quantity: '1',
    price: told,
    per: '1',
    tier: event.serviceTier,
    context_threshold: null,
    amount: told,
    price_card_id: null,
    source: event.provider,
    version: null,
  };
  return [...computed, reported];
}

/** With a capital, unless it begins with a field's name, and a full stop. */
function toSentence(reason: string): string {
  const isWord = /^[a-z]+\b(?!_)/.test(reason);
  return `${isWord ? reason[0]?.toUpperCase() : reason[0]}${reason.slice(1)}.`;
}

/** With every decimal that the provider told; the books keep 18 and the text. */
function toldCost({ reportedCost, reportedCostText }: UsageEvent): string | null {
  return reportedCostText === null ? reportedCost : canonicalDecimal(reportedCostText);
}

function refused({ field, reason }: { field: string; reason: string }): Explanation {
  return failed(`${field} ${reason}`.trim());
}

function failed(error: string): Explanation {
  return {
    event: null,
    costs: [],
    effective_cost: null,
    cost_status: 'unpriced',
    reasons: [],
    error,
  };
}
