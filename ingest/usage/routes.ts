// The paths that take usage: for each, how a body becomes items and how its client is answered.
// Knows neither the HTTP server nor the books.
import type { ErrorResponse } from '../error-response.ts';
import type { ItemResult } from '../store/usage-events.ts';
import * as answers from './answers.ts';
import { parseCloudEvents } from './cloudevents.ts';
import type { ParsedItem } from './event.ts';
import { type Headers, parseHeliconeRequest } from './helicone.ts';
import { parseLitellmRequest } from './litellm.ts';
import { parseNativeRequest } from './native-request.ts';
import { parseOtlpRequest } from './otlp/traces.ts';
import { textOfBody } from './request-body.ts';

/** A request as the formats see it: decompressed, from a client that is known. */
export interface WireRequest {
  body: Buffer;
  contentType: string;
  headers: Headers;
  receivedAt: Date;
}

/** The items of a request, and what to answer once it is known what became of them. */
export interface ReadRequest {
  items: ParsedItem[];
  answer(results: ItemResult[]): answers.HttpAnswer;
}

export interface UsageRoute {
  path: string;
  /** What it takes, for the OpenAPI document. */
  summary: string;
  contentTypes: string[];
  /** Status codes of success. */
  successes: number[];
  /** True where the client sends its token as the password of Basic. */
  takesBasic: boolean;
  /** Throws an AppError for a request that cannot be read as a whole. */
  read(request: WireRequest): ReadRequest;
  refuse(error: ErrorResponse, contentType: string): answers.HttpAnswer;
}

const JSON_TYPE = 'application/json';

const NATIVE: UsageRoute = {
  path: '/v1/usage',
  summary: "Daybook's own events: one, an array, or NDJSON",
  contentTypes: [JSON_TYPE, 'application/x-ndjson'],
  successes: [200, 201],
  takesBasic: false,
  read: ({ body, contentType }) => {
    const { isBatch, items } = parseNativeRequest(textOfBody(body), contentType);
    return { items, answer: (results) => answers.answerNative(isBatch, results) };
  },
  refuse: (error) => error,
};

const OTLP: UsageRoute = {
  path: '/v1/traces',
  summary: 'OpenTelemetry traces; spans that are no model call are passed over',
  contentTypes: [JSON_TYPE, 'application/x-protobuf'],
  successes: [200],
  takesBasic: false,
  read: readTraces('otlp'),
  refuse: (error, contentType) => answers.refuseOtlp(contentType, error),
};

const LANGFUSE: UsageRoute = {
  ...OTLP,
  path: '/api/public/otel/v1/traces',
  summary: "Langfuse's SDKs; the secret key is a token of Daybook, the public key any text",
  takesBasic: true,
  read: readTraces('langfuse'),
};

const LITELLM: UsageRoute = {
  path: '/v1/litellm',
  summary: "LiteLLM's generic API logger: an array, one payload, or one a line",
  contentTypes: [JSON_TYPE],
  successes: [200],
  takesBasic: false,
  read: ({ body }) => ({
    items: parseLitellmRequest(textOfBody(body)),
    answer: (results) => answers.answerNative(true, results),
  }),
  refuse: answers.refuseLitellm,
};

/** Helicone's helpers choose the path by the provider that they are given. */
const HELICONE = ['custom', 'oai', 'anthropic', 'googleapis'].map(
  (provider): UsageRoute => ({
    path: `/${provider}/v1/log`,
    summary: "Helicone's manual logger: one call with the provider's raw answer",
    contentTypes: [JSON_TYPE],
    successes: [200],
    takesBasic: false,
    read: ({ body, headers }) => ({
      items: parseHeliconeRequest(textOfBody(body), headers),
      answer: answers.answerHelicone,
    }),
    refuse: answers.refuseHelicone,
  }),
);

const CLOUD_EVENTS: UsageRoute = {
  path: '/api/v1/events',
  summary: 'CloudEvents, single or batch, as sent to OpenMeter',
  contentTypes: ['application/cloudevents+json', 'application/cloudevents-batch+json'],
  successes: [204],
  takesBasic: false,
  read: ({ body, receivedAt }) => ({
    items: parseCloudEvents(textOfBody(body), receivedAt),
    answer: answers.answerCloudEvents,
  }),
  refuse: answers.refuseCloudEvents,
};

export const USAGE_ROUTES: UsageRoute[] = [
  NATIVE,
  OTLP,
  LANGFUSE,
  LITELLM,
  ...HELICONE,
  CLOUD_EVENTS,
];

function readTraces(source: 'otlp' | 'langfuse'): UsageRoute['read'] {
  return ({ body, contentType }) => ({
    items: parseOtlpRequest(body, contentType, source),
    answer: (results) => answers.answerOtlp(contentType, results),
  });
}
