// Rules of Helicone's custom log: the raw answer inside, streams and failures as texts, and when two
// logs are one call.
import { expect, test } from 'vitest';
import { parseHeliconeRequest } from './helicone.ts';
import { onlyEvent, outcomes } from './wire-test-support.ts';

const ANSWER = {
  id: 'chatcmpl-1',
  model: 'gpt-4o-mini-2024-07-18',
  usage: { prompt_tokens: 194, completion_tokens: 20, total_tokens: 214, cost: 0.00123 },
};
const HEADERS = {
  authorization: 'Bearer secret',
  'helicone-user-id': 'ann',
  'helicone-session-id': 'talk-7',
  'helicone-property-team': 'sms',
  'helicone-property-chatbot_id': 'bot-1',
};
const logOf = (response: object, fields: object = {}) =>
  JSON.stringify({
    providerRequest: { url: 'custom-model-nopath', json: { model: 'gpt-4o-mini' }, meta: {} },
    providerResponse: { headers: {}, status: 200, ...response },
    timing: {
      startTime: { seconds: 1795175669, milliseconds: 74 },
      endTime: { seconds: 1795175670, milliseconds: 324 },
      timeToFirstToken: 150,
    },
    ...fields,
  });
const eventOf = (body: string, headers: Record<string, string> = HEADERS) =>
  onlyEvent(parseHeliconeRequest(body, headers));

test('a log is read whole', () => {
  const event = eventOf(logOf({ json: ANSWER }));
  expect(event).toMatchObject({
    source: 'helicone',
    occurredAt: '2026-11-20T11:54:29.074000Z',
    latencyMs: '1250',
    ttftMs: '150',
    provider: 'openai',
    model: 'gpt-4o-mini',
    servedModel: 'gpt-4o-mini-2024-07-18',
    requestId: 'chatcmpl-1',
    userId: 'ann',
    conversationId: 'talk-7',
    chatbotId: 'bot-1',
    metadata: '{"team":"sms"}',
    status: 'success',
    inputTokens: 194,
    outputTokens: 20,
    reportedCost: '0.00123',
  });
  expect(JSON.stringify(event)).not.toContain('secret');
});

test.each<[string, string]>([
  [
    'lines of JSON',
    `{"id":"c","choices":[]}\n{"id":"c","choices":[],"usage":${JSON.stringify(ANSWER.usage)}}\n`,
  ],
  ['events', `data: {"id":"c"}\n\ndata: ${JSON.stringify(ANSWER)}\n\ndata: [DONE]\n\n`],
  ['one JSON text', JSON.stringify(ANSWER)],
])('an answer as text is read: %s', (_form, textBody) => {
  expect(eventOf(logOf({ json: {}, textBody }))).toMatchObject({ inputTokens: 194 });
});

test('a time written with a decimal point is the same time', () => {
  const body = logOf({ json: ANSWER });
  const pointed = body.replaceAll(/"(seconds|milliseconds)":(\d+)/g, '"$1":$2.0');
  expect(pointed).not.toBe(body);
  expect(eventOf(pointed)).toEqual(eventOf(body));
});

test('a failed call is an error, a cancelled one is cancelled', () => {
  const textBody = 'Error: boom\n    at x\n\n';
  expect(eventOf(logOf({ status: 500, json: {}, textBody })).status).toBe('error');
  expect(eventOf(logOf({ status: -3, json: {}, textBody: '' })).status).toBe('cancelled');
});

test('the log of a tool is passed over', () => {
  const tool = { providerRequest: { json: { _type: 'tool', toolName: 'x' } } };
  expect(parseHeliconeRequest(logOf({ json: {} }, tool), {})).toEqual([]);
});

test('the named provider and the host of the call come before a guess', () => {
  const request = { url: 'https://api.groq.com/openai/v1/chat/completions', json: { model: 'm' } };
  expect(eventOf(logOf({ json: ANSWER }, { providerRequest: request })).provider).toBe('groq');
  expect(eventOf(logOf({ json: ANSWER }, { provider: 'ANTHROPIC' })).provider).toBe('anthropic');
});

test('a body sent again is the same call, another user or time is another', () => {
  const idOf = (body: string, headers = HEADERS) => eventOf(body, headers).eventId;
  const body = logOf({ json: ANSWER });
  const later = body.replace('"milliseconds":74', '"milliseconds":75');
  const ids = [
    idOf(body),
    idOf(body),
    idOf(later),
    idOf(body, { ...HEADERS, 'helicone-user-id': 'bob' }),
  ];
  expect(new Set(ids).size).toBe(3);
  const own = { ...HEADERS, 'helicone-request-id': 'own-1' };
  expect(idOf(body, own)).toBe('own-1');
});

test.each<[string, string, RegExp]>([
  ['NUL', logOf({ json: ANSWER }).replace('"gpt-4o-mini"', '"g\\u0000"'), /^model .*NUL/],
  ['1e400', logOf({ json: ANSWER }).replace('194', '1e400'), /^usage prompt_tokens is 1e400/],
  ['no time', logOf({ json: ANSWER }, { timing: {} }), /^occurred_at is required/],
  ['__proto__', logOf({ json: ANSWER }).replace('{', '{"__proto__":{},'), /__proto__/],
  [
    'depth 1,000',
    logOf({ json: ANSWER }, { x: 1 }).replace('"x":1', `"x":${'['.repeat(1e3)}${']'.repeat(1e3)}`),
    /nest/,
  ],
  ['a text', '"x"', /must be an object/],
])('a poison log is refused with its field: %s', (_name, body, reason) => {
  expect(outcomes(parseHeliconeRequest(body, HEADERS))).toEqual([expect.stringMatching(reason)]);
});
