// Rules of delivery: each logged call is one row whatever happens on the way, the caller never waits
// or sees an exception, and whatever is not recorded is reported.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { addTestClient } from '../../core/test-support.ts';
import { createToken, type Scope } from '../api/tokens.ts';
import { serveTestBooks, type TestApi } from '../test-support.ts';
import { buildRoad, type Road, readEvents } from './test-support.ts';
import type { Drop, UsageLogger, UsageLoggerOptions } from './types.d.ts';
import { createUsageLogger } from './usage-logger.js';

const USAGE = { prompt_tokens: 150, completion_tokens: 80, total_tokens: 230 };
const QUICK = { batchDelayMs: 1, retryMinMs: 1, retryMaxMs: 20 };

let api: TestApi;
let road: Road;
let drops: Drop[];
const opened: UsageLogger[] = [];

beforeAll(async () => {
  api = await serveTestBooks();
  road = await buildRoad(api.url);
});

beforeEach(() => {
  drops = [];
  road.faults = [];
  road.bodies = [];
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((logger) => logger.close({ timeoutMs: 0 })));
});

afterAll(async () => {
  await road.close();
  await api.close();
});

function open(options: Partial<UsageLoggerOptions> = {}): UsageLogger {
  const onDrop = (drop: Drop) => drops.push(drop);
  const own = { url: road.url, token: api.token, clientId: 'acme', onDrop, ...QUICK };
  const logger = createUsageLogger({ ...own, ...options });
  opened.push(logger);
  return logger;
}

function log(logger: UsageLogger, details: Record<string, unknown> = {}): string {
  return logger.logOpenAIUsage('acme', 'conv-1', '+12025550123', 'gpt-4o', USAGE, details);
}

test('each provider has its function, and what it logs is stored with its usage', async () => {
  const logger = open();
  const openai = log(logger, { latency_ms: 812.5, service_tier: 'flex' });
  const groq = logger.logGroqUsage('acme', 'conv-1', 5511999999999, 'llama-3.1-70b-versatile', {
    ...USAGE,
    prompt_time: 0.01,
    completion_time: 0.2,
  });
  const router = logger.logOpenRouterUsage('acme', null, null, 'openai/gpt-4o', {
    ...USAGE,
    cost: 0.00123,
  });
  const claude = logger.logAnthropicUsage(undefined, undefined, undefined, 'claude-sonnet-4-5', {
    input_tokens: 10,
    output_tokens: 5,
  });
  const whisper = logger.logWhisperUsage('acme', 'conv-1', '+12025550123', 30.5);
  const guessed = logger.logWhisperUsage('acme', 'conv-1', '+12025550123', 30, 1500);
  const other = logger.logUsage({ provider: 'acme-ai', model: 'm-1', input_tokens: 3 });
  await logger.flush();

  expect(await readEvents(api.books.owner, openai)).toMatchObject([
    {
      client_id: 'acme',
      provider: 'openai',
      model: 'gpt-4o',
      conversation_id: 'conv-1',
      phone: '+12025550123',
      service_tier: 'flex',
      raw_usage: USAGE,
      latency_ms: 812.5,
      input_tokens: 150,
      output_tokens: 80,
    },
  ]);
  expect(await readEvents(api.books.owner, groq)).toMatchObject([
    { provider: 'groq', raw_usage: { completion_time: 0.2 }, input_tokens: 150 },
  ]);
  expect(await readEvents(api.books.owner, router)).toMatchObject([
    { provider: 'openrouter', raw_usage: { cost: 0.00123 }, conversation_id: null },
  ]);
  expect(await readEvents(api.books.owner, claude)).toMatchObject([{ provider: 'anthropic' }]);
  expect(await readEvents(api.books.owner, whisper)).toMatchObject([
    { model: 'whisper-1', operation: 'transcription', audio_seconds: 30.5, estimated: false },
  ]);
  expect(await readEvents(api.books.owner, guessed)).toMatchObject([
    { audio_seconds: 30, input_tokens: 1500, estimated: true, cost_status: 'estimated' },
  ]);
  expect(await readEvents(api.books.owner, other)).toMatchObject([{ provider: 'acme-ai' }]);
  expect(drops).toEqual([]);
  expect(logger.stats()).toMatchObject({ delivered: 7, queued: 0, requests: 1 });
});

test('a call is stored once where the server answers 503 first', async () => {
  const logger = open();
  road.faults = [{ status: 503 }, { status: 500 }, { status: 429 }, { status: 408 }];
  const id = log(logger);
  await logger.flush();
  expect(await readEvents(api.books.owner, id)).toHaveLength(1);
  expect(new Set(road.bodies).size).toBe(1);
  expect(logger.stats()).toMatchObject({ delivered: 1, duplicates: 0, retries: 4 });
});

test('a call is stored once where the connection breaks after the commit', async () => {
  const logger = open();
  road.faults = ['break', 'break'];
  const id = log(logger);
  await logger.flush();
  expect(await readEvents(api.books.owner, id)).toHaveLength(1);
  expect(logger.stats()).toMatchObject({ delivered: 1, duplicates: 1, requests: 3 });
});

test('calls are stored once where the server is down and comes back', async () => {
  const logger = open();
  await road.close();
  const ids = [log(logger), log(logger)];
  await vi.waitFor(() => expect(logger.stats().retries).toBeGreaterThan(2));
  await road.open();
  await logger.flush();
  for (const id of ids) expect(await readEvents(api.books.owner, id)).toHaveLength(1);
  expect(drops).toEqual([]);
});

test('a wrong answer of something else than the server is not taken for a commit', async () => {
  const logger = open();
  road.faults = [
    { status: 200, text: '<html>' },
    { status: 200, text: '{"results": []}' },
  ];
  const id = log(logger);
  await logger.flush();
  expect(await readEvents(api.books.owner, id)).toHaveLength(1);
});

test('Retry-After is waited for, also while somebody flushes', async () => {
  const logger = open({ retryMaxMs: 1 });
  road.faults = [{ status: 503, headers: { 'retry-after': '1' } }];
  const startedMs = performance.now();
  log(logger);
  await vi.waitFor(() => expect(logger.stats().retries).toBe(1));
  await logger.flush();
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(990);
});

test('a bad item is dropped and reported, and the others of its batch are stored', async () => {
  const logger = open({ batchDelayMs: 60_000 });
  const good = log(logger);
  const bad = log(logger, { currency: 'dollars' });
  const conflict = log(logger, { id: good, latency_ms: 3 });
  const last = log(logger);
  await logger.flush();
  expect(conflict).toBe(good);
  expect(drops).toMatchObject([
    { reason: 'rejected', event: { id: bad }, message: expect.stringContaining('currency') },
    { reason: 'conflict', event: { id: good } },
  ]);
  expect(logger.stats().lastError).toMatch(/^conflict: /);
  expect(await readEvents(api.books.owner, last)).toHaveLength(1);
  expect(road.bodies).toHaveLength(1);
});

test.each([400, 401, 403, 404, 302])(
  'what is answered %i is dropped and reported',
  async (status) => {
    const logger = open();
    road.faults = [{ status }];
    log(logger);
    await logger.flush();
    expect(drops).toMatchObject([{ reason: 'refused', status }]);
    expect(logger.stats()).toMatchObject({ dropped: 1, droppedBy: { refused: 1 }, queued: 0 });
  },
);

test('a batch that is too large is halved until it passes', async () => {
  const logger = open({ batchDelayMs: 60_000 });
  road.faults = [{ status: 413 }, { status: 413 }];
  const ids = Array.from({ length: 5 }, () => log(logger));
  await logger.flush();
  for (const id of ids) expect(await readEvents(api.books.owner, id)).toHaveLength(1);
  expect(road.bodies.map((body) => JSON.parse(body).length)).toEqual([5, 2, 1, 2, 2]);
});

test('the queue has an end: newer events are dropped, counted and reported', async () => {
  const logger = open({ queueMax: 3 });
  await road.close();
  const ids = Array.from({ length: 5 }, () => log(logger));
  expect(drops.map(({ event, reason }) => [event.id, reason])).toEqual([
    [ids[3], 'queue_full'],
    [ids[4], 'queue_full'],
  ]);
  await road.open();
  await logger.flush();
  expect(logger.stats()).toMatchObject({ delivered: 3, dropped: 2 });
});

test('large events do not fill the memory while the server is away', async () => {
  const logger = open({ url: 'http://127.0.0.1:1' });
  for (let at = 0; at < 600; at += 1) log(logger, { metadata: { text: 'x'.repeat(60_000) } });
  expect(new Set(drops.map(({ reason }) => reason))).toEqual(new Set(['queue_full']));
  expect(logger.stats().queued * 60_000).toBeLessThan(32_000_000);
});

test('an event that cannot be delivered in its time is dropped and reported', async () => {
  const logger = open({ url: 'http://127.0.0.1:1', retryForMs: 30 });
  log(logger);
  await logger.flush();
  expect(drops).toMatchObject([{ reason: 'gave_up' }]);
});

test('a closed logger drops what it could not deliver, and takes no more', async () => {
  const logger = open({ url: 'http://127.0.0.1:1' });
  log(logger);
  await logger.close({ timeoutMs: 20 });
  log(logger);
  expect(drops.map(({ reason }) => reason)).toEqual(['closed', 'closed']);
  expect(logger.stats().queued).toBe(0);
});

test('a call for another client goes to that client, and without its token to nobody', async () => {
  await addTestClient(api.books.app, { clientId: 'globex', name: 'Globex' });
  const scopes: Scope[] = ['usage:write'];
  const token = await createToken(api.books.app, { clientId: 'globex', name: 'test', scopes });
  const logger = open({ tokens: { globex: token } });
  const id = logger.logOpenAIUsage('globex', 'c', null, 'gpt-4o', USAGE);
  logger.logOpenAIUsage('initech', 'c', null, 'gpt-4o', USAGE);
  await logger.flush();
  expect(await readEvents(api.books.owner, id)).toMatchObject([{ client_id: 'globex' }]);
  expect(drops).toMatchObject([{ clientId: 'initech', reason: 'no_token' }]);
});

test('hostile usage is recorded as far as it can be read, and never throws', async () => {
  const logger = open();
  const cycle: Record<string, unknown> = { prompt_tokens: 5n, completion_tokens: 2 };
  cycle.self = cycle;
  Object.defineProperty(cycle, 'trap', {
    enumerable: true,
    get: () => {
      throw new Error('trap');
    },
  });
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const ids = [
    cycle,
    revoked.proxy,
    'text',
    null,
    { f: () => 1, s: Symbol('s'), n: Number.NaN },
  ].map((usage) => logger.logOpenAIUsage('acme', 'c', null, 'gpt-4o', usage));
  logger.logUsage(revoked.proxy as never);
  logger.logUsage(null as never);
  // @ts-expect-error The types forbid it, and JavaScript does not.
  logger.logOpenAIUsage();
  log(logger, revoked.proxy);
  await logger.flush();
  expect(await readEvents(api.books.owner, ids[0])).toMatchObject([
    {
      raw_usage: { prompt_tokens: 5, completion_tokens: 2 },
      metadata: { unreadable: ['raw_usage.self', 'raw_usage.trap'] },
    },
  ]);
  expect(await readEvents(api.books.owner, ids[1])).toMatchObject([{ raw_usage: {} }]);
  expect(drops.map(({ reason }) => reason).sort()).toEqual([
    'rejected',
    'rejected',
    'unreadable',
    'unreadable',
  ]);
});
