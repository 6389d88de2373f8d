// Rules of what the clients of the wire formats read back over HTTP: each in its own shape, partial
// success item by item, and no status that makes a client drop what it could send again.
import { gzipSync } from 'node:zlib';
import protobuf from 'protobufjs/light.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { query } from '../core/postgres.ts';
import { createAuthenticator } from './api/tokens.ts';
import { startIngest } from './server.ts';
import { serveTestBooks, type TestApi } from './test-support.ts';
import { CHAT, requestOf, spanOf } from './usage/wire-test-support.ts';

const PROTOBUF = 'application/x-protobuf';
const GOOD = requestOf(spanOf(CHAT, { spanId: '1'.repeat(16) }));

let api: TestApi;

beforeAll(async () => {
  api = await serveTestBooks();
});

afterAll(() => api.close());

const post = (path: string, body: RequestInit['body'], headers: Record<string, string> = {}) => {
  const own = { authorization: `Bearer ${api.token}`, 'content-type': 'application/json' };
  return api.send(path, { method: 'POST', body: body ?? null, headers: { ...own, ...headers } });
};
const countOf = async (source: string) =>
  (await query(api.books.owner, 'select 1 from usage_events where source = $1', [source])).length;

describe('OTLP', () => {
  const LATE = { 'x-test-connection': 'true' };
  test.each<[string, RequestInit['body'], Record<string, string>]>([
    ['no body', null, {}],
    ['an empty body', '', LATE],
    ['an empty object', '{}', LATE],
    ['no spans', '{"resourceSpans":[]}', LATE],
    ['no body in protobuf', null, { 'content-type': PROTOBUF }],
    ['spans of something else', requestOf(spanOf({ 'http.request.method': 'GET' })), {}],
  ])('answers 200 to %s', async (_name, body, headers) => {
    const answer = await post('/v1/traces', body, headers);
    const isProtobuf = headers['content-type'] === PROTOBUF;
    expect([answer.status, answer.text]).toEqual([200, isProtobuf ? '' : '{}']);
    expect(answer.headers.get('content-type')).toContain(isProtobuf ? PROTOBUF : 'json');
  });

  test('says how many spans were refused and why, and books the others', async () => {
    const bad = spanOf({ ...CHAT, 'gen_ai.usage.input_tokens': -1 }, { spanId: '2'.repeat(16) });
    const body = requestOf(bad, spanOf(CHAT, { spanId: '3'.repeat(16) }), 7);
    const answer = await post('/v1/traces', body);
    expect(answer.body).toEqual({
      partialSuccess: {
        rejectedSpans: '2',
        errorMessage: expect.stringMatching(
          /2222: input_tokens must not be negative; item 2: must be an object/,
        ),
      },
    });
    expect(await countOf('otlp')).toBe(1);
  });

  test('takes the same span again as the same, and another under its ids as refused', async () => {
    expect((await post('/v1/traces', GOOD)).body).toEqual({});
    expect((await post('/v1/traces', gzipSync(GOOD), { 'content-encoding': 'gzip' })).body).toEqual(
      {},
    );
    const other = GOOD.replace('"intValue":20', '"intValue":21');
    expect((await post('/v1/traces', other)).body).toMatchObject({
      partialSuccess: { rejectedSpans: '1', errorMessage: expect.stringMatching(/already/) },
    });
  });

  const rpc = new protobuf.Type('Status')
    .add(new protobuf.Field('code', 1, 'int32'))
    .add(new protobuf.Field('message', 2, 'string'));
  const bomb = gzipSync(Buffer.alloc(100 * 1024 * 1024));
  test.each<[string, RequestInit['body'], Record<string, string>, number, number]>([
    ['no JSON', '{', {}, 400, 3],
    ['no protobuf', '{}', { 'content-type': PROTOBUF }, 400, 3],
    ['a gzip bomb', bomb, { 'content-encoding': 'gzip' }, 413, 8],
    ['over 5 MB', 'x'.repeat(5 * 1024 * 1024 + 1), { 'content-type': PROTOBUF }, 413, 8],
    ['over 5,000 calls', requestOf(...Array(5_001).fill(spanOf(CHAT))), {}, 413, 8],
    ['no token', GOOD, { authorization: '' }, 401, 16],
  ])(
    'refuses %s with a status in the encoding of the request',
    async (_n, body, headers, status, code) => {
      const own = { authorization: `Bearer ${api.token}`, 'content-type': 'application/json' };
      const response = await fetch(`${api.url}/v1/traces`, {
        method: 'POST',
        body: body ?? null,
        headers: { ...own, ...headers },
      });
      expect(response.status).toBe(status);
      const bytes = Buffer.from(await response.arrayBuffer());
      const told =
        headers['content-type'] === PROTOBUF ? rpc.decode(bytes) : JSON.parse(bytes.toString());
      expect(told).toMatchObject({ code, message: expect.stringMatching(/./) });
    },
  );

  test('never answers 500, which makes an exporter drop its spans: it may send again', async () => {
    const failing = await startIngest(
      {
        authenticate: createAuthenticator(api.books.app),
        storeUsage: async () => {
          throw new Error('a fault of ours');
        },
        checkReady: async () => undefined,
        log: api.log,
      },
      { host: '127.0.0.1', port: 0 },
    );
    const headers = { authorization: `Bearer ${api.token}`, 'content-type': 'application/json' };
    const send = (path: string) =>
      fetch(`${failing.url}${path}`, { method: 'POST', body: GOOD, headers });
    const response = await send('/v1/traces');
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '2']);
    // Control: the native endpoint tells its own client what it is.
    expect((await send('/v1/usage')).status).toBe(500);
    await failing.close();
  });
});

describe('Langfuse', () => {
  const PATH = '/api/public/otel/v1/traces';
  const basic = (secret: string) => `Basic ${Buffer.from(`pk-lf-1:${secret}`).toString('base64')}`;
  const body = requestOf(
    spanOf({
      'langfuse.observation.type': 'generation',
      'langfuse.observation.model.name': 'gpt-4o-mini',
      'langfuse.observation.usage_details': '{"input":3,"output":1}',
    }),
  );

  test('takes the token as the password of Basic, as Bearer too, and no other secret', async () => {
    expect((await post(PATH, body, { authorization: basic(api.token) })).status).toBe(200);
    expect((await post(PATH, body)).status).toBe(200);
    expect((await post(PATH, body, { authorization: basic('sk-lf-1') })).status).toBe(401);
    expect((await post(PATH, body, { authorization: 'Basic !' })).status).toBe(401);
    expect(await countOf('langfuse')).toBe(1);
  });

  test('alone takes Basic', async () => {
    expect((await post('/v1/traces', body, { authorization: basic(api.token) })).status).toBe(401);
  });

  test('is told that the server is well', async () => {
    expect((await api.send('/api/public/health')).body).toMatchObject({ status: 'OK' });
  });
});

describe('LiteLLM', () => {
  const PAYLOAD = {
    id: 'chatcmpl-123',
    trace_id: 't',
    startTime: 1795175628.94,
    endTime: 1795175630.1,
    status: 'success',
    model: 'gpt-4o-mini',
    custom_llm_provider: 'openai',
    prompt_tokens: 194,
    completion_tokens: 20,
    total_tokens: 214,
    response_cost: 0.00123,
  };

  test('is answered item by item, and a batch sent again counts once', async () => {
    const batch = JSON.stringify([PAYLOAD, { ...PAYLOAD, id: 'b', startTime: 'never' }]);
    const first = await post('/v1/litellm', batch);
    expect([first.status, first.body]).toMatchObject([200, { accepted: 1, rejected: 1 }]);
    const lines = `${JSON.stringify(PAYLOAD)}\n${JSON.stringify({ ...PAYLOAD, id: 'c' })}`;
    expect((await post('/v1/litellm', lines)).body).toMatchObject({ accepted: 1, duplicate: 1 });
    expect(await countOf('litellm')).toBe(2);
  });

  test("is refused as LiteLLM's own server refuses", async () => {
    const answer = await post('/v1/litellm', '[');
    expect([answer.status, answer.body]).toMatchObject([
      400,
      { error: { message: expect.any(String), type: 'ERR_INPUT', param: null, code: '400' } },
    ]);
  });
});

describe('Helicone', () => {
  const LOG = JSON.stringify({
    providerRequest: { url: 'custom-model-nopath', json: { model: 'gpt-4o-mini' }, meta: {} },
    providerResponse: { status: 200, json: { id: 'c', usage: { prompt_tokens: 3 } } },
    timing: { startTime: { seconds: 1795175669, milliseconds: 74 } },
  });

  test('sent again byte for byte counts once; under two ids of the client it is two', async () => {
    const id = (value: string) => ({ 'helicone-request-id': value });
    for (const headers of [{}, {}, id('a'), id('b'), id('b')]) {
      expect((await post('/custom/v1/log', LOG, headers)).status).toBe(200);
    }
    expect(await countOf('helicone')).toBe(3);
  });

  test('is refused with an error beside no data', async () => {
    const bad = await post('/oai/v1/log', LOG.replace('1795175669', '-1'));
    expect([bad.status, bad.body]).toEqual([400, { data: null, error: expect.any(String) }]);
    expect((await post('/custom/v1/log', '[')).status).toBe(400);
  });
});

describe('CloudEvents', () => {
  const EVENT = {
    specversion: '1.0',
    id: 'e1',
    source: 'bot',
    type: 'ai-tokens',
    subject: 'ann',
    time: '2026-01-01T00:00:00.000Z',
    data: { provider: 'openai', model: 'gpt-4o-mini', type: 'input', tokens: 194 },
  };
  const send = (value: unknown, type = 'application/cloudevents-batch+json') =>
    post('/api/v1/events', JSON.stringify(value), { 'content-type': type });

  test('are answered 204 without a body, alone or in a batch, again and again', async () => {
    for (const answer of [
      await send([EVENT]),
      await send([EVENT, { ...EVENT, id: 'e2' }]),
      await send(EVENT, 'application/cloudevents+json'),
    ]) {
      expect([answer.status, answer.text]).toEqual([204, '']);
    }
    expect(await countOf('cloudevents')).toBe(2);
  });

  test('that are refused are named in a problem, the others are booked', async () => {
    const answer = await send([
      { ...EVENT, id: 'e3' },
      { ...EVENT, id: 'e4', time: 'x' },
    ]);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect([answer.status, answer.body]).toMatchObject([
      400,
      {
        title: '1 of 2 events are not booked',
        accepted: 1,
        detail: expect.stringMatching(/bot e4: occurred_at/),
      },
    ]);
    const other = { ...EVENT, data: { ...EVENT.data, tokens: 195 } };
    expect((await send(other, 'application/cloudevents+json')).status).toBe(409);
    expect((await send('x')).status).toBe(400);
  });
});
