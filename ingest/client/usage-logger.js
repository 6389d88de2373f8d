// `daybook/client`: records LLM calls of an application in Daybook. Queues and delivers in the
// background; nothing here throws into the caller or waits for the network.
import { drainBeforeExit, forgetDrain } from './exit-hook.js';
import { Outbox } from './outbox.js';
import { toPlainValue } from './plain-value.js';
import { readSettings } from './settings.js';
import { trackOpenAI } from './track-openai.js';

/** @import { Drop, Id, UsageLogger, UsageLoggerOptions, UsageStats } from './types.d.ts' */

const EVENT_LENGTH_MAX = 64_000;
const CLOSE_TIMEOUT_MS = 5_000;
const TEXT_FIELDS = ['phone', 'conversation_id', 'user_id', 'chatbot_id', 'request_id'];

/** @type {typeof import('./types.d.ts').createUsageLogger} */
export function createUsageLogger(options) {
  const { add, ...delivery } = createDelivery(options ?? {});

  /** @type {UsageLogger['logUsage']} */
  const logUsage = (event, clientId) => {
    const id = readOwnId(event) ?? newId();
    try {
      add(id, toWireEvent(id, event), clientId);
    } catch {
      // Nothing of the caller's may end here; add reports what it cannot queue.
    }
    return id;
  };

  /** @type {(provider: string) => UsageLogger['logOpenAIUsage']} */
  const logCallsOf = (provider) => (clientId, conversationId, phone, model, usage, details) =>
    logUsage(
      {
        ...fieldsOf(details),
        provider,
        model,
        conversation_id: conversationId,
        phone,
        raw_usage: usage ?? {},
      },
      clientId,
    );

  return {
    logOpenAIUsage: logCallsOf('openai'),
    logGroqUsage: logCallsOf('groq'),
    logOpenRouterUsage: logCallsOf('openrouter'),
    logAnthropicUsage: logCallsOf('anthropic'),
    logWhisperUsage: (clientId, conversationId, phone, durationSeconds, tokenEstimate, details) =>
      logUsage(
        {
          provider: 'openai',
          model: 'whisper-1',
          operation: 'transcription',
          ...fieldsOf(details),
          conversation_id: conversationId,
          phone,
          audio_seconds: durationSeconds,
          ...(tokenEstimate == null ? {} : { input_tokens: tokenEstimate, estimated: true }),
        },
        clientId,
      ),
    logUsage,
    track: (openai, context) => trackOpenAI(openai, context ?? {}, logUsage),
    ...delivery,
  };
}

/** @param {UsageLoggerOptions} options */
function createDelivery(options) {
  const settings = readSettings(options);
  const stats = emptyStats();
  const report = createReport(stats, options.onDrop);
  const ownClientId = String(options.clientId ?? '');
  const tokens = new Map(Object.entries({ ...options.tokens, [ownClientId]: options.token }));
  /** @type {Map<string, Outbox>} */
  const outboxes = new Map();
  let isClosed = false;

  const flushAll = () => Promise.all([...outboxes.values()].map((outbox) => outbox.flush()));
  /** @type {(reason: 'closed' | 'gave_up', message: string, timeoutMs: number) => Promise<void>} */
  const drain = async (reason, message, timeoutMs) => {
    await within(timeoutMs, flushAll());
    for (const outbox of outboxes.values()) outbox.dropAll(reason, message);
  };
  const drainAtExit = () => drain('gave_up', 'the process ended', settings.exitTimeoutMs);
  const onSettled = () => {
    if (stats.queued === 0) forgetDrain(drainAtExit);
  };
  const shared = { settings, stats, report, onSettled };

  /** @type {(clientId: string) => Outbox | undefined} */
  const outboxOf = (clientId) => {
    const token = tokens.get(clientId);
    const known = outboxes.get(clientId);
    if (known !== undefined || !token) return known;
    const outbox = new Outbox({ clientId, token, shared });
    outboxes.set(clientId, outbox);
    return outbox;
  };

  /** @type {(id: string, event: Record<string, unknown> | undefined, clientId: Id) => void} */
  const add = (id, event, toClient) => {
    const clientId = toClient == null ? ownClientId : String(toClient);
    /** @type {(reason: Drop['reason'], message: string) => void} */
    const refuse = (reason, message) =>
      report({ clientId, event: event ?? { id }, reason, message });
    if (event === undefined) return refuse('unreadable', 'the event is no object');
    if (settings.url === '') return refuse('refused', 'url is no http address');
    if (isClosed) return refuse('closed', 'the logger was closed');
    const outbox = outboxOf(clientId);
    if (outbox === undefined) return refuse('no_token', `there is no token for "${clientId}"`);
    if (stats.queued >= settings.queueMax) {
      return refuse('queue_full', `${stats.queued} events wait to be sent`);
    }
    const json = JSON.stringify(event);
    if (json.length > EVENT_LENGTH_MAX) return refuse('too_large', `${json.length} characters`);
    drainBeforeExit(drainAtExit);
    outbox.add({ event, json });
  };

  return {
    add,
    /** @type {UsageLogger['flush']} */
    flush: ({ timeoutMs } = {}) => within(timeoutMs, flushAll()),
    /** @type {UsageLogger['close']} */
    close: ({ timeoutMs = CLOSE_TIMEOUT_MS } = {}) => {
      isClosed = true;
      return drain('closed', 'the logger was closed', timeoutMs);
    },
    stats: () => ({ ...stats, droppedBy: { ...stats.droppedBy } }),
  };
}

/** @returns {UsageStats} */
function emptyStats() {
  const counts = { queued: 0, delivered: 0, duplicates: 0, dropped: 0, requests: 0, retries: 0 };
  return { ...counts, droppedBy: {}, lastError: undefined };
}

/** @type {(stats: UsageStats, onDrop: UsageLoggerOptions['onDrop']) => (drop: Drop) => void} */
function createReport(stats, onDrop) {
  return (drop) => {
    stats.dropped += 1;
    stats.droppedBy[drop.reason] = (stats.droppedBy[drop.reason] ?? 0) + 1;
    try {
      if (typeof onDrop === 'function') void Promise.resolve(onDrop(drop)).catch(() => undefined);
      else if (stats.dropped === 1) warn(drop);
    } catch {
      // A fault of the application's report is not the caller's.
    }
  };
}

/** @param {Drop} drop */
function warn({ event, reason, message }) {
  console.warn(
    `daybook: usage event ${event.id} was not recorded (${reason}: ${message}). ` +
      'Further ones are only counted: see stats(), or pass onDrop.',
  );
}

/** @type {(id: string, event: unknown) => Record<string, unknown> | undefined} */
function toWireEvent(id, event) {
  const { plain, unreadable } = toPlainValue(event);
  if (typeof plain !== 'object' || plain === null || Array.isArray(plain)) return undefined;
  const fields = /** @type {Record<string, unknown>} */ (plain);
  for (const name of TEXT_FIELDS) {
    if (typeof fields[name] === 'number') fields[name] = String(fields[name]);
  }
  if (unreadable.includes('raw_usage')) fields.raw_usage = {};
  if (unreadable.length > 0) fields.metadata = { ...fieldsOf(fields.metadata), unreadable };
  return { ...fields, id, occurred_at: fields.occurred_at ?? new Date().toISOString() };
}

/** @param {unknown} event */
function readOwnId(event) {
  try {
    const { id } = /** @type {{ id?: unknown }} */ (event);
    return ['string', 'number', 'bigint'].includes(typeof id) ? String(id) : undefined;
  } catch {
    return undefined;
  }
}

/** The readable fields of an object, and none of anything else. @param {unknown} value */
function fieldsOf(value) {
  const { plain } = toPlainValue(value);
  return typeof plain === 'object' && plain !== null ? plain : {};
}

/** A random UUID; Node 18 has no global `crypto`. */
function newId() {
  const { crypto } = globalThis;
  if (typeof crypto?.randomUUID === 'function') return crypto.randomUUID();
  return '10000000-1000-4000-8000-100000000000'.replace(/[018]/g, (digit) =>
    (Number(digit) ^ ((Math.random() * 16) >> (Number(digit) / 4))).toString(16),
  );
}

/** @type {(timeoutMs: number | undefined, work: Promise<unknown>) => Promise<void>} */
async function within(timeoutMs, work) {
  if (timeoutMs === undefined) return void (await work);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const timeUp = new Promise((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([work, timeUp]);
  clearTimeout(timer);
}
