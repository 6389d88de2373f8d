// Rules of asking the model, with the real package against the stand-in: what is sent, what an answer
// leaves for the books, and what each failure is called; no error holds the key or the words.

import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  type ModelFault,
  type OpenAiStandIn,
  startOpenAiStandIn,
} from '../../test/stand-ins/openai.ts';
import { createModel, ModelError, type ModelOptions, type ModelRequest } from './model.ts';

const QUESTION = 'My PIN is 4711, is that safe?';
const PNG = { contentType: 'image/png', bytes: Buffer.from('89504e47', 'hex') };
const VOICE = { contentType: 'audio/ogg', bytes: Buffer.from('OggS....'), fileName: 'voice.ogg' };

let standIn: OpenAiStandIn;
beforeAll(async () => {
  standIn = await startOpenAiStandIn({ slowMs: 30, retryAfterSeconds: 2 });
});
afterAll(() => standIn.close());
afterEach(() => vi.unstubAllEnvs());

function connect(options: Partial<ModelOptions> = {}) {
  return createModel({
    ...{ apiKey: standIn.apiKey, baseUrl: standIn.url, model: 'gpt-4.1-mini' },
    ...{ transcriptionModel: 'whisper-1', timeoutMs: 2_000, retries: 0 },
    ...options,
  });
}

const request = (options: Partial<ModelRequest> = {}): ModelRequest => ({
  system: 'Answer in one sentence.',
  turns: [
    { role: 'user', text: 'Hello' },
    { role: 'assistant', text: 'Hi!' },
    { role: 'user', text: QUESTION },
  ],
  images: [],
  outputTokensMax: 300,
  ...options,
});

async function failureOf(call: Promise<unknown>): Promise<ModelError> {
  const error = await call.then(() => null).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ModelError);
  const told = `${error} ${(error as Error).stack} ${JSON.stringify(error)}`;
  for (const secret of [standIn.apiKey, 'sk-stand-in', '4711', 'Bad gateway']) {
    expect(told).not.toContain(secret);
  }
  return error as ModelError;
}

describe('an answer', () => {
  test('comes with what the books need: body, served model, request, time', async () => {
    const answer = await connect().answer(request());
    expect(answer.text).toContain('My PIN is 4711');
    expect(answer).toMatchObject({
      model: 'gpt-4.1-mini-2025-04-14',
      requestId: expect.stringMatching(/^req_/),
      response: { usage: { total_tokens: expect.any(Number) } },
    });
    expect(answer.latencyMs).toBeGreaterThan(0);
    expect(standIn.chats.at(-1)).toMatchObject({
      model: 'gpt-4.1-mini',
      max_completion_tokens: 300,
      messages: [
        { role: 'system', content: 'Answer in one sentence.' },
        { role: 'user', content: 'Hello' },
        { role: 'assistant', content: 'Hi!' },
        { role: 'user', content: QUESTION },
      ],
    });
  });

  test('sees pictures with the last words of the person', async () => {
    const turns: ModelRequest['turns'] = [...request().turns, { role: 'assistant', text: 'Well' }];
    await connect().answer(request({ turns, images: [PNG] }));
    expect(standIn.chats.at(-1)?.messages[3]?.content).toEqual([
      { type: 'text', text: QUESTION },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw==' } },
    ]);
  });

  test('is not asked for with a picture of another type', async () => {
    const before = standIn.requests;
    const images = [{ contentType: 'image/svg+xml', bytes: Buffer.from('<svg/>') }];
    expect(await failureOf(connect().answer(request({ images })))).toMatchObject({
      code: 'image_type',
      isTransient: false,
    });
    expect(standIn.requests).toBe(before);
  });

  test('is taken as it is, however long', async () => {
    const hostile = await startOpenAiStandIn({ answer: () => 'Visit http://evil. '.repeat(6_000) });
    const { text } = await connect({ baseUrl: hostile.url }).answer(request());
    expect(text.length).toBeGreaterThan(100_000);
    await hostile.close();
  });

  test('is not printed though a variable asks the package to', async () => {
    vi.stubEnv('OPENAI_LOG', 'debug');
    const prints = (['log', 'debug', 'info'] as const).map((name) => vi.spyOn(console, name));
    await connect().answer(request());
    for (const print of prints) expect(print).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });
});

describe('a recording', () => {
  test('is written down, with its length', async () => {
    const spoken = await connect().transcribe(VOICE);
    expect(spoken).toMatchObject({
      text: 'How do I reset my password?',
      seconds: 3.2,
      model: 'whisper-1',
      requestId: expect.stringMatching(/^req_/),
    });
    expect(standIn.transcriptions.at(-1)).toMatchObject({ ...VOICE, format: 'verbose_json' });
  });

  test('has the length of the bill where the model tells no other', async () => {
    const model = connect({ transcriptionModel: 'gpt-4o-mini-transcribe' });
    expect(await model.transcribe(VOICE)).toMatchObject({ seconds: 4 });
    expect(standIn.transcriptions.at(-1)).toMatchObject({ format: 'json' });
  });
});

describe('a fault', () => {
  const FAULTS: [ModelFault, Partial<ModelError>][] = [
    ['hang', { type: 'openai_timeout', isTransient: true, status: null }],
    ['hang-body', { type: 'openai_timeout', isTransient: true, status: null }],
    ['reset', { type: 'openai_error', isTransient: true, code: 'connection' }],
    ['429', { type: 'openai_error', isTransient: true, status: 429, code: 'rate_limit_exceeded' }],
    ['500', { type: 'openai_error', isTransient: true, status: 500 }],
    ['503', { type: 'openai_error', isTransient: true, status: 503, code: 'http_503' }],
    ['401', { type: 'openai_error', isTransient: false, code: 'invalid_api_key' }],
    ['bad-json', { type: 'openai_error', isTransient: true, code: 'unreadable_answer' }],
    ['html', { type: 'openai_error', isTransient: true, code: 'unreadable_answer' }],
    ['empty', { type: 'openai_error', isTransient: false, code: 'empty_answer' }],
    ['filtered', { type: 'openai_error', isTransient: false, code: 'content_filter' }],
    ['refusal', { type: 'openai_error', isTransient: false, code: 'refusal' }],
  ];

  test.each(FAULTS)('%s has its name', async (fault, told) => {
    standIn.faults.force(fault);
    const error = await failureOf(connect({ timeoutMs: 800 }).answer(request()));
    expect(error).toMatchObject(told);
    expect(error.retryAfterMs).toBe(fault === '429' ? 2_000 : null);
  });

  test.each(['hang', '429', 'bad-json'] as const)(
    '%s has it for a recording too',
    async (fault) => {
      standIn.faults.force(fault);
      const error = await failureOf(connect({ timeoutMs: 800 }).transcribe(VOICE));
      expect(error).toMatchObject(FAULTS.find(([name]) => name === fault)?.[1] ?? {});
    },
  );

  test('an answer without use still leaves its usage for the books', async () => {
    standIn.faults.force('refusal');
    const error = await failureOf(connect().answer(request()));
    expect(error.call).toMatchObject({
      response: { usage: { prompt_tokens: expect.any(Number) } },
    });
  });

  test('is met by as many further tries as allowed', async () => {
    const before = standIn.requests;
    standIn.faults.force('500');
    await connect({ retries: 1 }).answer(request());
    expect(standIn.requests - before).toBe(2);
    standIn.faults.force('500', '500');
    await failureOf(connect({ retries: 1 }).answer(request()));
    expect(standIn.requests - before).toBe(4);
  });

  test('nobody there is an error that passes', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const away = connect({ baseUrl: `http://127.0.0.1:${port}/v1` });
    expect(await failureOf(away.answer(request()))).toMatchObject({
      type: 'openai_error',
      isTransient: true,
      code: 'connection',
    });
  });

  test.each([
    ['a redirect', 307],
    ['an endless answer', 200],
  ])('%s is not followed to its end', async (_name, status) => {
    let requests = 0;
    let sent = 0;
    const server = createHttpServer((request, response) => {
      requests += 1;
      response.writeHead(status, { 'content-type': 'application/json', location: '/v1/elsewhere' });
      const send = () => {
        sent += 1;
        if (!request.socket.destroyed && sent < 1_000) response.write(Buffer.alloc(65_536), send);
        else response.end();
      };
      if (status === 200) send();
      else response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const other = connect({ baseUrl: `http://127.0.0.1:${port}/v1` });
    expect(await failureOf(other.answer(request()))).toMatchObject({ code: 'connection' });
    expect(requests).toBe(1);
    expect(sent).toBeLessThan(1_000);
    server.closeAllConnections();
    server.close();
  });

  test('a caller who needs no answer any more gets none', async () => {
    standIn.faults.force('hang');
    const controller = new AbortController();
    const call = connect().answer(request({ signal: controller.signal }));
    await vi.waitUntil(() => standIn.faults.met.get('hang') === 3);
    controller.abort();
    expect(await failureOf(call)).toMatchObject({ type: 'openai_timeout', code: 'aborted' });
  });
});
