// One call of an OpenAI client from its request to the end of its answer, as one usage event. Looks at
// the answer beside the caller; whatever goes wrong here stays here.
import { isRefusedQuestion } from './ask-for-usage.js';
import { isWatchable, watchEvents } from './event-stream.js';
import { carriesOutput, failedWith, isFinalEvent, readAnswer } from './provider-answer.js';

/** @import { TrackContext, UsageLogger, UsageRecord } from './types.d.ts' */

/**
 * @typedef {{ body?: any, signal?: AbortSignal | null, __metadata?: { model?: unknown } }}
 *   RequestOptions of the OpenAI client
 * @typedef {{
 *   operation: NonNullable<UsageRecord['operation']>,
 *   provider: string,
 *   unknownHost: string | undefined,
 *   context: TrackContext,
 *   options: RequestOptions,
 *   hidesUsage: boolean,
 *   startedAt: Date,
 *   startedMs: number,
 * }} Call
 * @typedef {{
 *   logUsage: UsageLogger['logUsage'],
 *   hold: (work: Promise<unknown>) => void,
 * }} Recorder `hold` keeps a flush waiting for an event that is about to be logged
 * @typedef {{ response: Response }} Answered what the client makes its result of
 * @typedef {(told: Record<string, unknown>) => void} Finish records the call, once
 */

/**
 * @param {unknown} promise what the client's `post` gave: an APIPromise
 * @param {Call} call
 * @param {Recorder} recorder
 * @param {() => unknown} [sendAgain] makes the call without what it asked for
 */
export function observeCall(promise, call, recorder, sendAgain) {
  const { responsePromise } = /** @type {{ responsePromise?: Promise<Answered> }} */ (
    promise ?? {}
  );
  if (typeof responsePromise?.then !== 'function') return;
  const finish = createFinish(call, recorder);
  // The first handler: the body cannot have been touched yet.
  responsePromise.then(
    (answered) => {
      try {
        observeAnswer(answered, call, finish, recorder);
      } catch {
        finish({});
      }
    },
    (error) => {
      if (isRefusedQuestion(error, call) && sendAgain !== undefined) sendAgain();
      else finish(describeFailure(error, call));
    },
  );
}

/** @type {(call: Call, recorder: Recorder) => Finish} */
function createFinish(call, { logUsage }) {
  let isFinished = false;
  return (told) => {
    if (isFinished) return;
    isFinished = true;
    const latencyMs = performance.now() - call.startedMs;
    try {
      logUsage(toEvent(call, told, latencyMs), call.context.clientId);
    } catch {
      // The caller has its answer; a call that cannot be described is not worth an exception.
    }
  };
}

/** @type {(answered: Answered, call: Call, finish: Finish, recorder: Recorder) => void} */
function observeAnswer(answered, call, finish, { hold }) {
  const { response } = answered;
  const type = response.headers.get('content-type') ?? '';
  const headers = { request_id: response.headers.get('x-request-id') ?? undefined };
  if (type.includes('text/event-stream') && isWatchable(response.body)) {
    answered.response = watchEvents(response, {
      hidesUsage: call.hidesUsage,
      ...watchStream(call, headers, finish),
    });
  } else if (type.includes('json')) {
    const read = response.clone().json();
    hold(
      read.then(
        (json) => finish({ ...headers, ...readAnswer(json), ...countImages(json, call) }),
        (error) => finish({ ...headers, ...describeUnread(error, call) }),
      ),
    );
  } else finish(headers);
}

/** @type {(call: Call, headers: object, finish: Finish) => import('./event-stream.js').Watcher} */
function watchStream(call, headers, finish) {
  /** @type {Record<string, unknown>} */
  let told = { ...headers, streamed: true };
  let isWhole = false;
  return {
    onEvent(json) {
      if (isFinalEvent(json)) isWhole = true;
      if (told.ttft_ms === undefined && carriesOutput(json)) {
        told.ttft_ms = performance.now() - call.startedMs;
      }
      told = { ...told, ...readAnswer(json) };
    },
    onEnd(outcome) {
      // The client leaves a stream that told of an error, and one may end without its last event.
      const isEnded = outcome.kind === 'ended' && told.raw_usage !== undefined;
      if (isWhole || isEnded || told.status === 'error') finish(told);
      else if (outcome.kind === 'failed') {
        finish({ ...told, ...describeFailure(outcome.error, call) });
      } else finish({ ...told, status: 'cancelled' });
    },
  };
}

/** @type {(error: unknown, call: Call) => Record<string, unknown>} */
function describeUnread(error, call) {
  // An answer that is no JSON is an answer; the client decides what to do with it.
  return error instanceof SyntaxError ? {} : describeFailure(error, call);
}

/** @type {(error: unknown, call: Call) => Record<string, unknown>} */
function describeFailure(error, { options }) {
  const failure = /** @type {Record<string, any>} */ (error ?? {});
  const names = [failure.name, failure.constructor?.name];
  if (failure.status !== undefined) {
    const requestId = failure.requestID ? { request_id: failure.requestID } : {};
    return { ...failedWith(error), ...requestId };
  }
  const isAbort = names.includes('AbortError') || names.includes('APIUserAbortError');
  if (isAbort || options.signal?.aborted) return { status: 'cancelled' };
  const isTimeout = names.includes('TimeoutError') || names.includes('APIConnectionTimeoutError');
  return { status: 'error', error_type: isTimeout ? 'timeout' : 'connection' };
}

/** Images of models that tell no usage are counted. @type {(json: any, call: Call) => object} */
function countImages(json, { operation }) {
  if (operation !== 'image' || json?.usage || !Array.isArray(json?.data)) return {};
  return { images: json.data.length };
}

/** @type {(call: Call, told: Record<string, unknown>, latencyMs: number) => UsageRecord} */
function toEvent(call, told, latencyMs) {
  const { context, provider, unknownHost, options } = call;
  const host = unknownHost === undefined ? undefined : { host: unknownHost };
  return {
    occurred_at: call.startedAt.toISOString(),
    provider,
    model: modelOf(options) ?? String(told.served_model ?? 'unknown'),
    operation: call.operation,
    conversation_id: context.conversationId,
    phone: context.phone,
    user_id: context.userId,
    chatbot_id: context.chatbotId,
    tags: context.tags,
    metadata: host || context.metadata ? { ...host, ...context.metadata } : undefined,
    status: 'success',
    streamed: options.body?.stream === true,
    // Says that the call was made, where the provider told nothing of it.
    raw_usage: {},
    ...told,
    latency_ms: latencyMs,
  };
}

/**
 * The model as JSON, the form of an upload, or the client's own note of it tells.
 *
 * @type {(options: RequestOptions) => string | undefined}
 */
function modelOf({ body, __metadata: noted }) {
  const told = typeof body?.get === 'function' ? body.get('model') : body?.model;
  return [told, noted?.model].find((model) => typeof model === 'string' && model !== '');
}
