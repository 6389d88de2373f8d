// Watches a stream of server-sent events on its way to the caller, who gets the same bytes at the
// same time. Where usage was asked for on the caller's behalf, takes the trace of that out again.
import { isObject } from './provider-answer.js';

/**
 * @typedef {{
 *   onEvent: (json: unknown) => void,
 *   onEnd: (outcome: { kind: 'ended' | 'cancelled' } | { kind: 'failed', error: unknown }) => void,
 * }} Watcher neither may throw
 */

const EVENT_END = /\r\n\r\n|\n\n|\r\r/;

/**
 * A response like the given one whose body is watched.
 *
 * @param {Response} response
 * @param {Watcher & { hidesUsage: boolean }} options
 */
export function watchEvents(response, { onEvent, onEnd, hidesUsage }) {
  const source = openBody(response.body);
  const events = createEventReader((json) => {
    try {
      onEvent(json);
    } catch {
      // An event that cannot be read must not become an error of the caller's stream.
    }
  });
  const pass = hidesUsage ? events.readAndHide : events.read;
  const watched = new ReadableStream(
    {
      async pull(controller) {
        try {
          // A chunk of which nothing is left would not be asked for again.
          for (let out; out === undefined || out.length === 0; ) {
            const { done, value } = await source.next();
            out = pass(done ? undefined : value);
            if (out.length > 0) controller.enqueue(out);
            if (done) {
              onEnd({ kind: 'ended' });
              return controller.close();
            }
          }
        } catch (error) {
          onEnd({ kind: 'failed', error });
          controller.error(error);
        }
      },
      cancel(reason) {
        onEnd({ kind: 'cancelled' });
        return source.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  return copyResponse(response, watched);
}

/**
 * True for a body whose bytes can be watched.
 *
 * @param {any} body
 */
export function isWatchable(body) {
  return typeof (body?.getReader ?? body?.[Symbol.asyncIterator]) === 'function';
}

/**
 * @typedef {{
 *   next: () => Promise<{ done?: boolean, value?: Uint8Array }>,
 *   cancel: (reason: unknown) => Promise<void> | undefined,
 * }} Source
 * @param {any} body a web stream, or the stream of an older `fetch`
 * @returns {Source}
 */
function openBody(body) {
  if (typeof body.getReader === 'function') {
    const reader = body.getReader();
    return { next: () => reader.read(), cancel: (reason) => reader.cancel(reason) };
  }
  const iterator = body[Symbol.asyncIterator]();
  return { next: () => iterator.next(), cancel: () => iterator.return?.() };
}

/** @type {(response: Response, body: ReadableStream) => Response} */
function copyResponse(response, body) {
  const { status, statusText, headers, url, redirected, type } = response;
  const copy = new Response(body, { status, statusText, headers });
  for (const [name, value] of Object.entries({ url, redirected, type })) {
    Object.defineProperty(copy, name, { value });
  }
  return copy;
}

/** @param {(json: unknown) => void} onEvent */
function createEventReader(onEvent) {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const encoder = new TextEncoder();
  let pending = '';

  /** The whole events so far; the rest at the end. @param {Uint8Array | undefined} bytes */
  const takeEvents = (bytes) => {
    pending += decoder.decode(bytes, { stream: bytes !== undefined });
    const events = [];
    for (;;) {
      const end = EVENT_END.exec(pending);
      if (end === null) break;
      const length = end.index + end[0].length;
      events.push(pending.slice(0, length));
      pending = pending.slice(length);
    }
    if (bytes === undefined) {
      events.push(pending);
      pending = '';
    }
    return events;
  };

  return {
    /** @param {Uint8Array | undefined} bytes @returns {Uint8Array} the same */
    read(bytes) {
      for (const text of takeEvents(bytes)) onEvent(parseEvent(text));
      return bytes ?? new Uint8Array();
    },
    /** @param {Uint8Array | undefined} bytes @returns {Uint8Array} what is left of them */
    readAndHide(bytes) {
      const shown = takeEvents(bytes).map((text) => {
        const json = parseEvent(text);
        onEvent(json);
        return hideUsage(text, json);
      });
      return encoder.encode(shown.join(''));
    },
  };
}

/** @param {string} text one event with its end; the JSON of its data, if it is some */
function parseEvent(text) {
  const data = text
    .split(/\r\n|\n|\r/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).replace(/^ /, ''))
    .join('\n');
  if (data === '[DONE]') return data;
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

/**
 * With `include_usage`, a chat stream has one more chunk, without a choice, and `"usage": null` in
 * the others.
 *
 * @type {(text: string, json: unknown) => string}
 */
function hideUsage(text, json) {
  if (!isObject(json) || !Object.hasOwn(json, 'usage')) return text;
  if (isObject(json.usage)) {
    return Array.isArray(json.choices) && json.choices.length === 0 ? '' : text;
  }
  if (json.usage !== null) return text;
  const { usage: _usage, ...rest } = json;
  const expected = JSON.stringify(rest);
  // The text is kept as it came, where the key can be cut out of it.
  for (const pattern of [/,\s*"usage"\s*:\s*null/g, /"usage"\s*:\s*null\s*,\s*/g]) {
    for (const { index, 0: found } of text.matchAll(pattern)) {
      const cut = text.slice(0, index) + text.slice(index + found.length);
      if (JSON.stringify(parseEvent(cut)) === expected) return cut;
    }
  }
  return `data: ${expected}\n\n`;
}
