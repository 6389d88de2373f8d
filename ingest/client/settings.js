// The options of a usage logger with their defaults. A value that makes no sense is replaced by its
// default: recording must not stop an application. Pure.

/** @import { UsageLoggerOptions } from './types.d.ts' */

/**
 * @typedef {{
 *   url: string, batchMax: number, batchDelayMs: number, queueMax: number, retryForMs: number,
 *   retryMinMs: number, retryMaxMs: number, requestTimeoutMs: number, exitTimeoutMs: number,
 *   fetch: typeof globalThis.fetch,
 * }} Settings
 */

const SERVER_BATCH_MAX = 5_000;

/**
 * @param {Partial<UsageLoggerOptions>} options
 * @returns {Settings}
 */
export function readSettings(options) {
  return {
    url: readUrl(options.url),
    batchMax: Math.min(atLeast(1, options.batchMax, 500), SERVER_BATCH_MAX),
    batchDelayMs: atLeast(0, options.batchDelayMs, 1_000),
    queueMax: atLeast(1, options.queueMax, 10_000),
    retryForMs: atLeast(0, options.retryForMs, 600_000),
    retryMinMs: atLeast(1, options.retryMinMs, 500),
    retryMaxMs: atLeast(1, options.retryMaxMs, 30_000),
    requestTimeoutMs: atLeast(1, options.requestTimeoutMs, 10_000),
    exitTimeoutMs: atLeast(0, options.exitTimeoutMs, 5_000),
    // Looked up at each request, so that instrumentation that comes later is used.
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
  };
}

/** The usage endpoint, or "" where the url is none. @param {unknown} url */
function readUrl(url) {
  if (typeof url !== 'string' || !/^https?:\/\/./.test(url)) return '';
  return `${url.replace(/\/+$/, '')}/v1/usage`;
}

/** @type {(least: number, value: unknown, fallback: number) => number} */
function atLeast(least, value, fallback) {
  const isUsable = typeof value === 'number' && Number.isFinite(value) && value >= least;
  return isUsable ? value : fallback;
}
