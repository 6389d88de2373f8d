// OpenTelemetry traces: an export request in either encoding → the model calls among its spans as
// events. Spans that are no model call are passed over. Pure.
import { AppError } from '../../../core/errors.ts';
import type { ParsedItem } from '../event.ts';
import { readCandidate } from '../native.ts';
import { checkItemCount } from '../request-body.ts';
import { readJsonSpans } from './json.ts';
import { readProtobufSpans } from './protobuf.ts';
import { idOfSpan, type ReadSpan } from './span.ts';
import { candidateOfSpan } from './span-event.ts';

export type OtlpEncoding = 'json' | 'protobuf';

const NO_IDS = { id: null, field: 'id', reason: 'is required: a span has a traceId and a spanId' };

/** The encoding that a content type names; anything but protobuf is taken for JSON. */
export function encodingOf(contentType: string): OtlpEncoding {
  return /x-protobuf|vnd\.google\.protobuf/i.test(contentType) ? 'protobuf' : 'json';
}

/**
 * Reads the spans of a body that are model calls, and those that cannot be read at all. An empty
 * body is a test of the connection. Throws ERR_INPUT or ERR_TOO_LARGE.
 */
export function parseOtlpRequest(
  body: Buffer,
  contentType: string,
  source: 'otlp' | 'langfuse',
): ParsedItem[] {
  if (body.length === 0) return [];
  const items: ParsedItem[] = [];
  for (const read of readSpans(body, encodingOf(contentType))) {
    const item = itemOf(read, source);
    if (item !== undefined) items.push(item);
  }
  checkItemCount(items.length);
  return items;
}

function readSpans(body: Buffer, encoding: OtlpEncoding): ReadSpan[] {
  try {
    if (encoding === 'protobuf') return readProtobufSpans(body);
    return readJsonSpans(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw new AppError('ERR_INPUT', `the body is no OTLP export request in ${encoding}`, {
      cause,
      fix: 'send an ExportTraceServiceRequest as application/json or application/x-protobuf',
    });
  }
}

function itemOf(read: ReadSpan, source: 'otlp' | 'langfuse'): ParsedItem | undefined {
  if ('problem' in read) return { rejection: { id: read.id, field: '', reason: read.problem } };
  const { span } = read;
  // Log records that were sent here come out as spans without ids.
  if (span.traceId === '' || span.spanId === '') return { rejection: NO_IDS };
  const candidate = candidateOfSpan(span, source);
  if (candidate === undefined) return undefined;
  if (span.attributes.has('__proto__')) {
    const rejection = { id: idOfSpan(span), field: '__proto__', reason: 'is no attribute' };
    return { rejection };
  }
  return readCandidate(candidate);
}
