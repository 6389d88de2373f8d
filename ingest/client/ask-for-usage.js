// Asks a stream for its usage where the caller left that open, and falls back to the caller's own
// request where the server refuses the question.
import { isObject } from './provider-answer.js';
import { tellsUsageUnasked } from './provider-hosts.js';

/** @import { Call } from './observed-call.js' */

/** Streams that tell their usage only when asked. */
const PATHS = new Set(['/chat/completions', '/completions']);

/** Clients whose server refused the question. @type {WeakSet<object>} */
const refusing = new WeakSet();

/** @type {(client: object, path: string, call: Call) => boolean} */
export function mayAskForUsage(client, path, { context, provider }) {
  if (!PATHS.has(path) || refusing.has(client)) return false;
  return context.includeUsage ?? !tellsUsageUnasked(provider);
}

/** The options of a request, with its stream's usage asked for. @param {Call} call */
export function askForUsage(call) {
  const { options } = call;
  const { body } = options;
  if (!isObject(body) || body.stream !== true) return options;
  if (body.stream_options?.include_usage !== undefined) return options;
  call.hidesUsage = true;
  const streamOptions = { ...body.stream_options, include_usage: true };
  return { ...options, body: { ...body, stream_options: streamOptions } };
}

/**
 * True where a request failed for what was asked on the caller's behalf.
 *
 * @type {(error: unknown, call: Call) => boolean}
 */
export function isRefusedQuestion(error, { hidesUsage }) {
  const { status, message } = /** @type {Record<string, unknown>} */ (error ?? {});
  const isRefusal = status === 400 || status === 422;
  return hidesUsage && isRefusal && /stream_options|include_usage/.test(String(message));
}

/**
 * Lets the caller's promise of a request go on with another one where the server refused.
 *
 * @param {any} promise an APIPromise; it stays the same object
 * @param {{ client: object, call: Call, sendAgain: () => any }} options
 */
export function fallBackOnRefusal(promise, { client, call, sendAgain }) {
  /** @type {any} */
  let second;
  const again = () => {
    refusing.add(client);
    second ??= sendAgain();
    return second;
  };
  guard(promise, again, call);
  return again;
}

/** @type {(promise: any, again: () => any, call: Call) => any} */
function guard(promise, again, call) {
  for (const method of ['parse', 'asResponse', 'withResponse']) {
    const first = promise[method];
    promise[method] = () =>
      first.call(promise).catch((/** @type {unknown} */ error) => {
        if (isRefusedQuestion(error, call)) return again()[method]();
        throw error;
      });
  }
  const unwrap = promise._thenUnwrap;
  promise._thenUnwrap = (/** @type {unknown} */ transform) =>
    guard(unwrap.call(promise, transform), () => again()._thenUnwrap(transform), call);
  return promise;
}
