// Rules of the wire formats with their real clients, unmodified, against the running server: each
// call is stored once, also when the server cannot be reached by its books at first.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HeliconeManualLogger } from '@helicone/helpers';
import { observeOpenAI } from '@langfuse/openai';
import { LangfuseSpanProcessor } from '@langfuse/otel';
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppError } from '../core/errors.ts';
import { query } from '../core/postgres.ts';
import { createAuthenticator } from './api/tokens.ts';
import { type RunningServer, startIngest } from './server.ts';
import { createUsageStore } from './store/usage-events.ts';
import { serveTestBooks, type TestApi } from './test-support.ts';

let api: TestApi;
/** A server whose books are away for the first request. */
let late: RunningServer;
let refusals = 0;
let openai: Server;

const USAGE = {
  prompt_tokens: 194,
  completion_tokens: 20,
  total_tokens: 214,
  prompt_tokens_details: { cached_tokens: 100, cache_write_tokens: 10 },
  completion_tokens_details: { reasoning_tokens: 5 },
  cost: 0.00123,
};

beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  api = await serveTestBooks();
  const store = createUsageStore(api.books.app);
  late = await startIngest(
    {
      authenticate: createAuthenticator(api.books.app),
      storeUsage: async (...batch) => {
        if (refusals > 0) {
          refusals -= 1;
          throw new AppError('ERR_BOOKS_UNAVAILABLE', 'away');
        }
        return store(...batch);
      },
      checkReady: async () => undefined,
      log: api.log,
    },
    { host: '127.0.0.1', port: 0 },
  );
  openai = createServer((request, response) => {
    request.resume();
    const choices = [
      { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Hi' } },
    ];
    const answer = { id: 'chatcmpl-1', object: 'chat.completion', model: 'gpt-4o-mini', choices };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ ...answer, usage: USAGE }));
  });
  await new Promise<void>((resolve) => openai.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  context.disable();
  trace.disable();
  openai.close();
  await late.close();
  await api.close();
});

const rowsOf = (source: string) =>
  query(
    api.books.owner,
    `select provider, model, user_id, conversation_id, input_tokens::int as input,
            cache_read_tokens::int as cached, output_tokens::int as output,
            reported_cost::text as cost, status::text as status, error_type
     from usage_events where source = $1 order by occurred_at, event_id`,
    [source],
  );
const clear = () => query(api.books.owner, 'delete from usage_events');

/** Sends an agent's span with the call in it, a failed call and a span of something else. */
async function sendSpans(exporter: SpanExporter): Promise<void> {
  const processor = new BatchSpanProcessor(exporter, { scheduledDelayMillis: 10 });
  const provider = new BasicTracerProvider({ spanProcessors: [processor] });
  const tracer = provider.getTracer('sms-bot');
  const call = {
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-4o-mini',
    'gen_ai.usage.input_tokens': 194,
    'gen_ai.usage.output_tokens': 20,
    'gen_ai.usage.cache_read.input_tokens': 100,
    'gen_ai.usage.cost': 0.00123,
    'user.id': 'ann',
    'gen_ai.conversation.id': 'talk-7',
  };
  const agent = tracer.startSpan('invoke_agent bot', {
    attributes: { ...call, 'gen_ai.operation.name': 'invoke_agent' },
  });
  const attributes = { ...call, 'gen_ai.operation.name': 'chat' };
  tracer.startSpan('chat gpt-4o-mini', { attributes, startTime: new Date() }).end();
  const { 'gen_ai.provider.name': name, 'gen_ai.request.model': model } = call;
  const failing = tracer.startSpan('chat gpt-4o-mini', {
    attributes: {
      'gen_ai.provider.name': name,
      'gen_ai.request.model': model,
      'gen_ai.operation.name': 'chat',
    },
  });
  failing.recordException(new TypeError('no road'));
  failing.setStatus({ code: SpanStatusCode.ERROR });
  failing.end();
  tracer.startSpan('GET /', { attributes: { 'http.request.method': 'GET' } }).end();
  agent.end();
  await provider.forceFlush();
  await provider.shutdown();
}

describe('the exporter of OpenTelemetry', () => {
  const CALL = {
    provider: 'openai',
    model: 'gpt-4o-mini',
    user_id: 'ann',
    conversation_id: 'talk-7',
    input: 194,
    cached: 100,
    output: 20,
    cost: '0.001230000000000000',
    status: 'success',
    error_type: null,
  };
  test.each([
    ['JSON', JsonExporter, 'none', 0],
    ['JSON, compressed', JsonExporter, 'gzip', 0],
    ['JSON, books away at first', JsonExporter, 'none', 1],
    ['protobuf', ProtobufExporter, 'none', 0],
    ['protobuf, compressed', ProtobufExporter, 'gzip', 0],
    ['protobuf, books away at first', ProtobufExporter, 'gzip', 1],
  ])('stores each call once: %s', async (_name, Exporter, compression, away) => {
    await clear();
    refusals = away;
    const headers = { authorization: `Bearer ${api.token}` };
    await sendSpans(
      new Exporter({ url: `${late.url}/v1/traces`, headers, compression: compression as never }),
    );
    expect(refusals).toBe(0);
    const rows = await rowsOf('otlp');
    expect(rows).toHaveLength(2);
    expect(rows).toContainEqual(CALL);
    expect(rows).toContainEqual(
      expect.objectContaining({ status: 'error', error_type: 'TypeError', input: null }),
    );
  });
});

test.each([0, 1])(
  "Langfuse's SDK around the real OpenAI client is stored once, %i refusals first",
  async (away) => {
    await clear();
    refusals = away;
    const processor = new LangfuseSpanProcessor({
      publicKey: 'pk-acme',
      secretKey: api.token,
      baseUrl: late.url,
    });
    const provider = new BasicTracerProvider({ spanProcessors: [processor] });
    trace.setGlobalTracerProvider(provider);
    const { port } = openai.address() as AddressInfo;
    const client = new OpenAI({ apiKey: 'x', baseURL: `http://127.0.0.1:${port}/v1` });
    const observed = observeOpenAI(client, {
      generationName: 'sms-answer',
      userId: 'ann',
      sessionId: 'talk-7',
      tags: ['sms'],
    });
    const messages = [{ role: 'user' as const, content: 'Hello' }];
    await observed.chat.completions.create({ model: 'gpt-4o-mini', messages });
    await provider.forceFlush();
    await provider.shutdown();
    trace.disable();
    expect(refusals).toBe(0);
    expect(await rowsOf('langfuse')).toMatchObject([
      { provider: 'openai', user_id: 'ann', input: 194, cached: 100, output: 20, cost: null },
    ]);
  },
);

test("Helicone's logger is stored once, with the raw answer's cost", async () => {
  await clear();
  const logger = new HeliconeManualLogger({
    apiKey: api.token,
    loggingEndpoint: `${api.url}/custom/v1/log` as never,
  });
  const answer = { id: 'chatcmpl-1', model: 'gpt-4o-mini', usage: USAGE };
  await logger.logRequest(
    { model: 'gpt-4o-mini', messages: [] } as never,
    async (recorder) => recorder.appendResults(answer as never),
    { 'Helicone-User-Id': 'ann', 'Helicone-Session-Id': 'talk-7' },
  );
  expect(await rowsOf('helicone')).toMatchObject([
    { user_id: 'ann', conversation_id: 'talk-7', input: 194, cost: '0.001230000000000000' },
  ]);
});
