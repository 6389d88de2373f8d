// Rules of LiteLLM's generic API logger: its payload in every form that it is sent in, the key of a
// call, failures and answers from the gateway's own cache.
import { describe, expect, test } from 'vitest';
import { parseLitellmRequest } from './litellm.ts';
import { onlyEvent, outcomes } from './wire-test-support.ts';

const USAGE = {
  prompt_tokens: 194,
  completion_tokens: 20,
  total_tokens: 214,
  prompt_tokens_details: { cached_tokens: 100 },
  completion_tokens_details: { reasoning_tokens: 5 },
};
const PAYLOAD = {
  id: 'chatcmpl-123',
  trace_id: 'trace-1',
  call_type: 'acompletion',
  stream: true,
  response_cost: 0.00123,
  status: 'success',
  custom_llm_provider: 'openrouter',
  total_tokens: 214,
  prompt_tokens: 194,
  completion_tokens: 20,
  startTime: 1795175628.94,
  endTime: 1795175630.1,
  completionStartTime: 1795175629.2,
  response_time: 1.16,
  model: 'openrouter/openai/gpt-4o-mini',
  model_group: 'sms',
  api_base: 'https://openrouter.ai/api/v1',
  metadata: {
    user_api_key_hash: 'h',
    user_api_key_team_id: 'acme',
    user_api_key_org_id: null,
    user_api_key_user_id: 'key-user',
    usage_object: USAGE,
    spend_logs_metadata: { chatbot_id: 'bot-1', conversation_id: 'talk-7' },
  },
  cache_hit: false,
  request_tags: ['sms'],
  end_user: 'ann',
  messages: [{ role: 'user', content: 'a secret' }],
  error_str: null,
};
const parse = (...payloads: object[]) => parseLitellmRequest(JSON.stringify(payloads));
const eventOf = (fields: object) => onlyEvent(parse({ ...PAYLOAD, ...fields }));

test('a payload is read whole', () => {
  const event = eventOf({});
  expect(event).toMatchObject({
    source: 'litellm',
    occurredAt: '2026-11-20T11:53:48.940000Z',
    latencyMs: '1160',
    ttftMs: '260',
    provider: 'openrouter',
    model: 'openai/gpt-4o-mini',
    operation: 'chat',
    requestId: 'chatcmpl-123',
    userId: 'ann',
    conversationId: 'talk-7',
    chatbotId: 'bot-1',
    status: 'success',
    streamed: true,
    tags: ['sms'],
    inputTokens: 194,
    cacheReadTokens: 100,
    outputTokens: 20,
    reasoningTokens: 5,
    reportedCost: '0.00123',
    currency: 'USD',
    flags: [],
  });
  expect(event.metadata).toContain('"user_api_key_team_id":"acme"');
  expect(JSON.stringify(event)).not.toContain('secret');
});

test.each<[string, string]>([
  ['an array', JSON.stringify([PAYLOAD])],
  ['an array over many lines', JSON.stringify([PAYLOAD], null, 2)],
  ['one payload', JSON.stringify(PAYLOAD)],
  ['lines', `${JSON.stringify(PAYLOAD)}\n${JSON.stringify({ ...PAYLOAD, id: 'b' })}\n`],
  ['JSON in JSON', JSON.stringify(JSON.stringify({ data: PAYLOAD }))],
])('the same type of content holds %s', (_form, body) => {
  const [first] = parseLitellmRequest(body);
  expect(first).toMatchObject({ event: { requestId: 'chatcmpl-123', inputTokens: 194 } });
});

test('a line that is no payload is refused alone', () => {
  const body = [JSON.stringify(PAYLOAD), '{"id":', '7', JSON.stringify({ ...PAYLOAD, id: 'b' })];
  expect(outcomes(parseLitellmRequest(body.join('\n')))).toEqual([
    expect.stringMatching(/^litellm-/),
    'must be an object',
    'must be an object',
    expect.stringMatching(/^litellm-/),
  ]);
});

test.each<[object, string]>([
  [{ model: 'gpt\u0000' }, 'model'],
  [{ end_user: '\ud800' }, 'user_id'],
  [{ end_user: 'x'.repeat(1_000_000) }, 'user_id'],
  [{ startTime: 'yesterday' }, 'occurred_at'],
  [{ metadata: { usage_object: { prompt_tokens: -1, completion_tokens: 1 } } }, 'input_tokens'],
  [{ response_cost: -1 }, 'cost'],
])('a poison payload is refused alone, by the name of the field', (poison, field) => {
  const items = parse(PAYLOAD, { ...PAYLOAD, id: 'x', ...poison }, { ...PAYLOAD, id: 'y' });
  expect(items).toMatchObject([{ event: {} }, { rejection: { field } }, { event: {} }]);
});

test.each([
  '"response_cost":1e400',
  '"__proto__":{"a":1}',
  `"deep":${'['.repeat(1e3)}${']'.repeat(1e3)}`,
])('so is %.30s', (poison) => {
  const bad = JSON.stringify({ ...PAYLOAD, response_cost: undefined }).replace('{', `{${poison},`);
  const body = `[${JSON.stringify(PAYLOAD)},${bad}]`;
  expect(parseLitellmRequest(body)).toMatchObject([{ event: {} }, { rejection: {} }]);
});

describe('the key of a call', () => {
  const idOf = (fields: object) => eventOf(fields).eventId;

  test('is its id with its start and its trace: an id alone is used again', () => {
    const ids = [{}, { id: 'b' }, { startTime: 1795175629 }, { trace_id: 'trace-2' }].map(idOf);
    expect(new Set(ids).size).toBe(4);
    expect(idOf({ response_cost: 9 })).toBe(idOf({}));
  });

  test('is all of the payload where there is neither id nor trace', () => {
    const none = { id: undefined, trace_id: undefined };
    expect(idOf({ ...none, end_user: 'bob' })).not.toBe(idOf(none));
    expect(idOf(none)).toBe(idOf(none));
  });
});

test('a failure is kept with the class of its error', () => {
  const error = { error_code: '429', error_class: 'RateLimitError', llm_provider: 'openai' };
  const failed = { status: 'failure', error_information: error, response_cost: 0, metadata: {} };
  expect(
    eventOf({ ...failed, prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }),
  ).toMatchObject({
    status: 'error',
    errorType: 'RateLimitError',
    inputTokens: 0,
  });
});

test("an answer from the gateway's own cache used nothing of the provider", () => {
  expect(eventOf({ cache_hit: true, response_cost: 0 })).toMatchObject({
    inputTokens: 0,
    outputTokens: 0,
    reportedCost: '0',
    flags: ['answered_from_cache'],
  });
});

test('a cost of 0 is passed on as it was told; what it means is not decided here', () => {
  expect(eventOf({ response_cost: 0 })).toMatchObject({ reportedCost: '0', inputTokens: 194 });
});

test("Anthropic's cache counts beside OpenAI's form are read", () => {
  const usage = {
    prompt_tokens: 130,
    completion_tokens: 9,
    total_tokens: 139,
    cache_read_input_tokens: 100,
    cache_creation_input_tokens: 20,
    prompt_tokens_details: {
      cached_tokens: 100,
      cache_creation_token_details: { ephemeral_1h_input_tokens: 20 },
    },
  };
  const anthropic = { custom_llm_provider: 'anthropic', model: 'claude-sonnet-4-5' };
  expect(eventOf({ ...anthropic, metadata: { usage_object: usage } })).toMatchObject({
    provider: 'anthropic',
    inputTokens: 130,
    cacheReadTokens: 100,
    cacheWriteTokens: 20,
    cacheWrite1hTokens: 20,
    flags: [],
  });
});

test('counts written with a decimal point are added as well', () => {
  const usage = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 114 };
  const details = { ...usage, prompt_tokens_details: { cached_tokens: 100 } };
  const body = JSON.stringify([{ ...PAYLOAD, metadata: { usage_object: details } }]);
  const pointed = body.replaceAll(/"(\w+_tokens)":(\d+)/g, '"$1":$2.0');
  for (const text of [body, pointed]) {
    const event = onlyEvent(parseLitellmRequest(text));
    expect(event).toMatchObject({ inputTokens: 110, cacheReadTokens: 100, outputTokens: 4 });
  }
});

test('the old logger, which writes every value as a text, is understood', () => {
  const old = {
    id: 'chatcmpl-9',
    call_type: 'acompletion',
    cache_hit: 'None',
    startTime: '2025-03-18 09:30:00.123456',
    endTime: '2025-03-18 09:30:01.623456',
    model: 'gpt-4o',
    user: 'ann',
    usage: 'Usage(completion_tokens=20, prompt_tokens=194, total_tokens=214)',
    cost: '0.00123',
    metadata: "{'user_api_key': 'x'}",
  };
  expect(onlyEvent(parse(old))).toMatchObject({
    occurredAt: '2025-03-18T09:30:00.123456Z',
    latencyMs: '1500',
    provider: 'openai',
    userId: 'ann',
    inputTokens: 194,
    outputTokens: 20,
    reportedCost: '0.00123',
  });
});
