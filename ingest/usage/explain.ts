// Shows what Daybook makes of one call: the event, every cost line with its price card, and the
// reason for each decision. The same parsing and pricing as for a received event; stores nothing.
import { canonicalDecimal } from '../../core/money.ts';
import type { Costing, PriceEvent } from '../pricing/costing.ts';
import type { UsageEvent } from './event.ts';
import { TOKEN_FIELDS } from './event-fields.ts';
import { NativeEvent, readCandidate } from './native.ts';
import { parseNativeLine } from './native-request.ts';
import { type ProviderReading, readProviderCall } from './providers/call.ts';
import { parseExactJson } from './values/exact-json.ts';
import { asObject, type Told } from './values/told-values.ts';

/** Stands in where a line does not name its provider or model; printed as null. */
const NOT_TOLD = 'unknown';

/** The parts of a recorded call that no native event has. */
const RECORDED_ONLY = [
  'host',
  'http_path',
  'request_model',
  'response',
  'sse',
  'usage_raw',
  'date_utc',
];
const RECORDED = ['provider', 'status', ...RECORDED_ONLY];
const COUNTS = [
  ...TOKEN_FIELDS,
  'audio_seconds',
  'images',
  'searches',
  'requests',
  'other_units',
] as const;
/** What makes a native event of a line that forgot its time; recorded calls may have an id too. */
const NATIVE_ONLY = Object.keys(NativeEvent.shape).filter(
  (name) => name !== 'id' && !RECORDED.includes(name),
);
const TELLS_NO_CALL =
  'tells no call: an event needs id, occurred_at, provider and model, and a recorded call at least ' +
  `one of ${RECORDED.join(', ')}`;

export interface ExplainedCost {
  unit: string;
  quantity: string;
  price: string | null;
  per: string | null;
  tier: string | null;
  context_threshold: string | null;
  amount: string;
  /** null stands for the client's own. */
  currency: string | null;
  price_card_id: string | null;
  source: string;
  version: string | null;
}

/** What is printed for one line; `error` where the line is no call. */
export interface Explanation {
  /** From 1, blank lines counted. */
  line: number;
  /** As the line tells it, so that it can be found again. */
  id: string | null;
  event: Record<string, unknown> | null;
  costs: ExplainedCost[];
  effective_cost: string | null;
  /** Of `effective_cost`; null where that is unknown, or where no client is named whose own it is. */
  currency: string | null;
  cost_status: string;
  reasons: string[];
  error?: string;
}

export interface ExplainOptions {
  price: PriceEvent;
  /** The time of a call that tells none. */
  now: Date;
  /** The currency of the client, for a cost that tells none; null where no client is named. */
  currency: string | null;
}

type Explained = Omit<Explanation, 'line' | 'id'>;

/**
 * Explains one line of NDJSON: `{ provider, host, http_path, status, request_model, response, sse,
 * usage_raw, date_utc }`, any part of which may be missing, or an event of the native format. Never
 * throws.
 */
export function explainLine(text: string, line: number, options: ExplainOptions): Explanation {
  let item: Told | undefined;
  try {
    item = asObject(parseExactJson(text));
  } catch {
    return { line, id: null, ...failed('is no JSON') };
  }
  if (item === undefined) return { line, id: null, ...failed('must be a JSON object') };
  const id = typeof item.id === 'string' ? item.id : null;
  return { line, id, ...explainItem(text, item, options) };
}

function explainItem(text: string, item: Told, options: ExplainOptions): Explained {
  if (isNativeEvent(item)) return explainNative(text, item, options);
  return tellsCall(item) ? explainCall(item, options) : failed(TELLS_NO_CALL);
}

/** A recorded call tells its time as `date_utc`, and nothing in it is called `occurred_at`. */
function isNativeEvent(item: Told): boolean {
  if (item.occurred_at !== undefined) return item.date_utc === undefined;
  const isRecorded = RECORDED_ONLY.some((name) => item[name] !== undefined);
  return !isRecorded && NATIVE_ONLY.some((name) => item[name] !== undefined);
}

function tellsCall(item: Told): boolean {
  return RECORDED.some((name) => item[name] !== undefined && item[name] !== null);
}

function explainNative(text: string, item: Told, options: ExplainOptions): Explained {
  const parsed = parseNativeLine(text);
  if ('rejection' in parsed) return refused(parsed.rejection);
  const { raw_usage: usage, provider, model: requestModel } = item;
  const reading =
    asObject(usage) === undefined ? undefined : readProviderCall({ provider, requestModel, usage });
  const reasons = reading === undefined ? [] : explainReading(reading);
  return explainEvent(parsed.event, false, reasons, options);
}

function explainCall(item: Told, options: ExplainOptions): Explained {
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
  const parsed = bookCall(item.date_utc, reading, options.now);
  if ('rejection' in parsed) return refused(parsed.rejection);
  const reasons = [...explainReading(reading), ...parsed.timeReasons];
  return explainEvent(parsed.event, tellsCount(reading), reasons, options);
}

function explainReading(reading: ProviderReading): string[] {
  const isSilent = reading.fields.raw_usage !== undefined && !tellsCount(reading);
  const silence = isSilent ? ['The usage holds no count that is known.'] : [];
  return [...reading.reasons.map(toSentence), ...silence];
}

function tellsCount({ fields }: ProviderReading): boolean {
  return COUNTS.some((name) => fields[name] !== undefined && fields[name] !== null);
}

function explainEvent(
  event: UsageEvent,
  isWhole: boolean,
  reasons: string[],
  { price, currency }: ExplainOptions,
): Explained {
  const costing = price(event);
  const flags = [...event.flags, ...costing.flags];
  return {
    event: showEvent({ ...event, flags }, isWhole),
    costs: showCosts(event, costing, currency),
    effective_cost: costing.cost,
    currency: costing.cost === null ? null : (costing.currency ?? currency),
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
 * The event in the words of the native format. A count that is not told is null, as in the books;
 * but of a recorded answer whose usage was read (`isWhole`), a kind of token that it does not
 * mention was not used, which is 0.
 */
function showEvent(event: UsageEvent, isWhole: boolean): Record<string, unknown> {
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
  for (const name of TOKEN_FIELDS) counts[name] ??= isWhole ? 0 : null;
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

function showCosts(
  event: UsageEvent,
  { lines, card, computedCurrency }: Costing,
  clientCurrency: string | null,
): ExplainedCost[] {
  const computed = lines.map((line) => ({
    unit: line.unit,
    quantity: line.quantity,
    price: line.price,
    per: line.per,
    tier: line.tier,
    context_threshold: line.contextThreshold,
    amount: line.amount,
    currency: computedCurrency,
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
    currency: event.currency ?? clientCurrency,
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

function refused({ field, reason }: { field: string; reason: string }): Explained {
  return failed(`${field} ${reason}`.trim());
}

function failed(error: string): Explained {
  return {
    event: null,
    costs: [],
    effective_cost: null,
    currency: null,
    cost_status: 'unpriced',
    reasons: [],
    error,
  };
}
