// What tests of the wire formats share: the body of each format with one call of known figures, and
// how its items turned out. Never imported outside tests.
import type { ParsedItem, UsageEvent } from './event.ts';
import { parseOtlpRequest } from './otlp/traces.ts';

export const TRACE_ID = '6813c357fa1042496f54f5fad7835e85';
export const START_NANOS = '1795175628948123456';
export const END_NANOS = '1795175630198250153';

/** Attributes of a call in the current conventions. */
export const CHAT = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'openai',
  'gen_ai.request.model': 'gpt-4o-mini',
  'gen_ai.usage.input_tokens': 194,
  'gen_ai.usage.output_tokens': 20,
};

/** The events of the items; throws with the reason when one was refused. */
export function eventsOf(items: ParsedItem[]): UsageEvent[] {
  return items.map((item) => {
    if ('rejection' in item) throw new Error(JSON.stringify(item.rejection));
    return item.event;
  });
}

/** The only event of the items. */
export function onlyEvent(items: ParsedItem[]): UsageEvent {
  const [event, ...others] = eventsOf(items);
  if (event === undefined || others.length > 0) throw new Error(`${items.length} items`);
  return event;
}

/** The id of each item that is an event, and the reason of each that is none. */
export function outcomes(items: ParsedItem[]): string[] {
  return items.map((item) =>
    'event' in item
      ? item.event.eventId
      : `${item.rejection.field} ${item.rejection.reason}`.trim(),
  );
}

/** A span in OTLP's JSON with the attributes given as plain values. */
export function spanOf(attributes: Record<string, unknown>, fields: object = {}): object {
  return {
    traceId: TRACE_ID,
    spanId: '756e7135b6e12c26',
    name: 'chat gpt-4o-mini',
    kind: 3,
    startTimeUnixNano: START_NANOS,
    endTimeUnixNano: END_NANOS,
    attributes: Object.entries(attributes).map(([key, value]) => ({ key, value: anyOf(value) })),
    status: { code: 0 },
    ...fields,
  };
}

/** An export request with the spans. */
export function requestOf(...spans: unknown[]): string {
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'sms-bot' } }] };
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope: {}, spans }] }] });
}

/** The items of an export request in JSON with one span of these attributes. */
export function itemsOf(attributes: Record<string, unknown>, fields: object = {}): ParsedItem[] {
  return parseOtlpJson(requestOf(spanOf(attributes, fields)));
}

/** The event of an export request in JSON with one span of these attributes. */
export function eventOf(attributes: Record<string, unknown>, fields: object = {}): UsageEvent {
  return onlyEvent(itemsOf(attributes, fields));
}

/** The items of an export request in JSON. */
export function parseOtlpJson(body: string): ParsedItem[] {
  return parseOtlpRequest(Buffer.from(body), 'application/json', 'otlp');
}

function anyOf(value: unknown): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyOf) } };
  return Number.isInteger(value) ? { intValue: value } : { doubleValue: value };
}
