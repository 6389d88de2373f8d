// Wraps an OpenAI client so that each call is recorded. The caller gets what the client gives: the
// wrapper stands only where a request leaves the client, and looks at the answer on its way back.
import { askForUsage, fallBackOnRefusal, mayAskForUsage } from './ask-for-usage.js';
import { observeCall } from './observed-call.js';
import { isObject } from './provider-answer.js';
import { providerOf } from './provider-hosts.js';

/** @import { TrackContext } from './types.d.ts' */
/** @import { Call, Recorder, RequestOptions } from './observed-call.js' */

/** @typedef {(path: string, options?: unknown) => unknown} Post */

/** @type {Record<string, Call['operation']>} */
const OPERATIONS = {
  '/chat/completions': 'chat',
  '/responses': 'chat',
  '/completions': 'completion',
  '/embeddings': 'embedding',
  '/audio/transcriptions': 'transcription',
  '/audio/translations': 'transcription',
  '/audio/speech': 'speech',
  '/images/generations': 'image',
  '/images/edits': 'image',
  '/images/variations': 'image',
};

/** The resources on the way to those calls; all others are left alone. */
const RESOURCES = new Set([
  ...['chat', 'completions', 'responses', 'embeddings', 'audio', 'transcriptions'],
  ...['translations', 'speech', 'images', 'beta'],
]);

/**
 * What each tracked client was made of, so that tracking it again adds to the context only.
 *
 * @type {WeakMap<object, { client: object, context: TrackContext, recorder: Recorder }>}
 */
const origins = new WeakMap();

/**
 * @template {object} Client
 * @param {Client} client
 * @param {TrackContext} context
 * @param {Recorder} recorder
 * @returns {Client}
 */
export function trackOpenAI(client, context, recorder) {
  if (typeof client !== 'object' || client === null) return client;
  const origin = origins.get(client);
  if (origin?.recorder === recorder) {
    const both = { ...origin.context, ...context };
    return /** @type {Client} */ (trackOpenAI(origin.client, both, recorder));
  }
  const { post, withOptions } = /** @type {{ post?: unknown, withOptions?: unknown }} */ (client);
  /** @type {Map<PropertyKey, unknown>} */
  const replaced = new Map();
  if (typeof post === 'function') {
    replaced.set('post', recordPosts(client, /** @type {Post} */ (post), context, recorder));
  }
  if (typeof withOptions === 'function') {
    replaced.set('withOptions', (/** @type {unknown[]} */ ...args) =>
      trackOpenAI(withOptions.apply(client, args), context, recorder),
    );
  }
  const tracked = wrapClient(client, replaced);
  origins.set(tracked, { client, context, recorder });
  return tracked;
}

/**
 * The client with some members replaced. Its other methods run on the client itself, whose private
 * fields no wrapper has.
 *
 * @type {<Client extends object>(client: Client, replaced: Map<PropertyKey, unknown>) => Client}
 */
function wrapClient(client, replaced) {
  /** @type {Map<unknown, unknown>} */
  const wrapped = new Map();
  const tracked = new Proxy(client, {
    get(target, key) {
      const value = Reflect.get(target, key, target);
      if (isFixed(target, key)) return value;
      if (replaced.has(key)) return replaced.get(key);
      if (wrapped.has(value)) return wrapped.get(value);
      if (typeof value === 'function' && key !== 'constructor') {
        wrapped.set(value, value.bind(target));
      } else if (isResource(key, value)) {
        wrapped.set(value, wrapResource(value, tracked));
      } else return value;
      return wrapped.get(value);
    },
    set: (target, key, value) => Reflect.set(target, key, value, target),
  });
  return tracked;
}

/**
 * A resource whose requests go through the wrapped client; so do those of its helpers.
 *
 * @type {(resource: object, tracked: object) => object}
 */
function wrapResource(resource, tracked) {
  /** @type {Map<unknown, unknown>} */
  const wrapped = new Map();
  return new Proxy(resource, {
    get(target, key, receiver) {
      const value = Reflect.get(target, key, receiver);
      if (isFixed(target, key)) return value;
      if (key === '_client') return tracked;
      if (!isResource(key, value)) return value;
      if (!wrapped.has(value)) wrapped.set(value, wrapResource(value, tracked));
      return wrapped.get(value);
    },
    set: (target, key, value) => Reflect.set(target, key, value, target),
  });
}

/** @type {(key: PropertyKey, value: unknown) => value is object} */
function isResource(key, value) {
  return typeof key === 'string' && RESOURCES.has(key) && isObject(value);
}

/** A proxy must give a frozen member as it is. @type {(target: object, key: PropertyKey) => boolean} */
function isFixed(target, key) {
  const member = Reflect.getOwnPropertyDescriptor(target, key);
  return member !== undefined && !member.configurable && !member.writable;
}

/** @type {(client: object, post: Post, context: TrackContext, recorder: Recorder) => Post} */
function recordPosts(client, post, context, recorder) {
  return (path, options) => {
    const operation = typeof path === 'string' ? OPERATIONS[path] : undefined;
    if (operation === undefined) return post.call(client, path, options);
    const { provider, unknownHost } = describeProvider(client, context);
    /** @type {Call} */
    const call = {
      operation,
      provider,
      unknownHost,
      context,
      options: {},
      hidesUsage: false,
      startedAt: new Date(),
      startedMs: performance.now(),
    };
    const mayAsk = mayAskForUsage(client, path, call);
    const asked = Promise.resolve(options).then((resolved) => {
      call.options = /** @type {RequestOptions} */ (resolved ?? {});
      return mayAsk ? askForUsage(call) : resolved;
    });
    const promise = post.call(client, path, asked);
    const sendAgain = () => {
      const second = post.call(client, path, options);
      observeCall(second, { ...call, hidesUsage: false }, recorder);
      return second;
    };
    const again = mayAsk ? fallBackOnRefusal(promise, { client, call, sendAgain }) : undefined;
    observeCall(promise, call, recorder, again);
    return promise;
  };
}

/** @type {(client: object, context: TrackContext) => ReturnType<typeof providerOf>} */
function describeProvider(client, context) {
  const { baseURL, apiVersion } = /** @type {Record<string, unknown>} */ (client);
  // Only Azure's client has a version of the API, at whatever host it is.
  const provider = context.provider ?? (apiVersion ? 'azure-openai' : undefined);
  return provider ? { provider, unknownHost: undefined } : providerOf(baseURL);
}
