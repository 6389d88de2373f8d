// How the twilio package reaches Twilio: one server, one try, one deadline, and a note of which failures
// came before anything can have been sent. The package itself is imported by api.ts.
import { Agent } from 'node:http';
import type TwilioSdk from 'twilio';
import {
  classifyAnswer,
  classifySilence,
  type RefusedAnswer,
  type SendFailure,
} from './send-result.ts';

type Sdk = typeof TwilioSdk;

// Twilio's own names, perhaps with an edge and a region between.
const API_HOST = /^api(?:\.[a-z0-9-]+){0,2}\.twilio\.com$/;
const CONNECT_TIMEOUT_MS = 5_000;
const ANSWER_BYTES_MAX = 32 * 1024 * 1024;
const SOCKETS_MAX = 200;

/** Errors of a socket on which nothing can have been sent yet. */
const unsentErrors = new WeakSet<object>();

/** Twilio's answer where it is not what was asked for; its text holds neither number nor body. */
class AnswerError extends Error {
  readonly answer: RefusedAnswer;
  constructor(answer: RefusedAnswer) {
    super(`Twilio answered HTTP ${answer.status}`);
    this.answer = answer;
  }
}

/** The package's own transport, bound to one server, one try and one deadline. */
export function createTransport(sdk: Sdk, baseUrl: string, timeoutMs: number) {
  class Transport extends sdk.RequestClient {
    override async request<TData>(request: Parameters<typeof this.retarget<TData>>[0]) {
      const response = await super.request<TData>(this.retarget(request));
      const { statusCode: status, body } = response;
      if (status >= 200 && status < 300) return response;
      const { headers } = response as { headers?: Record<string, unknown> };
      const retryAfterMs = readRetryAfter(headers?.['retry-after']);
      throw new AnswerError({ status, code: readCode(body), retryAfterMs });
    }

    retarget<TData>(request: Parameters<InstanceType<Sdk['RequestClient']>['request']>[0]) {
      const { hostname, pathname, search } = new URL(request.uri);
      // The address of a next page comes from the answer; our credentials go to Twilio alone.
      if (!API_HOST.test(hostname)) throw new Error('the request is not for Twilio');
      const uri = `${baseUrl.replace(/\/+$/, '')}${pathname}${search}`;
      return { ...request, data: request.data as TData, uri, allowRedirects: false };
    }
  }
  const transport = new Transport({ timeout: timeoutMs, maxSockets: SOCKETS_MAX });
  const { defaults, interceptors } = transport.axios;
  defaults.httpAgent = new Agent({ keepAlive: true, maxSockets: SOCKETS_MAX });
  defaults.maxContentLength = ANSWER_BYTES_MAX;
  // Its own timeout starts anew with each byte.
  interceptors.request.use((config) =>
    Object.assign(config, { signal: AbortSignal.timeout(timeoutMs) }),
  );
  const connectMs = Math.min(CONNECT_TIMEOUT_MS, timeoutMs / 2);
  for (const agent of [defaults.httpAgent, defaults.httpsAgent]) watchConnecting(agent, connectMs);
  return transport;
}

/** Ends a connection that is not made in time, and notes which errors came before it was made. */
function watchConnecting(agent: unknown, timeoutMs: number): void {
  // A proxy's agent connects in its own way.
  if (!(agent instanceof Agent)) return;
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, done) => {
    const socket = connect(options, done);
    if (!socket) return socket;
    const expire = () =>
      socket.destroy(Object.assign(new Error('no connection'), { code: 'ETIMEDOUT' }));
    const timer = setTimeout(expire, timeoutMs);
    const note = (error: Error) => unsentErrors.add(error);
    socket.prependListener('error', note);
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      socket.off('error', note);
    });
    socket.once('close', () => clearTimeout(timer));
    return socket;
  };
}

/** What a request that failed means for what was asked. */
export function readFailure(error: unknown): SendFailure {
  if (error instanceof AnswerError) return classifyAnswer(error.answer);
  return classifySilence(readErrorCode(error), !causesOf(error).some(isBeforeSending));
}

function isBeforeSending(error: object): boolean {
  const { syscall } = error as { syscall?: unknown };
  return unsentErrors.has(error) || syscall === 'connect' || syscall === 'getaddrinfo';
}

function causesOf(error: unknown): object[] {
  if (typeof error !== 'object' || error === null) return [];
  return [error, ...causesOf((error as { cause?: unknown }).cause)];
}

/** The first code of an error and its causes; ours for the time that is up. */
function readErrorCode(error: unknown): string | null {
  const codes = causesOf(error).map((cause) => (cause as { code?: unknown }).code);
  const code = codes.find((one) => typeof one === 'string' && /^\w{1,40}$/.test(one));
  if (code === 'ERR_CANCELED' || code === 'ECONNABORTED') return 'ETIMEDOUT';
  return typeof code === 'string' ? code : null;
}

function readCode(body: unknown): string | null {
  let parsed = body;
  try {
    if (typeof body === 'string') parsed = JSON.parse(body);
  } catch {
    return null;
  }
  const code = (parsed as { code?: unknown } | null)?.code;
  return /^\d{4,6}$/.test(String(code)) ? String(code) : null;
}

/** Seconds, or a date; a wait beyond an hour is not believed. */
function readRetryAfter(header: unknown): number | null {
  const text = String(header ?? '');
  const ms = /^\d{1,6}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), 3_600_000);
}
