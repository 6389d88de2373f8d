// What the ingest server counts: requests, events, groups of a commit, texts and model calls. Wraps the
// collaborators it is about, none of which knows of it; no client, number or token is ever a label.
import type { Counter, Histogram, Metrics } from '../core/metrics.ts';
import type { Model } from './agent/model.ts';
import type { GroupWatcher } from './store/groups.ts';
import type { MessageStore } from './store/messages.ts';
import type { StoreUsage } from './store/usage-events.ts';
import type { TwilioApi } from './twilio/api.ts';
import { countResults } from './usage/answers.ts';
import { USAGE_ROUTES } from './usage/routes.ts';

export interface IngestMetrics {
  /** Told of a request that came; returns what is told of its answer. */
  countRequest(): (path: string, status: number) => void;
  countEvents(store: StoreUsage): StoreUsage;
  groups: GroupWatcher;
  countTexts(store: MessageStore): MessageStore;
  countSends(twilio: TwilioApi): TwilioApi;
  countCalls(model: Model): Model;
}

const PATHS = [
  ...USAGE_ROUTES.map(({ path }) => path),
  ...['/webhooks/twilio/sms', '/webhooks/twilio/status', '/healthz', '/readyz', '/openapi.json'],
  ...['/api/public/health', 'other'],
];
const STATUSES = ['2xx', '3xx', '4xx', '5xx'];
/** Answers that ask the sender to wait and try again. */
const BACK_OFF = ['408', '413', '429', '503'];
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const MODEL_SECONDS = [0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120, 240];
const SIZES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];

/** Registers the metrics of an ingest server. */
export function createIngestMetrics(metrics: Metrics): IngestMetrics {
  const events = metrics.counter('daybook_events_total', 'Usage events, by what became of each.', {
    result: ['accepted', 'duplicate', 'conflict', 'rejected'],
  });
  const texts = metrics.counter('daybook_texts_received_total', 'Texts of signed webhooks.', {
    result: ['stored', 'duplicate'],
  });
  const sends = metrics.counter('daybook_texts_sent_total', 'Texts handed to Twilio, by answer.', {
    outcome: ['sent', 'uncertain', 'retry', 'refused'],
  });
  return {
    countRequest: watchRequests(metrics),
    countEvents: (store) => async (clientId, items) => {
      const results = await store(clientId, items);
      for (const [result, count] of Object.entries(countResults(results)))
        events.add({ result }, count);
      return results;
    },
    groups: watchGroups(metrics),
    countTexts: (store) => ({
      ...store,
      storeInbound: async (inbound) => {
        const result = await store.storeInbound(inbound);
        texts.add({ result });
        return result;
      },
    }),
    countSends: (twilio) => ({
      ...twilio,
      send: async (text) => {
        const result = await twilio.send(text);
        sends.add({ outcome: result.outcome });
        return result;
      },
    }),
    countCalls: watchModel(metrics),
  };
}

function watchRequests(metrics: Metrics): IngestMetrics['countRequest'] {
  const requests = metrics.counter('daybook_http_requests_total', 'Requests that were answered.', {
    path: PATHS,
    status: STATUSES,
  });
  const backOffs = metrics.counter(
    'daybook_http_back_off_total',
    'Answers that were a limit or an outage: too slow, too large, too many, not now.',
    { status: BACK_OFF },
  );
  const seconds = metrics.histogram(
    'daybook_http_request_seconds',
    'From the head of a request to the end of its answer.',
    SECONDS,
    { path: PATHS },
  );
  const inFlight = metrics.gauge('daybook_http_requests_in_flight', 'Requests not answered yet.');
  let open = 0;
  inFlight.set(open);
  return () => {
    const started = performance.now();
    open += 1;
    inFlight.set(open);
    return (path, status) => {
      open -= 1;
      inFlight.set(open);
      requests.add({ path, status: `${Math.floor(status / 100)}xx` });
      if (BACK_OFF.includes(String(status))) backOffs.add({ status: String(status) });
      seconds.observe((performance.now() - started) / 1_000, { path });
    };
  };
}

function watchGroups(metrics: Metrics): GroupWatcher {
  const sizes = metrics.histogram(
    'daybook_commit_requests',
    'Requests that shared a transaction.',
    SIZES,
  );
  const waiting = metrics.gauge('daybook_commit_waiting', 'Requests that wait for a transaction.');
  waiting.set(0);
  return {
    onWaiting: (count) => waiting.set(count),
    onGroup: (size) => sizes.observe(size),
  };
}

function watchModel(metrics: Metrics): IngestMetrics['countCalls'] {
  const labels = { purpose: ['answer', 'transcription'], outcome: ['success', 'error'] };
  const calls = metrics.counter(
    'daybook_model_calls_total',
    'Calls of the language model.',
    labels,
  );
  const seconds = metrics.histogram(
    'daybook_model_call_seconds',
    'From the request to its answer, further tries included.',
    MODEL_SECONDS,
    { purpose: labels.purpose },
  );
  const counted = counting(calls, seconds);
  return (model) => ({
    answer: (request) => counted('answer', () => model.answer(request)),
    transcribe: (audio, signal) => counted('transcription', () => model.transcribe(audio, signal)),
  });
}

function counting(calls: Counter, seconds: Histogram) {
  return async <T>(purpose: string, call: () => Promise<T>): Promise<T> => {
    const started = performance.now();
    let outcome = 'error';
    try {
      const value = await call();
      outcome = 'success';
      return value;
    } finally {
      calls.add({ purpose, outcome });
      seconds.observe((performance.now() - started) / 1_000, { purpose });
    }
  };
}
