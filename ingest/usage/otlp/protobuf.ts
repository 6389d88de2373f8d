// OTLP's protobuf encoding: the bytes of an export request → its spans, and the answers back to
// bytes. The only importer of protobufjs. Field numbers are those of opentelemetry-proto 1.x
// (Apache-2.0); fields that no usage event needs are left out and skipped.
import protobuf from 'protobufjs/light.js';
import { TOO_DEEP } from '../native.ts';
import { ExactNumber, isTooDeep } from '../values/exact-json.ts';
import { type Attributes, idOfSpan, type ReadSpan } from './span.ts';

const repeated = { rule: 'repeated' } as const;

// A span and an event of a span are kept as bytes and decoded one by one: a broken one is refused alone.
const ROOT = protobuf.Root.fromJSON({
  options: { features: { utf8_validation: 'VERIFY' } },
  nested: {
    ExportRequest: { fields: { resourceSpans: { ...repeated, type: 'ResourceSpans', id: 1 } } },
    ResourceSpans: { fields: { scopeSpans: { ...repeated, type: 'ScopeSpans', id: 2 } } },
    ScopeSpans: { fields: { spans: { ...repeated, type: 'bytes', id: 2 } } },
    Span: {
      fields: {
        traceId: { type: 'bytes', id: 1 },
        spanId: { type: 'bytes', id: 2 },
        parentSpanId: { type: 'bytes', id: 4 },
        name: { type: 'string', id: 5 },
        startTimeUnixNano: { type: 'fixed64', id: 7 },
        endTimeUnixNano: { type: 'fixed64', id: 8 },
        attributes: { ...repeated, type: 'KeyValue', id: 9 },
        events: { ...repeated, type: 'bytes', id: 11 },
        status: { type: 'Status', id: 15 },
      },
    },
    Status: { fields: { message: { type: 'string', id: 2 }, code: { type: 'int32', id: 3 } } },
    SpanEvent: { fields: { attributes: { ...repeated, type: 'KeyValue', id: 3 } } },
    KeyValue: { fields: { key: { type: 'string', id: 1 }, value: { type: 'AnyValue', id: 2 } } },
    AnyValue: {
      oneofs: { value: { oneof: ['string', 'bool', 'int', 'double', 'array', 'kvlist', 'bytes'] } },
      fields: {
        string: { type: 'string', id: 1 },
        bool: { type: 'bool', id: 2 },
        int: { type: 'int64', id: 3 },
        double: { type: 'double', id: 4 },
        array: { type: 'ArrayValue', id: 5 },
        kvlist: { type: 'KeyValueList', id: 6 },
        bytes: { type: 'bytes', id: 7 },
      },
    },
    ArrayValue: { fields: { values: { ...repeated, type: 'AnyValue', id: 1 } } },
    KeyValueList: { fields: { values: { ...repeated, type: 'KeyValue', id: 1 } } },
    ExportResponse: { fields: { partialSuccess: { type: 'PartialSuccess', id: 1 } } },
    PartialSuccess: {
      fields: {
        rejectedSpans: { type: 'int64', id: 1 },
        errorMessage: { type: 'string', id: 2 },
      },
    },
    RpcStatus: { fields: { code: { type: 'int32', id: 1 }, message: { type: 'string', id: 2 } } },
  },
});
const TYPES = {
  ExportRequest: ROOT.lookupType('ExportRequest'),
  Span: ROOT.lookupType('Span'),
  SpanEvent: ROOT.lookupType('SpanEvent'),
  ExportResponse: ROOT.lookupType('ExportResponse'),
  RpcStatus: ROOT.lookupType('RpcStatus'),
};

interface Long {
  low: number;
  high: number;
  toString(): string;
}
interface AnyValue {
  value?: keyof AnyValue;
  string?: string;
  bool?: boolean;
  int?: Long;
  double?: number;
  array?: { values: AnyValue[] };
  kvlist?: { values: KeyValue[] };
  bytes?: Uint8Array;
}
interface KeyValue {
  key: string;
  value: AnyValue | null;
}
interface WireSpan {
  traceId: Uint8Array;
  spanId: Uint8Array;
  parentSpanId: Uint8Array;
  name: string;
  startTimeUnixNano: Long | number;
  endTimeUnixNano: Long | number;
  attributes: KeyValue[];
  events: Uint8Array[];
  status: { code: number; message: string } | null;
}
interface WireRequest {
  resourceSpans: { scopeSpans: { spans: Uint8Array[] }[] }[];
}

/** Reads an export request. Throws for bytes that are none. */
export function readProtobufSpans(body: Uint8Array): ReadSpan[] {
  const request = decode<WireRequest>(TYPES.ExportRequest, body);
  return request.resourceSpans.flatMap((resource) =>
    resource.scopeSpans.flatMap((scope) => scope.spans.map(readSpan)),
  );
}

/** The bytes of an ExportTraceServiceResponse. */
export function encodeExportResponse(answer: object): Buffer {
  return Buffer.from(TYPES.ExportResponse.encode(answer).finish());
}

/** The bytes of a google.rpc.Status. */
export function encodeRpcStatus(status: { code: number; message: string }): Buffer {
  return Buffer.from(TYPES.RpcStatus.encode(status).finish());
}

function decode<T>(type: protobuf.Type, bytes: Uint8Array): T {
  const reader = protobuf.Reader.create(bytes);
  reader.discardUnknown = true;
  return type.decode(reader) as unknown as T;
}

function readSpan(bytes: Uint8Array): ReadSpan {
  let wire: WireSpan;
  try {
    wire = decode<WireSpan>(TYPES.Span, bytes);
  } catch (error) {
    const isDeep = error instanceof Error && error.message === 'max depth exceeded';
    return { id: null, problem: isDeep ? TOO_DEEP : 'is no span that can be decoded' };
  }
  const ids = { traceId: readId(wire.traceId, 16), spanId: readId(wire.spanId, 8) };
  const attributes = readAttributes(wire.attributes);
  if ([...attributes.values()].some((value) => isTooDeep(value))) {
    return { id: idOfSpan(ids), problem: TOO_DEEP };
  }
  const statusCode = wire.status?.code === 2 ? 2 : 0;
  return {
    span: {
      ...ids,
      parentSpanId: readId(wire.parentSpanId, 8),
      name: wire.name,
      startNanos: readNanos(wire.startTimeUnixNano),
      endNanos: readNanos(wire.endTimeUnixNano),
      statusCode,
      statusMessage: wire.status?.message ?? '',
      attributes,
      exceptionType: statusCode === 2 ? readExceptionType(wire.events) : null,
    },
  };
}

function readId(bytes: Uint8Array, length: number): string {
  if (bytes.length !== length) return '';
  const hex = (bytes as Buffer).toString('hex');
  return /^0+$/.test(hex) ? '' : hex;
}

function readNanos(value: Long | number): bigint {
  if (typeof value === 'number') return BigInt(value);
  return (BigInt(value.high >>> 0) << 32n) | BigInt(value.low >>> 0);
}

function readExceptionType(events: Uint8Array[]): string | null {
  for (const bytes of events) {
    try {
      const event = decode<{ attributes: KeyValue[] }>(TYPES.SpanEvent, bytes);
      const type = readAttributes(event.attributes).get('exception.type');
      if (typeof type === 'string') return type;
    } catch {
      // An event is no usage: a broken one must not cost the call.
    }
  }
  return null;
}

function readAttributes(members: KeyValue[]): Attributes {
  const attributes: Attributes = new Map();
  for (const { key, value } of members) {
    const read = readValue(value);
    if (read !== undefined) attributes.set(key, read);
  }
  return attributes;
}

function readValue(any: AnyValue | null): unknown {
  switch (any?.value) {
    case 'int':
      return readInteger(any.int as Long);
    case 'array':
      return any.array?.values.map(readValue);
    case 'kvlist':
      return Object.fromEntries(readAttributes(any.kvlist?.values ?? []));
    case 'bytes':
      return (any.bytes as Buffer).toString('base64');
    case undefined:
      return undefined;
    default:
      return any?.[any.value];
  }
}

function readInteger(value: Long | number): unknown {
  if (typeof value === 'number') return value;
  const number = value.high * 2 ** 32 + (value.low >>> 0);
  if (Number.isSafeInteger(number)) return number;
  const text = value.toString();
  return String(number) === text ? number : new ExactNumber(text);
}
