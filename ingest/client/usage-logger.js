// `daybook/client`: records LLM calls of an application in Daybook. Queues and delivers in the
// background; nothing here throws into the caller or waits for the network.
import { Delivery } from './delivery.js';
import { toPlainValue } from './plain-value.js';
import { trackOpenAI } from './track-openai.js';

/** @import { UsageLogger } from './types.d.ts' */

const TEXT_FIELDS = ['phone', 'conversation_id', 'user_id', 'chatbot_id', 'request_id'];

/** @type {typeof import('./types.d.ts').createUsageLogger} */
export function createUsageLogger(options) {
  const delivery = new Delivery(options ?? {});

  /** @type {UsageLogger['logUsage']} */
  const logUsage = (event, clientId) => {
    const id = readOwnId(event) ?? newId();
    try {
      delivery.add(id, toWireEvent(id, event), clientId);
    } catch {
      // Nothing of the caller's may end here; what cannot be queued is reported.
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

  /** @param {Promise<unknown>} work */
  const hold = (work) => delivery.hold(work);
  const recorder = { logUsage, hold };
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
    track: (openai, context) => trackOpenAI(openai, context ?? {}, recorder),
    flush: (flushing) => delivery.flush(flushing),
    close: (closing) => delivery.close(closing),
    stats: () => delivery.stats(),
  };
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
