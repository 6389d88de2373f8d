// A stand-in for OpenAI on loopback: chat completions and transcriptions in the shape of the real
// ones, requests kept, faults on demand.
import { createFaults, createRandom, type Faults } from './faults.ts';
import { type Answer, type Received, startLoopbackServer } from './http-server.ts';

export type ModelFault =
  | 'hang'
  | 'hang-body'
  | 'slow'
  | '429'
  | '500'
  | '503'
  | '401'
  | 'reset'
  | 'bad-json'
  | 'html'
  | 'empty'
  | 'filtered'
  | 'refusal';

/** One message of a chat as it was sent; parts where a picture came with it. */
export interface ChatMessage {
  role: string;
  content: string | { type: string; text?: string; image_url?: { url: string } }[];
}

export interface ChatRequest {
  model: string;
  messages: ChatMessage[];
  max_completion_tokens?: number;
  /** The words of the last turn. */
  question: string;
}

export interface TranscriptionRequest {
  model: string;
  format: string;
  fileName: string;
  contentType: string;
  bytes: Buffer;
}

export interface OpenAiOptions {
  apiKey?: string;
  /** What the model says; as it is, however long or hostile. */
  answer?: (request: ChatRequest) => string;
  transcribe?: (request: TranscriptionRequest) => { text: string; seconds: number };
  chances?: Partial<Record<ModelFault, number>>;
  seed?: number;
  /** How long "slow" takes. */
  slowMs?: number;
  retryAfterSeconds?: number;
}

export interface OpenAiStandIn {
  /** For OPENAI_BASE_URL. */
  url: string;
  apiKey: string;
  chats: ChatRequest[];
  transcriptions: TranscriptionRequest[];
  /** Every request, also those that met a fault. */
  requests: number;
  faults: Faults<ModelFault>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  close(): Promise<void>;
}

type Settings = Required<OpenAiOptions>;

const ERRORS: Partial<Record<ModelFault, [status: number, type: string, code: string | null]>> = {
  401: [401, 'invalid_request_error', 'invalid_api_key'],
  429: [429, 'requests', 'rate_limit_exceeded'],
  500: [500, 'server_error', null],
  503: [503, 'server_error', null],
};

/** Starts the stand-in on a free port. */
export async function startOpenAiStandIn(options: OpenAiOptions = {}): Promise<OpenAiStandIn> {
  const settings: Settings = {
    ...{ apiKey: 'sk-stand-in', seed: 1, slowMs: 200, retryAfterSeconds: 1, chances: {} },
    ...{ answer: answerShortly, transcribe: hearSomething },
    ...options,
  };
  const server = await startLoopbackServer((request, answer) =>
    respond(standIn, settings, request, answer),
  );
  const { pause, resume, close } = server;
  const standIn: OpenAiStandIn = {
    url: `${server.url}/v1`,
    apiKey: settings.apiKey,
    chats: [],
    transcriptions: [],
    requests: 0,
    faults: createFaults(createRandom(settings.seed), settings.chances),
    ...{ pause, resume, close },
  };
  return standIn;
}

async function respond(
  standIn: OpenAiStandIn,
  settings: Settings,
  request: Received,
  answer: Answer,
): Promise<void> {
  standIn.requests += 1;
  const id = `${standIn.requests}`.padStart(8, '0');
  const headers = { 'x-request-id': `req_${id}`, 'openai-processing-ms': '12' };
  if (request.headers.authorization !== `Bearer ${settings.apiKey}`) {
    return answer.json(401, errorBody('invalid_request_error', 'invalid_api_key'), headers);
  }
  const isChat = request.path === '/v1/chat/completions';
  if (request.method !== 'POST' || (!isChat && request.path !== '/v1/audio/transcriptions')) {
    return answer.json(404, errorBody('invalid_request_error', null), headers);
  }
  const fault = standIn.faults.next();
  if (fault !== null && failAtOnce(fault, settings, answer, headers)) return;
  if (fault === 'slow') await new Promise((resolve) => setTimeout(resolve, settings.slowMs));
  const body = isChat
    ? answerChat(standIn, settings, request, { fault, id })
    : await answerTranscription(standIn, settings, request);
  answer.json(200, body, headers);
}

/** True where the fault is all there is; the others change an answer. */
function failAtOnce(
  fault: ModelFault,
  { retryAfterSeconds }: Settings,
  answer: Answer,
  headers: Record<string, string>,
): boolean {
  const [status, type, code] = ERRORS[fault] ?? [];
  if (status !== undefined) {
    const wait = status === 429 ? { 'retry-after': String(retryAfterSeconds) } : {};
    answer.json(status, errorBody(type ?? '', code ?? null), { ...headers, ...wait });
  } else if (fault === 'reset') answer.reset();
  else if (fault === 'hang-body') answer.stall('application/json', '{"id":"chatcmpl');
  else if (fault === 'bad-json') {
    answer.bytes(200, '{"id":"chatcmpl-', { ...headers, 'content-type': 'application/json' });
  } else if (fault === 'html') {
    answer.bytes(200, '<html>Bad gateway</html>', { ...headers, 'content-type': 'text/html' });
  } else return fault === 'hang';
  return true;
}

function answerChat(
  standIn: OpenAiStandIn,
  settings: Settings,
  { body }: Received,
  { fault, id }: { fault: ModelFault | null; id: string },
) {
  const asked = JSON.parse(body.toString('utf8')) as Omit<ChatRequest, 'question'>;
  const chat = { ...asked, question: textOf(asked.messages.at(-1)) };
  standIn.chats.push(chat);
  const isSilent = fault === 'empty' || fault === 'refusal' || fault === 'filtered';
  const content = isSilent ? '' : settings.answer(chat);
  const promptTokens = countTokens(asked.messages.map(textOf).join(''));
  const completionTokens = countTokens(content);
  return {
    id: `chatcmpl-${id}`,
    object: 'chat.completion',
    created: 1_750_000_000,
    model: `${asked.model}-2025-04-14`,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: fault === 'refusal' ? null : content,
          refusal: fault === 'refusal' ? 'I cannot help with that.' : null,
          annotations: [],
        },
        logprobs: null,
        finish_reason: fault === 'filtered' ? 'content_filter' : 'stop',
      },
    ],
    usage: {
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      total_tokens: promptTokens + completionTokens,
      prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
    },
    service_tier: 'default',
  };
}

async function answerTranscription(standIn: OpenAiStandIn, settings: Settings, sent: Received) {
  const headers = { 'content-type': sent.headers['content-type'] ?? '' };
  const form = await new Response(new Uint8Array(sent.body), { headers }).formData();
  const file = form.get('file') as File;
  const request = {
    model: String(form.get('model')),
    format: String(form.get('response_format') ?? 'json'),
    fileName: file.name,
    contentType: file.type,
    bytes: Buffer.from(await file.arrayBuffer()),
  };
  standIn.transcriptions.push(request);
  const { text, seconds } = settings.transcribe(request);
  const usage = { type: 'duration', seconds: Math.ceil(seconds) };
  if (request.format !== 'verbose_json') return { text, usage };
  return { task: 'transcribe', language: 'english', duration: seconds, text, segments: [], usage };
}

function errorBody(type: string, code: string | null) {
  // The real one repeats the key, or parts of the request.
  return { error: { message: 'sk-stand-in may not ask this', type, param: null, code } };
}

function textOf(message: ChatMessage | undefined): string {
  const content = message?.content ?? '';
  if (typeof content === 'string') return content;
  return content.map(({ text }) => text ?? '').join('');
}

function countTokens(text: string): number {
  return Math.ceil(text.length / 4);
}

function answerShortly({ question }: ChatRequest): string {
  const words = question.split(/\s+/).filter(Boolean).slice(0, 6).join(' ');
  return `Regarding "${words}": start with the simplest step, check it, then go on. Ask me more.`;
}

function hearSomething(): { text: string; seconds: number } {
  return { text: 'How do I reset my password?', seconds: 3.2 };
}
