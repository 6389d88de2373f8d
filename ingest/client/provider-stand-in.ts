// A provider on loopback with the API of OpenAI, for the tests of `track`: answers by path, and by
// the model for what may go wrong. Never imported outside tests.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen, readBody } from './test-support.ts';

export interface ProviderStandIn {
  url: string;
  /** The requests that arrived: path and JSON body, or the fields of a form. */
  requests: { path: string; body: Record<string, unknown> }[];
  close(): Promise<void>;
}

export const CHAT_USAGE = {
  prompt_tokens: 194,
  completion_tokens: 20,
  total_tokens: 214,
  prompt_tokens_details: { cached_tokens: 100, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 8 },
};
const RESPONSES_USAGE = {
  input_tokens: 36,
  input_tokens_details: { cached_tokens: 4 },
  output_tokens: 87,
  output_tokens_details: { reasoning_tokens: 64 },
  total_tokens: 123,
};
const MODEL = { id: 'chatcmpl-1', created: 1, model: 'gpt-4o-2024-08-06' };
const CHAT = { ...MODEL, object: 'chat.completion', service_tier: 'default' };
const CHUNK = { ...MODEL, object: 'chat.completion.chunk', service_tier: 'default' };
const RESPONSE = {
  id: 'resp_1',
  object: 'response',
  created_at: 1,
  model: 'gpt-5-2025-08-07',
  service_tier: 'flex',
  output: [
    {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: 'Hello', annotations: [] }],
    },
  ],
};
const REFUSALS: Record<string, [status: number, error: Record<string, unknown>]> = {
  'error-429': [429, { message: 'Too many', type: 'requests', code: 'rate_limit_exceeded' }],
  'error-500': [500, { message: 'Oh', type: 'server_error', code: null }],
  'error-400': [400, { message: 'No such', type: 'invalid_request_error', code: null }],
};

export async function startProvider(): Promise<ProviderStandIn> {
  const requests: ProviderStandIn['requests'] = [];
  const failing = new Map<string, number>();
  const server = createServer(async (request, response) => {
    // Azure names the model in the path.
    const path = (request.url ?? '').replace(/\/deployments\/[^/]+|\?.*/g, '');
    const body = parseBody(request, await readBody(request));
    requests.push({ path, body });
    const model = String(body.model);
    response.setHeader('x-request-id', 'req_1');
    // The second attempt of a call succeeds.
    const attempts = (failing.get(model) ?? 0) + 1;
    failing.set(model, attempts);
    const isRefused = model in REFUSALS || (model === 'recovers' && attempts % 2 === 1);
    if (isRefused) return refuse(response, model);
    if (model === 'old-server' && body.stream_options !== undefined) {
      const message = 'Unrecognized request argument supplied: stream_options';
      return sendJson(response, 400, { error: { message, type: 'invalid_request_error' } });
    }
    if (model === 'hangs') return;
    answer(path, body, response);
  });
  const port = await listen(server);
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${port}/v1`, requests, close };
}

function parseBody(request: IncomingMessage, body: string): Record<string, unknown> {
  if (request.headers['content-type']?.includes('json')) return JSON.parse(body);
  const fields = body.matchAll(/name="(\w+)"\r\n\r\n([^\r]*)\r\n/g);
  return Object.fromEntries([...fields].map(([, name, value]) => [name, value]));
}

function refuse(response: ServerResponse, model: string): void {
  const [status, error] = REFUSALS[model] ?? [503, { message: 'busy' }];
  response.setHeader('retry-after-ms', '1');
  sendJson(response, status, { error });
}

function answer(path: string, body: Record<string, unknown>, response: ServerResponse): void {
  if (path === '/v1/chat/completions' && body.stream === true) streamChat(body, response);
  else if (path === '/v1/responses' && body.stream === true) streamResponse(response);
  else if (path === '/v1/audio/transcriptions') transcribe(body, response);
  else if (path === '/v1/audio/speech') {
    response.writeHead(200, { 'content-type': 'audio/mpeg' }).end('sound');
  } else answerJson(path, body, response);
}

function answerJson(path: string, body: Record<string, unknown>, response: ServerResponse): void {
  const answers: Record<string, object> = {
    '/v1/chat/completions': { ...CHAT, choices: [choiceFor(body)], usage: CHAT_USAGE },
    '/v1/responses': { ...RESPONSE, status: 'completed', usage: RESPONSES_USAGE },
    '/v1/embeddings': {
      object: 'list',
      model: 'text-embedding-3-small',
      // Two floats, as the client asks for them.
      data: [{ object: 'embedding', index: 0, embedding: 'AACAPwAAAEA=' }],
      usage: { prompt_tokens: 8, total_tokens: 8 },
    },
    '/v1/images/generations': { created: 1, data: [{ url: 'a' }, { url: 'b' }] },
    '/v1/models': { object: 'list', data: [] },
  };
  const known = answers[path];
  sendJson(response, known === undefined ? 404 : 200, known ?? { error: { message: 'nothing' } });
}

/** A tool is called once; its result, or a plain question, is answered. */
function choiceFor(body: Record<string, unknown>): object {
  const messages = body.messages as { role: string }[];
  const callsTool = Array.isArray(body.tools) && !messages.some(({ role }) => role === 'tool');
  const call = { name: 'weather', arguments: '{"city":"Wien"}' };
  const message = callsTool
    ? { content: null, tool_calls: [{ id: 'call_1', type: 'function', function: call }] }
    : { content: body.response_format === undefined ? 'Hello' : '{"a":1}' };
  const finish = callsTool ? 'tool_calls' : 'stop';
  return { index: 0, message: { role: 'assistant', ...message }, finish_reason: finish };
}

function streamChat(body: Record<string, unknown>, response: ServerResponse): void {
  const options = body.stream_options as { include_usage?: boolean } | undefined;
  const withUsage = options?.include_usage === true;
  const chunk = (delta: object, finish: string | null = null) => ({
    ...CHUNK,
    choices: [{ index: 0, delta, finish_reason: finish }],
    ...(withUsage ? { usage: null } : {}),
  });
  const texts = ['Hel', 'lo, ', '"usage":null ', 'wörld'].map((content) => chunk({ content }));
  const chunks = [chunk({ role: 'assistant', content: '' }), ...texts, chunk({}, 'stop')];
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  if (body.model === 'stalls' || body.model === 'cut') {
    response.write(chunks.slice(0, 2).map(toEvent).join(''));
    if (body.model === 'cut') response.end();
    return;
  }
  if (body.model === 'breaks') {
    response.write(toEvent(chunks[0]));
    response.end(toEvent({ error: { message: 'Oh', type: 'server_error', code: 'broken' } }));
    return;
  }
  const last = withUsage ? [{ ...CHUNK, choices: [], usage: CHAT_USAGE }] : [];
  writeInPieces(response, `${[...chunks, ...last].map(toEvent).join('')}data: [DONE]\n\n`);
}

function streamResponse(response: ServerResponse): void {
  const { output: _output, ...begun } = RESPONSE;
  const events: { type: string; [field: string]: unknown }[] = [
    { type: 'response.created', response: { ...begun, output: [], status: 'in_progress' } },
    { type: 'response.output_text.delta', item_id: 'msg_1', output_index: 0, delta: 'Hello' },
    {
      type: 'response.completed',
      response: { ...RESPONSE, status: 'completed', usage: RESPONSES_USAGE },
    },
  ];
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  writeInPieces(
    response,
    events.map((event) => `event: ${event.type}\n${toEvent(event)}`).join(''),
  );
}

function transcribe(form: Record<string, unknown>, out: ServerResponse): void {
  const format = form.response_format;
  if (format === 'text') {
    out.writeHead(200, { 'content-type': 'text/plain' }).end('Hello\n');
  } else if (format === 'verbose_json') {
    sendJson(out, 200, { task: 'transcribe', duration: 8.47, text: 'Hello' });
  } else sendJson(out, 200, { text: 'Hello', usage: { type: 'duration', seconds: 9 } });
}

/** Events and letters that are cut in two arrive so in the field too. */
function writeInPieces(response: ServerResponse, text: string): void {
  const bytes = Buffer.from(text);
  let at = 0;
  const write = () => {
    if (at >= bytes.length) return void response.end();
    response.write(bytes.subarray(at, at + 101));
    at += 101;
    setImmediate(write);
  };
  write();
}

function toEvent(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
