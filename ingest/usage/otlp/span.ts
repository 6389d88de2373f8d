// One span as every OTLP encoding gives it. Knows no semantic convention.

/** An attribute's value as plain JSON; numbers keep their text where a double would change it. */
export type Attributes = Map<string, unknown>;

export interface Span {
  /** Lower-case hex of 16 bytes; "" where none was given. */
  traceId: string;
  /** Lower-case hex of 8 bytes; "" where none was given. */
  spanId: string;
  parentSpanId: string;
  name: string;
  /** Nanoseconds since 1970; 0 where none was given. */
  startNanos: bigint;
  endNanos: bigint;
  /** 0 unset, 1 ok, 2 error. */
  statusCode: number;
  statusMessage: string;
  attributes: Attributes;
  /** `exception.type` of the first event that has one. */
  exceptionType: string | null;
}

/** A span, or the reason why one could not be read. */
export type ReadSpan = { span: Span } | { id: string | null; problem: string };

/** The identity of a span among all spans of a client. */
export function idOfSpan({ traceId, spanId }: Pick<Span, 'traceId' | 'spanId'>): string {
  return `${traceId}-${spanId}`;
}
