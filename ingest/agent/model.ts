// The only importer of the openai package in the server: one question to the model, one recording to
// its transcription. Prompts, memory and money are decided elsewhere; errors hold neither key nor text.
import type OpenAI from 'openai';

export interface Model {
  /** One chat completion. Throws ModelError. */
  answer(request: ModelRequest): Promise<ModelAnswer>;
  /** The words of a recording, perhaps none. Throws ModelError. */
  transcribe(audio: Audio, signal?: AbortSignal): Promise<Transcription>;
}

export interface ModelRequest {
  system: string;
  turns: { role: 'user' | 'assistant'; text: string }[];
  /** Shown with the last turn of the user. */
  images: { contentType: string; bytes: Buffer }[];
  outputTokensMax: number;
  signal?: AbortSignal;
}

export interface Audio {
  contentType: string;
  bytes: Buffer;
  /** Its ending tells the service the format. */
  fileName: string;
}

/** What a call leaves for the books, whatever came of it. */
export interface ModelCall {
  /** The body as received, for the usage adapters. */
  response: unknown;
  /** As the service says, which may be a dated version; else as asked for. */
  model: string;
  requestId: string | null;
  latencyMs: number;
}

export interface ModelAnswer extends ModelCall {
  text: string;
}

export interface Transcription extends ModelCall {
  text: string;
  seconds: number | null;
}

export interface ModelOptions {
  apiKey: string;
  baseUrl?: string;
  model: string;
  transcriptionModel: string;
  /** For one try, its whole answer included. */
  timeoutMs: number;
  retries: number;
}

interface Failure {
  type: 'openai_timeout' | 'openai_error';
  isTransient: boolean;
  retryAfterMs?: number | null;
  status?: number | null;
  code: string;
  call?: ModelCall;
}

/** A call without a usable answer. */
export class ModelError extends Error {
  readonly type: 'openai_timeout' | 'openai_error';
  /** True where the same call may succeed later. */
  readonly isTransient: boolean;
  readonly retryAfterMs: number | null;
  readonly status: number | null;
  readonly code: string | null;
  // Private, so that whoever prints the error prints no answer.
  readonly #call: ModelCall | null;

  constructor(message: string, failure: Failure) {
    super(message);
    this.name = 'ModelError';
    this.type = failure.type;
    this.isTransient = failure.isTransient;
    this.retryAfterMs = failure.retryAfterMs ?? null;
    this.status = failure.status ?? null;
    this.code = failure.code;
    this.#call = failure.call ?? null;
  }

  /** The answer that was of no use; it costs like any other. */
  get call(): ModelCall | null {
    return this.#call;
  }
}

type Sdk = typeof import('openai');
type Completion = OpenAI.Chat.Completions.ChatCompletion;

const BASE_URL = 'https://api.openai.com/v1';
const IMAGE_TYPES = new Set(['image/jpeg', 'image/png', 'image/webp', 'image/gif']);
const ANSWER_BYTES_MAX = 8 * 1024 * 1024;
const RETRY_AFTER_MAX_MS = 3_600_000;
const TRANSIENT_STATUSES = new Set([408, 409, 425, 429]);

/** Makes the model; the package is loaded behind it, so that other commands start without its weight. */
export function createModel(options: ModelOptions): Model {
  const loading = import('openai').then((sdk) => ({ sdk, client: createClient(sdk, options) }));
  // Whoever calls learns of it; until then it must not end the process.
  loading.catch(() => undefined);
  return {
    answer: async (request) => {
      const { sdk, client } = await loading;
      const body = toBody(options.model, request);
      const settings = request.signal && { signal: request.signal };
      const call = await run(sdk, options.model, () =>
        client.chat.completions.create(body, settings).withResponse(),
      );
      return { ...call, text: readText(call) };
    },
    transcribe: async (audio, signal) => {
      const { sdk, client } = await loading;
      const model = options.transcriptionModel;
      const file = await sdk.toFile(audio.bytes, audio.fileName, { type: audio.contentType });
      // Only Whisper tells the length in this format; its successors know no other than "json".
      const format = /whisper/.test(model) ? 'verbose_json' : 'json';
      const call = await run(sdk, model, () =>
        client.audio.transcriptions
          .create({ file, model, response_format: format }, signal && { signal })
          .withResponse(),
      );
      return { ...call, ...readTranscription(call) };
    },
  };
}

function createClient(sdk: Sdk, options: ModelOptions): OpenAI {
  return new sdk.default({
    apiKey: options.apiKey,
    baseURL: options.baseUrl ?? BASE_URL,
    timeout: options.timeoutMs,
    maxRetries: options.retries,
    fetch: fetchWhole,
    // Its variable would print prompts and answers.
    logLevel: 'off',
  });
}

/** Bounds the size of an answer; a redirect would carry the text to another server. */
async function fetchWhole(url: string | URL | Request, init?: RequestInit): Promise<Response> {
  const response = await fetch(url, { ...init, redirect: 'error' });
  if (response.body === null) return response;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    if (size > ANSWER_BYTES_MAX) throw new Error('the answer is too large');
    chunks.push(chunk);
  }
  const { status, statusText, headers } = response;
  return new Response(Buffer.concat(chunks), { status, statusText, headers });
}

function toBody(model: string, request: ModelRequest) {
  const { system, turns, images, outputTokensMax } = request;
  const last = turns.findLastIndex(({ role }) => role === 'user');
  const messages = turns.map(({ role, text }, index) =>
    role === 'user' && index === last && images.length > 0
      ? { role, content: [{ type: 'text' as const, text }, ...images.map(toImagePart)] }
      : { role, content: text },
  );
  return {
    model,
    messages: [{ role: 'system' as const, content: system }, ...messages],
    max_completion_tokens: outputTokensMax,
  };
}

function toImagePart({ contentType, bytes }: ModelRequest['images'][number]) {
  if (!IMAGE_TYPES.has(contentType)) {
    throw new ModelError('the image has a type that the model does not read', {
      ...{ type: 'openai_error', isTransient: false, code: 'image_type' },
    });
  }
  const url = `data:${contentType};base64,${bytes.toString('base64')}`;
  return { type: 'image_url' as const, image_url: { url } };
}

/** One call with the package's own retries; the time includes them. */
async function run(
  sdk: Sdk,
  model: string,
  ask: () => Promise<{ data: unknown; request_id: string | null }>,
): Promise<ModelCall> {
  const startedAt = performance.now();
  try {
    const { data, request_id: requestId } = await ask();
    const latencyMs = performance.now() - startedAt;
    return { response: data, model: readServedModel(data) ?? model, requestId, latencyMs };
  } catch (error) {
    throw toModelError(sdk, error);
  }
}

function readServedModel(body: unknown): string | null {
  const model = (body as { model?: unknown } | null)?.model;
  return typeof model === 'string' && /^[\x20-\x7e]{1,200}$/.test(model) ? model : null;
}

function readText(call: ModelCall): string {
  const choice = (call.response as Partial<Completion> | null)?.choices?.[0];
  const refuse = (code: string, problem: string, isTransient = false): never => {
    throw new ModelError(problem, { type: 'openai_error', isTransient, code, call });
  };
  if (choice?.message === undefined) return refuse('unreadable_answer', 'no answer in it', true);
  const { content, refusal } = choice.message;
  if (choice.finish_reason === 'content_filter') {
    return refuse('content_filter', 'the answer was filtered by the service');
  }
  if (refusal) return refuse('refusal', 'the model refused to answer');
  if (typeof content !== 'string' || content.trim() === '') {
    return refuse('empty_answer', 'the answer is empty');
  }
  return content;
}

function readTranscription(call: ModelCall): { text: string; seconds: number | null } {
  const body = call.response as {
    text?: unknown;
    duration?: unknown;
    usage?: { seconds?: unknown };
  } | null;
  if (typeof body?.text !== 'string') {
    throw new ModelError('no transcription in the answer', {
      ...{ type: 'openai_error', isTransient: true, code: 'unreadable_answer', call },
    });
  }
  // Older servers tell the length as text.
  const seconds = Number(body.duration ?? body.usage?.seconds ?? Number.NaN);
  return { text: body.text, seconds: Number.isFinite(seconds) && seconds >= 0 ? seconds : null };
}

function toModelError(sdk: Sdk, error: unknown): ModelError {
  if (error instanceof sdk.APIConnectionTimeoutError || error instanceof sdk.APIUserAbortError) {
    const code = error instanceof sdk.APIUserAbortError ? 'aborted' : 'timeout';
    return new ModelError('the model took too long', {
      ...{ type: 'openai_timeout', isTransient: true, code },
    });
  }
  if (error instanceof sdk.APIError && typeof error.status === 'number') return refused(error);
  const isConnection = error instanceof sdk.APIConnectionError;
  return new ModelError(
    isConnection ? 'the model could not be reached' : 'the answer cannot be read',
    {
      ...{ type: 'openai_error', isTransient: true },
      code: isConnection ? 'connection' : 'unreadable_answer',
    },
  );
}

function refused(error: InstanceType<Sdk['APIError']>): ModelError {
  const status = error.status ?? 0;
  // The code is the server's text, so it is only let through where it looks like one.
  const code = /^[a-z_]{1,64}$/.test(error.code ?? '') ? `${error.code}` : `http_${status}`;
  return new ModelError(`the model answered HTTP ${status} (${code})`, {
    type: status === 408 || status === 504 ? 'openai_timeout' : 'openai_error',
    isTransient: TRANSIENT_STATUSES.has(status) || status >= 500,
    retryAfterMs: readRetryAfter(error.headers),
    status,
    code,
  });
}

function readRetryAfter(headers: Headers | undefined): number | null {
  const text = headers?.get('retry-after') ?? '';
  const ms = /^\d{1,6}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), RETRY_AFTER_MAX_MS);
}
