// What the answer of an OpenAI-shaped API tells of its call: usage, ids, and how it ended. Reads the
// JSON of a whole answer and of each event of a stream. Pure.

/**
 * @typedef {Record<string, unknown>} Fields of a usage event
 * @typedef {Record<string, any>} Json an object of the provider; nothing in it is sure
 */

const FINAL_EVENTS = new Set([
  'response.completed',
  'response.incomplete',
  'response.failed',
  'transcript.text.done',
  'speech.audio.done',
  'image_generation.completed',
  'image_edit.completed',
]);

/**
 * @param {unknown} json a whole answer, or one event of a stream
 * @returns {Fields} only what it tells
 */
export function readAnswer(json) {
  if (!isObject(json)) return {};
  const body = isObject(json.response) ? json.response : json;
  // A stream of Groq tells its usage beside the answer.
  const usage = [body.usage, json.usage, json.x_groq?.usage].find(isObject);
  const told = {
    request_id: textOf(body.id),
    served_model: textOf(body.model),
    service_tier: textOf(body.service_tier),
    raw_usage: usage,
    // The length of the audio, from answers that tell nothing else.
    audio_seconds: usage === undefined && isNumber(body.duration) ? body.duration : undefined,
    ...readEnding(json, body),
  };
  return Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined));
}

/** @type {(json: Json, body: Json) => Fields} */
function readEnding(json, body) {
  const error = [body.error, json.error].find(isObject);
  if (error !== undefined || json.type === 'error') return failedWith(error ?? json);
  if (body.status === 'failed') return failedWith({});
  if (body.status === 'cancelled') return { status: 'cancelled' };
  return {};
}

/**
 * @param {unknown} error of the provider, or of its client
 * @returns {Fields}
 */
export function failedWith(error) {
  const { code, type, status } = isObject(error) ? error : {};
  // A code in figures says less than the kind of the error.
  const word = [code, type].map(textOf).find((text) => text && /[a-z]/i.test(text));
  const http = isNumber(status) ? `http_${status}` : undefined;
  return { status: 'error', error_type: word ?? http ?? 'unknown' };
}

/** True for the event after which nothing of the output is missing. @param {unknown} json */
export function isFinalEvent(json) {
  if (json === '[DONE]') return true;
  if (!isObject(json)) return false;
  if (FINAL_EVENTS.has(json.type)) return true;
  return Array.isArray(json.choices) && json.choices.some((choice) => choice?.finish_reason);
}

/** True for an event of a stream that carries some of what was generated. @param {unknown} json */
export function carriesOutput(json) {
  if (!isObject(json)) return false;
  if (typeof json.type === 'string') return /\.(delta|partial_image)$/.test(json.type);
  if (!Array.isArray(json.choices)) return false;
  return json.choices.some(
    (choice) =>
      choice?.text ||
      Object.entries(choice?.delta ?? {}).some(([name, value]) => name !== 'role' && value),
  );
}

/** @param {unknown} value @returns {value is Json} */
export function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @param {unknown} value @returns {value is number} */
function isNumber(value) {
  return typeof value === 'number' && Number.isFinite(value);
}

/** @param {unknown} value */
function textOf(value) {
  return typeof value === 'string' && value !== '' ? value.slice(0, 200) : undefined;
}
