// The generated events as OTLP spans, encoded by OpenTelemetry's own serializer.
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { event } from './load.ts';

type Spans = Parameters<typeof ProtobufTraceSerializer.serializeRequest>[0];

const NO_RESOURCE = {
  attributes: {},
  merge: () => NO_RESOURCE,
  getRawAttributes: () => [],
} as unknown as Spans[number]['resource'];

/** One export request with so many spans. */
export function exportRequest(first: number, count: number): Uint8Array {
  const spans = Array.from({ length: count }, (_, index) => spanOf(first + index));
  return ProtobufTraceSerializer.serializeRequest(spans) as Uint8Array;
}

function spanOf(index: number): Spans[number] {
  const call = event(index);
  const start = Date.parse(call.occurred_at) / 1_000;
  const hex = index.toString(16).padStart(16, '0');
  return {
    name: `chat ${call.model}`,
    kind: SpanKind.CLIENT,
    spanContext: () => ({
      traceId: `a${'0'.repeat(15)}${hex}`,
      spanId: hex.replace(/^0/, 'b'),
      traceFlags: 1,
    }),
    startTime: [start, 0],
    endTime: [start + 1, call.latency_ms],
    status: { code: SpanStatusCode.OK },
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': call.provider,
      'gen_ai.request.model': call.model,
      'gen_ai.usage.input_tokens': call.input_tokens,
      'gen_ai.usage.output_tokens': call.output_tokens,
      'gen_ai.usage.cache_read.input_tokens': call.cache_read_tokens,
      'gen_ai.usage.cost': Number(call.cost),
      'user.id': call.user_id,
    },
    links: [],
    events: [],
    duration: [1, 0],
    ended: true,
    resource: NO_RESOURCE,
    instrumentationScope: { name: 'bench' },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}
