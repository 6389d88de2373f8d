// The ways to use an OpenAI client that the tests of `track` go through, with what each is recorded
// as. Never imported outside tests.
import type OpenAI from 'openai';
import { toFile } from 'openai';
import { CHAT_USAGE } from './provider-stand-in.ts';

export type Use = (client: OpenAI) => unknown;

const REFUSED = { status: 'error', cost_status: 'free' };
const messages = [{ role: 'user' as const, content: 'Hi' }];
export const chat = { model: 'gpt-4o', messages };

export async function readAll(
  stream: AsyncIterable<unknown> | PromiseLike<AsyncIterable<unknown>>,
) {
  const items: unknown[] = [];
  for await (const item of await stream) items.push(item);
  return items;
}

export const streamChat = (client: OpenAI, fields: object = {}) =>
  client.chat.completions.create({ ...chat, ...fields, stream: true });
const audio = () => toFile(Buffer.from('sound'), 'voice.ogg');
const tools = [
  {
    type: 'function' as const,
    function: {
      name: 'weather',
      description: 'The weather of a city',
      parameters: { type: 'object', properties: {} },
      function: () => 'sunny',
      parse: (text: string) => JSON.parse(text) as object,
    },
  },
];

/** How clients are used, and what the row of it holds; the last is the number of rows. */
export const USES: [name: string, use: Use, row: Record<string, unknown>, calls?: number][] = [
  [
    'a chat',
    (client) => client.chat.completions.create(chat),
    {
      provider: 'openai',
      model: 'gpt-4o',
      served_model: 'gpt-4o-2024-08-06',
      service_tier: 'default',
      request_id: 'chatcmpl-1',
      operation: 'chat',
      status: 'success',
      streamed: false,
      raw_usage: CHAT_USAGE,
      input_tokens: 194,
      output_tokens: 20,
      ttft_ms: null,
    },
  ],
  [
    'a streamed chat',
    (client) => readAll(streamChat(client)),
    { operation: 'chat', streamed: true, status: 'success', input_tokens: 194, output_tokens: 20 },
  ],
  [
    'a streamed chat whose caller asks for its usage',
    (client) => readAll(streamChat(client, { stream_options: { include_usage: true } })),
    { streamed: true, input_tokens: 194 },
  ],
  [
    'a stream read as bytes',
    async (client) => (await streamChat(client).asResponse()).text(),
    { streamed: true, input_tokens: 194 },
  ],
  [
    'a stream parted in two',
    async (client) => Promise.all((await streamChat(client)).tee().map((half) => readAll(half))),
    { streamed: true, input_tokens: 194 },
  ],
  [
    'a stream handed on',
    async (client) => new Response((await streamChat(client)).toReadableStream()).text(),
    { streamed: true, input_tokens: 194 },
  ],
  [
    'the stream helper',
    (client) => client.chat.completions.stream(chat).finalChatCompletion(),
    { streamed: true, input_tokens: 194 },
  ],
  [
    'the parse helper',
    (client) =>
      client.chat.completions.parse({ ...chat, response_format: { type: 'json_object' } as never }),
    { streamed: false, input_tokens: 194 },
  ],
  [
    'the tool helper',
    (client) => client.chat.completions.runTools({ ...chat, tools }).finalContent(),
    { operation: 'chat', input_tokens: 194 },
    2,
  ],
  [
    'an answer with its response',
    async (client) => {
      const { data, response, request_id } = await client.chat.completions
        .create(chat)
        .withResponse();
      return { data, request_id, status: response.status, url: response.url };
    },
    { input_tokens: 194 },
  ],
  [
    'a raw answer',
    async (client) => (await client.chat.completions.create(chat).asResponse()).text(),
    { input_tokens: 194 },
  ],
  [
    'a response',
    (client) => client.responses.create({ model: 'gpt-5', input: 'Hi' }),
    { model: 'gpt-5', request_id: 'resp_1', service_tier: 'flex', input_tokens: 36 },
  ],
  [
    'a streamed response',
    (client) => readAll(client.responses.create({ model: 'gpt-5', input: 'Hi', stream: true })),
    { streamed: true, request_id: 'resp_1', service_tier: 'flex', output_tokens: 87 },
  ],
  [
    'an embedding',
    (client) => client.embeddings.create({ model: 'text-embedding-3-small', input: 'Hi' }),
    { operation: 'embedding', input_tokens: 8, request_id: 'req_1' },
  ],
  [
    'a transcription',
    async (client) =>
      client.audio.transcriptions.create({ model: 'whisper-1', file: await audio() }),
    { operation: 'transcription', model: 'whisper-1', audio_seconds: 9 },
  ],
  [
    'a transcription in detail',
    async (client) =>
      client.audio.transcriptions.create({
        model: 'whisper-1',
        file: await audio(),
        response_format: 'verbose_json',
      }),
    { operation: 'transcription', audio_seconds: 8.47 },
  ],
  [
    'a transcription as text',
    async (client) =>
      client.audio.transcriptions.create({
        model: 'whisper-1',
        file: await audio(),
        response_format: 'text',
      }),
    { operation: 'transcription', audio_seconds: null, raw_usage: {} },
  ],
  [
    'speech',
    async (client) => {
      const spoken = { model: 'tts-1', voice: 'alloy', input: 'Hi' };
      return (await client.audio.speech.create(spoken)).text();
    },
    { operation: 'speech', status: 'success', raw_usage: {} },
  ],
  [
    'images',
    (client) => client.images.generate({ model: 'dall-e-3', prompt: 'A cat' }),
    { operation: 'image', images: 2 },
  ],
  [
    'a call that succeeds on its second attempt',
    (client) => client.chat.completions.create({ ...chat, model: 'recovers' }),
    { status: 'success', input_tokens: 194 },
  ],
  [
    'a refused call',
    (client) => client.chat.completions.create({ ...chat, model: 'error-429' }),
    { ...REFUSED, error_type: 'rate_limit_exceeded', request_id: 'req_1', input_tokens: null },
  ],
  [
    'a failed call',
    (client) => client.chat.completions.create({ ...chat, model: 'error-500' }),
    { status: 'error', error_type: 'server_error' },
  ],
  [
    'a stream that is refused',
    (client) => readAll(streamChat(client, { model: 'error-400' })),
    { status: 'error', error_type: 'invalid_request_error', streamed: true },
  ],
  [
    'a stream that fails on its way',
    (client) => readAll(streamChat(client, { model: 'breaks' })),
    { status: 'error', error_type: 'broken', streamed: true },
  ],
  [
    'a call that takes too long',
    (client) =>
      client.chat.completions.create({ ...chat, model: 'hangs' }, { timeout: 30, maxRetries: 0 }),
    { status: 'error', error_type: 'timeout', cost: null, cost_status: 'unpriced' },
  ],
  [
    'a call that the caller aborts',
    (client) => {
      const signal = AbortSignal.timeout(30);
      return client.chat.completions.create({ ...chat, model: 'hangs' }, { signal });
    },
    { status: 'cancelled', error_type: null },
  ],
  [
    'a stream that ends before its last event',
    (client) => readAll(streamChat(client, { model: 'cut' })),
    { status: 'cancelled', streamed: true },
  ],
  [
    'a stream that the caller leaves',
    async (client) => {
      for await (const chunk of await streamChat(client, { model: 'stalls' })) return chunk;
    },
    { status: 'cancelled', streamed: true, input_tokens: null, request_id: 'chatcmpl-1' },
  ],
  [
    'a stream that the caller aborts',
    async (client) => {
      const stream = await streamChat(client, { model: 'stalls' });
      setTimeout(() => stream.controller.abort(), 30);
      return readAll(stream);
    },
    { status: 'cancelled', streamed: true },
  ],
];
