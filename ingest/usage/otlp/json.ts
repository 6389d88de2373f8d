// OTLP's JSON encoding: the text of an export request → its spans. A span that cannot be read is a
// problem of its own. Pure.

import { TOO_DEEP } from '../native.ts';
import { ExactNumber, isTooDeep, parseExactJson } from '../values/exact-json.ts';
import { parseShallowJson } from '../values/shallow-json.ts';
import { numberOf, plainNumber } from '../values/told-values.ts';
import { type Attributes, idOfSpan, type ReadSpan } from './span.ts';

const NOT_A_SPAN = 'must be an object';

/** Reads an export request. Throws SyntaxError for what is no JSON. */
export function readJsonSpans(text: string): ReadSpan[] {
  const request = parseShallowJson(text);
  const spans = membersOf(request, 'resourceSpans').flatMap((resource) =>
    membersOf(resource, 'scopeSpans', 'instrumentationLibrarySpans').flatMap((scope) =>
      membersOf(scope, 'spans').map(readSpan),
    ),
  );
  return [...spans, ...misplacedRecords(request)];
}

function membersOf(parent: unknown, ...names: string[]): unknown[] {
  if (typeof parent !== 'object' || parent === null) return [];
  for (const name of names) {
    const members = (parent as Record<string, unknown>)[name];
    if (Array.isArray(members)) return members;
  }
  return [];
}

/** Log records and metrics that were sent to the traces' path are told as such, not swallowed. */
function misplacedRecords(request: unknown): ReadSpan[] {
  const problem = 'is a log record, which has no place at the path of traces';
  return membersOf(request, 'resourceLogs').flatMap((resource) =>
    membersOf(resource, 'scopeLogs').flatMap((scope) =>
      membersOf(scope, 'logRecords').map(() => ({ id: null, problem })),
    ),
  );
}

function readSpan(received: unknown): ReadSpan {
  if (typeof received !== 'object' || received === null || Array.isArray(received)) {
    return { id: null, problem: NOT_A_SPAN };
  }
  const raw = received as Record<string, unknown>;
  const ids = { traceId: readId(raw.traceId, 16), spanId: readId(raw.spanId, 8) };
  const id = ids.traceId === '' || ids.spanId === '' ? null : idOfSpan(ids);
  if (isTooDeep(raw)) return { id, problem: TOO_DEEP };
  if (Object.hasOwn(raw, '__proto__')) return { id, problem: 'must not have a field "__proto__"' };
  const status = (raw.status ?? {}) as { code?: unknown; message?: unknown };
  const statusCode = status.code === 2 || status.code === 'STATUS_CODE_ERROR' ? 2 : 0;
  return {
    span: {
      ...ids,
      parentSpanId: readId(raw.parentSpanId, 8),
      name: typeof raw.name === 'string' ? raw.name : '',
      startNanos: readNanos(raw.startTimeUnixNano),
      endNanos: readNanos(raw.endTimeUnixNano),
      statusCode,
      statusMessage: typeof status.message === 'string' ? status.message : '',
      attributes: readAttributes(raw.attributes),
      exceptionType: statusCode === 2 ? readExceptionType(raw.events) : null,
    },
  };
}

/** Hex as OTLP wants it, base64 as plain protobuf JSON has it; "" for anything else or all zeros. */
function readId(value: unknown, bytes: number): string {
  if (typeof value !== 'string') return '';
  const isHex = value.length === bytes * 2 && /^[0-9a-fA-F]+$/.test(value);
  const id = isHex ? value.toLowerCase() : decodeBase64Id(value, bytes);
  return /^0*$/.test(id) ? '' : id;
}

function decodeBase64Id(value: string, bytes: number): string {
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(value)) return '';
  const decoded = Buffer.from(value, 'base64');
  return decoded.length === bytes ? decoded.toString('hex') : '';
}

function readNanos(value: unknown): bigint {
  const text = value instanceof ExactNumber ? value.text : String(value);
  return /^\d{1,20}$/.test(text) ? BigInt(text) : 0n;
}

function readExceptionType(events: unknown): string | null {
  if (!Array.isArray(events)) return null;
  for (const event of events) {
    const attributes = readAttributes((event as { attributes?: unknown } | null)?.attributes);
    const type = attributes.get('exception.type');
    if (typeof type === 'string') return type;
  }
  return null;
}

function readAttributes(received: unknown): Attributes {
  const attributes: Attributes = new Map();
  if (!Array.isArray(received)) return attributes;
  for (const member of received) {
    const { key, value } = (member ?? {}) as { key?: unknown; value?: unknown };
    if (typeof key !== 'string') continue;
    const read = readValue(value);
    if (read !== undefined) attributes.set(key, read);
  }
  return attributes;
}

/** An AnyValue as plain JSON. Depth is bounded by the check of the whole span. */
function readValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  const any = value as Record<string, unknown>;
  if (any.stringValue !== undefined) return any.stringValue;
  if (any.intValue !== undefined) return readInteger(any.intValue);
  if (any.doubleValue !== undefined) return readDouble(any.doubleValue);
  if (any.boolValue !== undefined) return any.boolValue;
  if (any.arrayValue !== undefined) return membersOf(any.arrayValue, 'values').map(readValue);
  if (any.kvlistValue !== undefined) {
    return Object.fromEntries(
      readAttributes((any.kvlistValue as { values?: unknown } | null)?.values),
    );
  }
  return any.bytesValue;
}

/** A double may be a text, and must be one where JSON has no number for it. */
function readDouble(value: unknown): unknown {
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
  return plainNumber(numberOf(value));
}

/** An int64 is a text by the standard, a number by the JavaScript exporter. */
function readInteger(value: unknown): unknown {
  return typeof value === 'string' && /^-?(?:0|[1-9]\d{0,18})$/.test(value)
    ? parseExactJson(value)
    : plainNumber(value);
}
