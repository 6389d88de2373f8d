// Rules of `track`: with the real OpenAI client, each call is one row with what the provider told of
// it, and the caller gets exactly what an untracked client gives.
import OpenAI, { AzureOpenAI } from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveTestBooks, type TestApi } from '../test-support.ts';
import { CHAT_USAGE, type ProviderStandIn, startProvider } from './provider-stand-in.ts';
import { readEvents } from './test-support.ts';
import type { TrackContext, UsageLogger } from './types.d.ts';
import { createUsageLogger } from './usage-logger.js';
import { chat, readAll, streamChat, USES, type Use } from './uses-of-openai.ts';

let api: TestApi;
let provider: ProviderStandIn;
let usage: UsageLogger;
let openai: OpenAI;
let seen = 0;

beforeAll(async () => {
  api = await serveTestBooks();
  provider = await startProvider();
  usage = createUsageLogger({ url: api.url, token: api.token, clientId: 'acme', batchDelayMs: 1 });
  openai = new OpenAI({ baseURL: provider.url, apiKey: 'sk-test', maxRetries: 1 });
});

afterAll(async () => {
  await usage.close();
  await provider.close();
  await api.close();
});

/** The rows that a use of a tracked client adds. */
async function record(use: Use, context: TrackContext = {}): Promise<Record<string, unknown>[]> {
  try {
    await use(usage.track(openai, context));
  } catch {
    // What is thrown is compared elsewhere.
  }
  return newRows();
}

async function newRows(): Promise<Record<string, unknown>[]> {
  await usage.flush();
  const rows = await readEvents(api.books.owner);
  const added = rows.slice(seen);
  seen = rows.length;
  return added;
}

test.each(USES)('%s is stored once', async (_name, use, row, calls = 1) => {
  const rows = await record(use, { conversationId: 'conv-1', phone: '+12025550123' });
  const context = { conversation_id: 'conv-1', phone: '+12025550123', client_id: 'acme' };
  expect(rows).toEqual(Array(calls).fill(expect.objectContaining({ ...row, ...context })));
  expect(rows[0]?.latency_ms).toBeGreaterThan(0);
});

test.each(USES)('%s gives the caller what it gives without track', async (_name, use) => {
  const plain = await outcomeOf(use, openai);
  const tracked = await outcomeOf(use, usage.track(openai));
  expect(tracked).toEqual(plain);
  await newRows();
});

test('what would differ is noticed', async () => {
  const asks = { stream_options: { include_usage: true } };
  const withUsage = await outcomeOf((client) => readAll(streamChat(client, asks)), openai);
  const without = await outcomeOf((client) => readAll(streamChat(client)), openai);
  expect(withUsage).not.toEqual(without);
});

async function outcomeOf(use: Use, client: OpenAI): Promise<object> {
  try {
    const result = await use(client);
    return { result, kind: result?.constructor?.name };
  } catch (error) {
    const { message, status, code, type, requestID } = error as Record<string, unknown>;
    return { kind: error?.constructor, message, status, code, type, requestID };
  }
}

test('the time to the first token of a stream is measured', async () => {
  const [row] = await record((client) => readAll(streamChat(client)));
  expect(row?.ttft_ms).toBeGreaterThan(0);
  expect(row?.ttft_ms).toBeLessThanOrEqual(row?.latency_ms as number);
});

test('a stream is asked for its usage only where nobody decided about it', async () => {
  const asked = async (fields: object, context: TrackContext = {}) => {
    await record((client) => readAll(streamChat(client, fields)), context);
    return provider.requests.at(-1)?.body.stream_options;
  };
  expect(await asked({})).toEqual({ include_usage: true });
  expect(await asked({}, { includeUsage: false })).toBeUndefined();
  expect(await asked({}, { provider: 'openrouter' })).toBeUndefined();
  const declined = { stream_options: { include_usage: false } };
  expect(await asked(declined)).toEqual(declined.stream_options);
});

test('a server that refuses to be asked for usage is asked as the caller did', async () => {
  const old = { model: 'old-server' };
  const uses: Use[] = [
    (client) => readAll(streamChat(client, old)),
    async (client) => (await streamChat(client, old).asResponse()).text(),
    async (client) => readAll((await streamChat(client, old).withResponse()).data),
    (client) => client.chat.completions.stream({ ...chat, ...old }).finalChatCompletion(),
  ];
  for (const use of uses) {
    const fresh = new OpenAI({ baseURL: provider.url, apiKey: 'sk-test' });
    const plain = await outcomeOf(use, fresh);
    const requests = provider.requests.length;
    expect(await outcomeOf(use, usage.track(fresh))).toEqual(plain);
    expect(await newRows()).toMatchObject([{ status: 'success', streamed: true }]);
    expect(provider.requests.length - requests).toBe(2);
    await outcomeOf(use, usage.track(fresh));
    expect(provider.requests.length - requests).toBe(3);
    expect(await newRows()).toHaveLength(1);
  }
});

test('a client that is tracked twice records once, with both contexts', async () => {
  const once = usage.track(openai, { conversationId: 'conv-1', userId: 'u-1' });
  await usage.track(once, { conversationId: 'conv-2' }).chat.completions.create(chat);
  const rows = await newRows();
  expect(rows).toMatchObject([{ conversation_id: 'conv-2', user_id: 'u-1' }]);
});

test('the client that is tracked stays as it is, and the tracked one is of its kind', async () => {
  const tracked = usage.track(openai);
  expect(tracked).toBeInstanceOf(OpenAI);
  expect(tracked.chat.completions).toBe(tracked.chat.completions);
  expect((await tracked.models.list()).data).toEqual([]);
  await openai.chat.completions.create(chat);
  expect(await newRows()).toEqual([]);
  await tracked.withOptions({ timeout: 5_000 }).chat.completions.create(chat);
  expect(await newRows()).toHaveLength(1);
  expect(usage.track(null as never)).toBeNull();
  expect(usage.track(Object.freeze({ post: 1 }))).toEqual({ post: 1 });
});

test('what the application knows goes with each call, for the client it names', async () => {
  const [row] = await record((client) => client.chat.completions.create(chat), {
    chatbotId: 7,
    metadata: { channel: 'sms' },
  });
  const host = new URL(provider.url).host;
  expect(row).toMatchObject({ metadata: { channel: 'sms', host } });
  const rows = await record((client) => client.chat.completions.create(chat), { clientId: 'x' });
  expect(rows).toEqual([]);
  expect(usage.stats().droppedBy).toEqual({ no_token: 1 });
});

test('Azure is known by its client', async () => {
  const azure = new AzureOpenAI({
    baseURL: provider.url,
    apiKey: 'k',
    apiVersion: '2024-10-21',
  });
  await usage.track(azure).chat.completions.create(chat);
  expect(await newRows()).toMatchObject([{ provider: 'azure-openai', input_tokens: 194 }]);
});

test('a broken way to Daybook is nothing that the caller notices', async () => {
  const away = createUsageLogger({
    url: 'http://127.0.0.1:1',
    token: 't',
    clientId: 'acme',
    onDrop: () => undefined,
  });
  const completion = await away.track(openai).chat.completions.create(chat);
  expect(completion.usage).toEqual(CHAT_USAGE);
  await away.close({ timeoutMs: 0 });
});
