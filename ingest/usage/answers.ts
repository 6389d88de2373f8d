// What each wire format's client reads back: success, partial success and refusal in its own words.
// Decides no status but the format's own; writes nothing. Pure.
import type { ErrorResponse } from '../error-response.ts';
import type { ItemResult } from '../store/usage-events.ts';
import { encodeExportResponse, encodeRpcStatus } from './otlp/protobuf.ts';
import { encodingOf } from './otlp/traces.ts';

/** An answer before it is sent: an object goes out as JSON, bytes as they are. */
export interface HttpAnswer {
  status: number;
  contentType?: string;
  headers?: Record<string, string>;
  body?: object | Buffer;
}

const SINGLE_STATUS = { accepted: 201, duplicate: 200, conflict: 409, rejected: 400 } as const;
const REASONS_MAX = 5;
const UNAVAILABLE = 503;
// Langfuse's exporter gives up after 5 s in all, OpenTelemetry's after 10 s or five attempts.
const RETRY_AFTER_SECONDS = '2';

/** How many items of a request fared in which way. */
export function countResults(results: ItemResult[]) {
  const counts = { accepted: 0, duplicate: 0, conflict: 0, rejected: 0 };
  for (const { result } of results) counts[result] += 1;
  return counts;
}

/** A batch item by item, a single event by its status. */
export function answerNative(isBatch: boolean, results: ItemResult[]): HttpAnswer {
  if (isBatch) return { status: 200, body: { ...countResults(results), results } };
  const { index: _index, ...answer } = results[0] as ItemResult;
  return { status: SINGLE_STATUS[answer.result], body: answer };
}

/** An ExportTraceServiceResponse in the encoding of the request. */
export function answerOtlp(contentType: string, results: ItemResult[]): HttpAnswer {
  const refused = results.filter(isRefused);
  const errorMessage = describeRefusals(refused);
  if (encodingOf(contentType) === 'protobuf') {
    const partialSuccess = { rejectedSpans: refused.length, errorMessage };
    const body = encodeExportResponse(refused.length === 0 ? {} : { partialSuccess });
    return { status: 200, contentType: 'application/x-protobuf', body };
  }
  const partialSuccess = { rejectedSpans: String(refused.length), errorMessage };
  return { status: 200, body: refused.length === 0 ? {} : { partialSuccess } };
}

const RPC_CODES: Record<number, number> = { 400: 3, 401: 16, 403: 7, 404: 5, 413: 8, 503: 14 };

/** A google.rpc.Status. Exporters give up for good on 500, so it becomes 503: they send again. */
export function refuseOtlp(contentType: string, error: ErrorResponse): HttpAnswer {
  const isOurs = error.status >= 500;
  const status = isOurs ? UNAVAILABLE : error.status;
  const headers = isOurs ? { 'retry-after': RETRY_AFTER_SECONDS } : error.headers;
  const { message, fix } = error.body.error;
  const text = fix === undefined ? message : `${message}; ${fix}`;
  const rpc = { code: RPC_CODES[status] ?? 3, message: text };
  if (encodingOf(contentType) === 'json') return { status, headers, body: rpc };
  return { status, headers, contentType: 'application/x-protobuf', body: encodeRpcStatus(rpc) };
}

/** As LiteLLM's own server refuses. */
export function refuseLitellm({ status, headers, body }: ErrorResponse): HttpAnswer {
  const { code: type, message } = body.error;
  return { status, headers, body: { error: { message, type, param: null, code: String(status) } } };
}

/** One call, or none where the log was of something else. */
export function answerHelicone(results: ItemResult[]): HttpAnswer {
  const [result] = results;
  if (result === undefined) return { status: 200, body: { data: null, error: null } };
  const { index: _index, ...data } = result;
  if (!isRefused(result)) return { status: 200, body: { data, error: null } };
  const status = SINGLE_STATUS[result.result];
  return { status, body: { data: null, error: describeRefusals([result]) } };
}

export function refuseHelicone({ status, headers, body }: ErrorResponse): HttpAnswer {
  return { status, headers, body: { data: null, error: body.error.message } };
}

/** 204 where all is booked; else a problem (RFC 9457) that names what is not, the rest is booked. */
export function answerCloudEvents(results: ItemResult[]): HttpAnswer {
  const refused = results.filter(isRefused);
  if (refused.length === 0) return { status: 204 };
  const status = refused.every(({ result }) => result === 'conflict') ? 409 : 400;
  const title = `${refused.length} of ${results.length} events are not booked`;
  return problem(status, title, describeRefusals(refused), { ...countResults(results), results });
}

export function refuseCloudEvents({ status, headers, body }: ErrorResponse): HttpAnswer {
  const { code, message, fix } = body.error;
  return { ...problem(status, code, message, fix === undefined ? {} : { fix }), headers };
}

function problem(status: number, title: string, detail: string, extensions: object): HttpAnswer {
  const body = { type: 'about:blank', title, status, detail, ...extensions };
  return { status, contentType: 'application/problem+json', body };
}

function isRefused({ result }: ItemResult): boolean {
  return result === 'rejected' || result === 'conflict';
}

function describeRefusals(refused: ItemResult[]): string {
  const reasons = refused.slice(0, REASONS_MAX).map((item) => {
    const reason =
      item.result === 'rejected'
        ? `${item.field} ${item.reason}`.trim()
        : 'is booked already with other content';
    return `${item.id ?? `item ${item.index}`}: ${reason}`;
  });
  const more = refused.length - reasons.length;
  return [...reasons, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}
