// The queue of one client's events and the loop that delivers it: in batches, in order, again and
// again until the server has them or an event is dropped and reported. Never throws.
import { readServerAnswer, retryDelayMs } from './server-answer.js';

/** @import { Drop, DropReason, UsageStats } from './types.d.ts' */
/** @import { Verdict } from './server-answer.js' */
/** @import { Settings } from './settings.js' */

/**
 * @typedef {{ event: Record<string, unknown>, json: string, addedMs: number }} Entry
 * @typedef {{
 *   settings: Settings,
 *   stats: UsageStats,
 *   load: { length: number },
 *   report: (drop: Drop) => void,
 *   onSettled: () => void,
 * }} Shared what the outboxes of one logger have in common
 */

const BATCH_LENGTH_MAX = 1_000_000;
const RETRY_AFTER_MAX_MS = 3_600_000;

export class Outbox {
  #clientId;
  #token;
  #shared;
  /** @type {Entry[]} */
  #queue = [];
  #added = 0;
  #settled = 0;
  #isRunning = false;
  #batchLimit;
  /** @type {{ upTo: number, resolve: () => void }[]} */
  #waiters = [];
  /** @type {{ timer: ReturnType<typeof setTimeout>, wake: () => void, canWake: boolean } | undefined} */
  #sleep;
  /** @type {AbortController | undefined} */
  #sending;

  /** @param {{ clientId: string, token: string, shared: Shared }} options */
  constructor({ clientId, token, shared }) {
    this.#clientId = clientId;
    this.#token = token;
    this.#shared = shared;
    this.#batchLimit = shared.settings.batchMax;
  }

  /** @param {{ event: Record<string, unknown>, json: string }} item */
  add(item) {
    this.#queue.push({ ...item, addedMs: performance.now() });
    this.#added += 1;
    this.#shared.stats.queued += 1;
    this.#shared.load.length += item.json.length;
    if (this.#queue.length === this.#shared.settings.batchMax) this.#wake();
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#run();
  }

  /** Resolves when all that was added so far is settled. @returns {Promise<void>} */
  flush() {
    if (this.#queue.length === 0) return Promise.resolve();
    const settled = new Promise((resolve) => {
      this.#waiters.push({ upTo: this.#added, resolve: () => resolve(undefined) });
    });
    // Somebody waits now: the pause holds the process.
    refTimer(this.#sleep?.timer);
    this.#wake();
    return settled;
  }

  /** @type {(reason: DropReason, message: string) => void} */
  dropAll(reason, message) {
    const wasSent = this.#sending !== undefined;
    this.#drop(this.#queue.length, reason, wasSent ? `${message}; an answer was due` : message);
    this.#sending?.abort();
    this.#sleep?.wake();
  }

  async #run() {
    try {
      while (this.#queue.length > 0) {
        if (this.#waiters.length === 0 && this.#queue.length < this.#shared.settings.batchMax) {
          await this.#pause(this.#shared.settings.batchDelayMs, true);
        }
        await this.#deliverBatch();
      }
    } catch (error) {
      this.#drop(this.#queue.length, 'gave_up', String(error));
    } finally {
      this.#isRunning = false;
    }
  }

  /** Tries one batch until each of its events is settled. */
  async #deliverBatch() {
    for (let attempt = 1; ; attempt += 1) {
      const batch = this.#nextBatch();
      if (batch.length === 0) return;
      const verdict = await this.#post(batch);
      // Dropped while it was under way.
      if (this.#queue[0] !== batch[0]) return;
      if (verdict.kind !== 'retry') return this.#settle(verdict, batch);
      this.#dropExpired(verdict.message);
      if (this.#queue.length === 0) return;
      this.#shared.stats.retries += 1;
      const { retryMinMs: minMs, retryMaxMs: maxMs } = this.#shared.settings;
      const pauseMs = retryDelayMs(attempt, verdict.afterMs, { minMs, maxMs }, Math.random());
      await this.#pause(Math.min(pauseMs, RETRY_AFTER_MAX_MS), verdict.afterMs === undefined);
    }
  }

  #nextBatch() {
    let length = 0;
    const end = this.#queue.findIndex((entry, index) => {
      length += entry.json.length;
      return index === this.#batchLimit || (index > 0 && length > BATCH_LENGTH_MAX);
    });
    return this.#queue.slice(0, end === -1 ? undefined : end);
  }

  /** @type {(batch: Entry[]) => Promise<Verdict>} */
  async #post(batch) {
    const { url, fetch, requestTimeoutMs } = this.#shared.settings;
    const controller = new AbortController();
    this.#sending = controller;
    const timer = setTimeout(() => controller.abort(), requestTimeoutMs);
    this.#shared.stats.requests += 1;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
        body: `[${batch.map(({ json }) => json).join(',')}]`,
        // A redirect would carry the token elsewhere, or the events nowhere.
        redirect: 'manual',
        signal: controller.signal,
      });
      const text = await response.text();
      const retryAfter = response.headers.get('retry-after');
      const answer = { status: response.status, retryAfter, text };
      return readServerAnswer(answer, batch.length, Date.now());
    } catch (error) {
      return { kind: 'retry', message: describeError(error), afterMs: undefined };
    } finally {
      clearTimeout(timer);
      this.#sending = undefined;
    }
  }

  /** @type {(verdict: Exclude<Verdict, { kind: 'retry' }>, batch: Entry[]) => void} */
  #settle(verdict, batch) {
    if (verdict.kind === 'settled') return this.#settleItems(verdict.items, batch);
    this.#shared.stats.lastError = verdict.message;
    if (verdict.kind === 'too_large' && batch.length > 1) {
      this.#batchLimit = Math.floor(batch.length / 2);
    } else this.#drop(batch.length, verdict.kind, verdict.message);
  }

  /** @type {(items: { result: string, message: string }[], batch: Entry[]) => void} */
  #settleItems(items, batch) {
    const { settings, stats } = this.#shared;
    this.#batchLimit = Math.min(settings.batchMax, this.#batchLimit * 2);
    items.forEach(({ result, message }, index) => {
      if (result === 'rejected' || result === 'conflict') {
        stats.lastError = `${result}: ${message}`;
        this.#report(/** @type {Entry} */ (batch[index]), result, message, 200);
        return;
      }
      stats.delivered += 1;
      if (result === 'duplicate') stats.duplicates += 1;
    });
    this.#forget(batch.length);
  }

  /** @param {string} message why the last attempt failed */
  #dropExpired(message) {
    const { settings, stats } = this.#shared;
    stats.lastError = message;
    const oldestMs = performance.now() - settings.retryForMs;
    const fresh = this.#queue.findIndex(({ addedMs }) => addedMs > oldestMs);
    this.#drop(fresh === -1 ? this.#queue.length : fresh, 'gave_up', message);
  }

  /** @type {(count: number, reason: DropReason, message: string) => void} */
  #drop(count, reason, message) {
    const status = Number(/^HTTP (\d+)/.exec(message)?.[1]);
    for (const entry of this.#queue.slice(0, count)) {
      this.#report(entry, reason, message, Number.isNaN(status) ? undefined : status);
    }
    this.#forget(count);
  }

  /** @type {(entry: Entry, reason: DropReason, message: string, status?: number) => void} */
  #report({ event }, reason, message, status) {
    const drop = { clientId: this.#clientId, event, reason, message };
    this.#shared.report(status === undefined ? drop : { ...drop, status });
  }

  /** @param {number} count the oldest, settled for good */
  #forget(count) {
    for (const { json } of this.#queue.splice(0, count)) this.#shared.load.length -= json.length;
    this.#settled += count;
    this.#shared.stats.queued -= count;
    const done = this.#waiters.filter(({ upTo }) => upTo <= this.#settled);
    this.#waiters = this.#waiters.filter(({ upTo }) => upTo > this.#settled);
    for (const { resolve } of done) resolve();
    this.#shared.onSettled();
  }

  /** @type {(ms: number, canWake: boolean) => Promise<void>} */
  #pause(ms, canWake) {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#sleep = undefined;
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#sleep = { timer, wake, canWake };
      // Waiting events alone do not keep a process alive; the exit hook sends them.
      if (this.#waiters.length === 0) unrefTimer(timer);
    });
  }

  /** Ends a pause, unless the server asked for it. */
  #wake() {
    if (this.#sleep?.canWake) this.#sleep.wake();
  }
}

/** @param {unknown} timer a number outside Node */
function refTimer(timer) {
  /** @type {{ ref?: () => void } | undefined} */ (timer)?.ref?.();
}

/** @param {unknown} timer a number outside Node */
function unrefTimer(timer) {
  /** @type {{ unref?: () => void }} */ (timer).unref?.();
}

/** @param {unknown} error */
function describeError(error) {
  const { message, cause } = /** @type {{ message?: string, cause?: { message?: string } }} */ (
    error ?? {}
  );
  return [message, cause?.message].filter(Boolean).join(': ') || 'the request failed';
}
