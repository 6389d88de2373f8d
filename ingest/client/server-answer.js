// What an answer of the ingest server means for the events that were sent: settled, to be sent again,
// or refused. Pure.

/**
 * @typedef {{ result: string, message: string }} ItemAnswer
 * @typedef {(
 *   | { kind: 'settled', items: ItemAnswer[] }
 *   | { kind: 'retry', message: string, afterMs: number | undefined }
 *   | { kind: 'too_large' | 'refused', message: string }
 * )} Verdict
 */

const ITEM_RESULTS = new Set(['accepted', 'duplicate', 'conflict', 'rejected']);
const MESSAGE_MAX = 300;

/**
 * @param {{ status: number, retryAfter: string | null, text: string }} answer
 * @param {number} count the events that were sent
 * @param {number} nowMs the time, for a `Retry-After` that is a date
 * @returns {Verdict}
 */
export function readServerAnswer({ status, retryAfter, text }, count, nowMs) {
  const message = `HTTP ${status}: ${text.slice(0, MESSAGE_MAX)}`;
  if (status >= 200 && status < 300) {
    const items = readItems(text, count);
    // Something else than the ingest server answered; a repeated event is recorded once anyway.
    if (items === undefined) return { kind: 'retry', message, afterMs: undefined };
    return { kind: 'settled', items };
  }
  if (status === 413) return { kind: 'too_large', message };
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    return { kind: 'retry', message, afterMs: readRetryAfter(retryAfter, nowMs) };
  }
  return { kind: 'refused', message };
}

/** @type {(text: string, count: number) => ItemAnswer[] | undefined} */
function readItems(text, count) {
  try {
    const { results } = JSON.parse(text);
    if (!Array.isArray(results) || results.length !== count) return undefined;
    if (!results.every((item) => ITEM_RESULTS.has(item?.result))) return undefined;
    return results.map(({ result, field, reason }) => ({
      result,
      message: [field, reason].filter(Boolean).join(' ') || result,
    }));
  } catch {
    return undefined;
  }
}

/** @type {(header: string | null, nowMs: number) => number | undefined} */
function readRetryAfter(header, nowMs) {
  if (header === null || header.trim() === '') return undefined;
  const seconds = Number(header);
  const afterMs = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - nowMs;
  return afterMs > 0 ? afterMs : undefined;
}

/**
 * How long to wait before the next attempt: doubling, half of it random, never less than the server
 * asked for.
 *
 * @param {number} attempt 1 after the first failure
 * @param {number | undefined} afterMs what the server asked for
 * @param {{ minMs: number, maxMs: number }} limits
 * @param {number} random 0 to 1
 */
export function retryDelayMs(attempt, afterMs, { minMs, maxMs }, random) {
  const backoffMs = Math.min(maxMs, minMs * 2 ** Math.min(attempt - 1, 30));
  return Math.max(backoffMs * (0.5 + random / 2), afterMs ?? 0);
}
