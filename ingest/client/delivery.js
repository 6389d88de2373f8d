// What one usage logger has under way: an outbox for each client it has a token of, the counts of all,
// and the report of what is dropped. Never throws.
import { drainBeforeExit, forgetDrain } from './exit-hook.js';
import { Outbox } from './outbox.js';
import { readSettings } from './settings.js';

/** @import { Drop, Id, UsageLoggerOptions, UsageStats } from './types.d.ts' */

const EVENT_LENGTH_MAX = 64_000;
// Ten thousand events of the greatest length would take more memory than most applications have.
const QUEUE_LENGTH_MAX = 32_000_000;
const CLOSE_TIMEOUT_MS = 5_000;

export class Delivery {
  #settings;
  #clientId;
  #tokens;
  #report;
  /** @type {UsageStats} */
  #stats = emptyStats();
  /** Characters that wait, over all clients. */
  #load = { length: 0 };
  /** @type {Map<string, Outbox>} */
  #outboxes = new Map();
  /** @type {Set<Promise<unknown>>} */
  #held = new Set();
  #isClosed = false;
  #drainAtExit;

  /** @param {Partial<UsageLoggerOptions>} options */
  constructor(options) {
    this.#settings = readSettings(options);
    this.#clientId = String(options.clientId ?? '');
    this.#tokens = new Map(Object.entries({ ...options.tokens, [this.#clientId]: options.token }));
    this.#report = createReport(this.#stats, options.onDrop);
    this.#drainAtExit = () =>
      this.#drain('gave_up', 'the process ended', this.#settings.exitTimeoutMs);
  }

  /**
   * @param {string} id
   * @param {Record<string, unknown> | undefined} event none where it could not be read
   * @param {Id} [toClient] the logger's own client if absent
   */
  add(id, event, toClient) {
    const clientId = toClient == null ? this.#clientId : String(toClient);
    /** @type {(reason: Drop['reason'], message: string) => void} */
    const refuse = (reason, message) =>
      this.#report({ clientId, event: event ?? { id }, reason, message });
    if (event === undefined) return refuse('unreadable', 'the event is no object');
    if (this.#settings.url === '') return refuse('refused', 'url is no http address');
    if (this.#isClosed) return refuse('closed', 'the logger was closed');
    const outbox = this.#outboxOf(clientId);
    if (outbox === undefined) return refuse('no_token', `there is no token for "${clientId}"`);
    const { queued } = this.#stats;
    if (queued >= this.#settings.queueMax) return refuse('queue_full', `${queued} events wait`);
    const json = JSON.stringify(event);
    if (json.length > EVENT_LENGTH_MAX) return refuse('too_large', `${json.length} characters`);
    const length = this.#load.length + json.length;
    if (length > QUEUE_LENGTH_MAX) return refuse('queue_full', `${length} characters would wait`);
    drainBeforeExit(this.#drainAtExit);
    outbox.add({ event, json });
  }

  /**
   * Lets a flush wait for an event that is about to be added.
   *
   * @param {Promise<unknown>} work it never rejects
   */
  hold(work) {
    this.#held.add(work);
    void work.then(() => this.#held.delete(work));
  }

  /** @param {{ timeoutMs?: number | undefined }} [options] */
  flush({ timeoutMs } = {}) {
    return within(timeoutMs, this.#flushAll());
  }

  /** @param {{ timeoutMs?: number | undefined }} [options] */
  async close({ timeoutMs = CLOSE_TIMEOUT_MS } = {}) {
    await this.#drain('closed', 'the logger was closed', timeoutMs);
    this.#isClosed = true;
  }

  /** @returns {UsageStats} */
  stats() {
    return { ...this.#stats, droppedBy: { ...this.#stats.droppedBy } };
  }

  async #flushAll() {
    await Promise.all(this.#held);
    await Promise.all([...this.#outboxes.values()].map((outbox) => outbox.flush()));
  }

  /** @type {(reason: 'closed' | 'gave_up', message: string, timeoutMs: number) => Promise<void>} */
  async #drain(reason, message, timeoutMs) {
    await within(timeoutMs, this.#flushAll());
    for (const outbox of this.#outboxes.values()) outbox.dropAll(reason, message);
  }

  /** @type {(clientId: string) => Outbox | undefined} */
  #outboxOf(clientId) {
    const token = this.#tokens.get(clientId);
    const known = this.#outboxes.get(clientId);
    if (known !== undefined || !token) return known;
    const onSettled = () => {
      if (this.#stats.queued === 0) forgetDrain(this.#drainAtExit);
    };
    const shared = {
      settings: this.#settings,
      stats: this.#stats,
      load: this.#load,
      report: this.#report,
      onSettled,
    };
    const outbox = new Outbox({ clientId, token, shared });
    this.#outboxes.set(clientId, outbox);
    return outbox;
  }
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
      else if (stats.droppedBy[drop.reason] === 1) warn(drop);
    } catch {
      // A fault of the application's report is not the caller's.
    }
  };
}

/** @param {Drop} drop */
function warn({ event, reason, message }) {
  console.warn(
    `daybook: usage event ${event.id} was not recorded (${reason}: ${message}). ` +
      'Further ones of this kind are only counted: see stats(), or pass onDrop.',
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
