// Helicone's custom log, one call a request: the provider's raw answer with its times → event. Pure.
import { createHash } from 'node:crypto';
import { addAttached } from './attached.ts';
import type { ParsedItem } from './event.ts';
import { definedFields, type EventFields } from './event-fields.ts';
import { readProviderCall } from './providers/call.ts';
import { guessProvider, nameProvider, PROVIDER_GUESSED } from './providers/names.ts';
import { parseItems, type ReadItem, refuseFigures } from './received-item.ts';
import { parseJsonBody } from './request-body.ts';
import { canonicalJson } from './values/exact-json.ts';
import { millisecondsBetween, timeOfNanos } from './values/instants.ts';
import { parseShallowJson } from './values/shallow-json.ts';
import { objectOf, plainNumber, type Told, textOf } from './values/told-values.ts';

export type Headers = Record<string, string | string[] | undefined>;

const CANCELLED_STATUS = -3;
const PROPERTY_PREFIX = 'helicone-property-';
/** What the same path takes beside model calls. */
const NO_CALLS = new Set(['tool', 'vector_db', 'data']);

/** Reads a body and the headers that belong to its call. Throws ERR_INPUT. */
export function parseHeliconeRequest(body: string, headers: Headers): ParsedItem[] {
  const received = parseJsonBody(body, 'send the log of one call as a JSON object');
  const type = textOf(objectOf(objectOf(objectOf(received)?.providerRequest)?.json)?._type);
  if (type !== undefined && NO_CALLS.has(type)) return [];
  return parseItems([received], (item) => candidateOf(item, ownHeaders(headers)));
}

function ownHeaders(headers: Headers): Record<string, string> {
  const entries = Object.entries(headers).filter(([name]) => name.startsWith('helicone-'));
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}

function candidateOf(item: Told, headers: Record<string, string>): ReturnType<ReadItem> {
  const request = objectOf(item.providerRequest) ?? {};
  const response = objectOf(item.providerResponse) ?? {};
  const asked = objectOf(request.json) ?? {};
  const model = textOf(asked.model);
  const told = textOf(item.provider);
  const host = hostOf(request.url);
  const guess = host === undefined ? guessProvider(model ?? '') : undefined;
  const provider = told === undefined ? guess : nameProvider(told);
  const read = readProviderCall({
    provider,
    host,
    httpStatus: response.status,
    requestModel: model,
    ...answerOf(response),
  });
  const received = { ...item, headers };
  const id = idOf(headers, received);
  const refusal = refuseFigures(id, read);
  if (refusal !== undefined) return refusal;
  const fields: EventFields = {
    ...definedFields(read.fields),
    ...definedFields({ provider, model: asked.model }),
    ...timesOf(objectOf(item.timing) ?? {}),
    ...(response.status === CANCELLED_STATUS ? { status: 'cancelled' } : {}),
    user_id: headers['helicone-user-id'],
    conversation_id: headers['helicone-session-id'],
  };
  fields.status ??= 'success';
  addAttached(fields, propertiesOf(headers));
  fields.id = id;
  const flags = told === undefined && host === undefined ? [PROVIDER_GUESSED] : [];
  return { source: 'helicone', fields, flags: [...read.flags, ...flags], received };
}

/**
 * The client's own id where it sends one. Else the call is known by all that was received: that
 * holds the response's id, the start in milliseconds and the user, so a body sent again is the same
 * call, and two calls whose provider repeats its ids are two.
 */
function idOf(headers: Record<string, string>, received: Told): string {
  const own = headers['helicone-request-id'];
  if (own !== undefined) return own;
  return `helicone-${createHash('sha256').update(canonicalJson(received)).digest('hex')}`;
}

function hostOf(url: unknown): string | undefined {
  return typeof url === 'string' && URL.canParse(url) ? new URL(url).host : undefined;
}

/** The answer as an object, or a stream: as its events, or as lines of JSON. */
function answerOf({ json, textBody }: Told): { response?: unknown; sse?: unknown } {
  if (typeof textBody !== 'string') return { response: json };
  if (/^(data|event): ?/m.test(textBody)) return { sse: textBody };
  const parsed = textBody
    .split('\n')
    .map(parseLine)
    .filter((line) => line !== undefined);
  if (parsed.length === 0) return { response: parseLine(textBody) ?? json };
  return parsed.length === 1 ? { response: parsed[0] } : { sse: parsed };
}

/** A failed call's text opens with the error's stack: lines that are no JSON are passed over. */
function parseLine(line: string): unknown {
  if (!line.trimStart().startsWith('{')) return undefined;
  try {
    return parseShallowJson(line);
  } catch {
    return undefined;
  }
}

function timesOf({ startTime, endTime, timeToFirstToken: ttft }: Told): EventFields {
  const [start, end] = [nanosOf(startTime), nanosOf(endTime)];
  if (start === undefined) return {};
  const isOrdered = end !== undefined && end >= start;
  const fields: EventFields = { occurred_at: timeOfNanos(start) };
  if (isOrdered) fields.latency_ms = millisecondsBetween(start, end);
  if (typeof plainNumber(ttft) === 'number') fields.ttft_ms = ttft;
  return fields;
}

function nanosOf(told: unknown): bigint | undefined {
  const parts = objectOf(told) ?? {};
  const [seconds, milliseconds] = [plainNumber(parts.seconds), plainNumber(parts.milliseconds)];
  if (typeof seconds !== 'number' || typeof milliseconds !== 'number') return undefined;
  if (!Number.isSafeInteger(seconds) || !(Math.abs(milliseconds) < 1e6)) return undefined;
  return BigInt(seconds) * 1_000_000_000n + BigInt(Math.trunc(milliseconds * 1_000)) * 1_000n;
}

function propertiesOf(headers: Record<string, string>): Map<string, unknown> {
  const own = Object.entries(headers).filter(([name]) => name.startsWith(PROPERTY_PREFIX));
  return new Map(own.map(([name, value]) => [name.slice(PROPERTY_PREFIX.length), value]));
}
