// Rules of CloudEvents: what the data may be, the key of an event, and that a bad one is refused
// alone.
import { expect, test } from 'vitest';
import { parseCloudEvents } from './cloudevents.ts';
import { eventsOf, outcomes } from './wire-test-support.ts';

const NOW = new Date('2026-11-20T12:00:00Z');
const EVENT = {
  specversion: '1.0',
  id: 'evt-1',
  source: 'sms-bot',
  type: 'ai-tokens',
  subject: 'ann',
  time: '2026-01-01T00:00:00.000Z',
  data: { provider: 'openai', model: 'gpt-4o-mini', type: 'input', tokens: 194 },
};
const parse = (...events: unknown[]) => parseCloudEvents(JSON.stringify(events), NOW);
const eventOf = (fields: object) => eventsOf(parse({ ...EVENT, ...fields }))[0];

test.each([194, '194'])("OpenMeter's one kind of tokens is one event: %j", (tokens) => {
  expect(eventOf({ data: { ...EVENT.data, tokens } })).toMatchObject({
    eventId: 'sms-bot evt-1',
    source: 'cloudevents',
    occurredAt: '2026-01-01T00:00:00.000Z',
    provider: 'openai',
    model: 'gpt-4o-mini',
    userId: 'ann',
    inputTokens: 194,
    outputTokens: null,
  });
  const output = { ...EVENT.data, type: 'output', tokens };
  expect(eventOf({ data: output })).toMatchObject({ inputTokens: null, outputTokens: 194 });
});

test('the data may be a native event; the key and the time are those of the envelope', () => {
  const data = {
    id: 'inner',
    occurred_at: '2020-01-01T00:00:00Z',
    provider: 'openai',
    model: 'gpt-4o',
    user_id: 'bob',
    input_tokens: 7,
    cost: '0.5',
  };
  expect(eventOf({ data })).toMatchObject({
    eventId: 'sms-bot evt-1',
    occurredAt: '2026-01-01T00:00:00.000Z',
    userId: 'bob',
    inputTokens: 7,
    reportedCost: '0.5',
  });
});

test.each<[string, object]>([
  ['under usage', { usage: { prompt_tokens: 9, completion_tokens: 4 } }],
  ['under raw_usage', { raw_usage: { prompt_tokens: 9, completion_tokens: 4 } }],
  ['as the data', { prompt_tokens: 9, completion_tokens: 4 }],
  ['in a response', { response: { usage: { prompt_tokens: 9, completion_tokens: 4 } } }],
])("the data may be a provider's usage: %s", (_place, usage) => {
  const data = { provider: 'openai', model: 'gpt-4o', latency_ms: 12, ...usage };
  expect(eventOf({ data })).toMatchObject({ inputTokens: 9, outputTokens: 4, latencyMs: '12' });
});

test('what the data says goes before its usage, but a null says nothing', () => {
  const raw_usage = { prompt_tokens: 9, cost: 0.5 };
  const data = {
    provider: 'openrouter',
    model: 'gpt-4o',
    input_tokens: null,
    cost: '2',
    raw_usage,
  };
  const said = { inputTokens: 9, reportedCost: '2', currency: null };
  expect(eventOf({ data })).toMatchObject(said);
});

test('an event without a time happened when it came', () => {
  expect(eventOf({ time: undefined })?.occurredAt).toBe('2026-11-20T12:00:00.000Z');
});

test('one event alone is taken as well as a list', () => {
  expect(outcomes(parseCloudEvents(JSON.stringify(EVENT), NOW))).toEqual(['sms-bot evt-1']);
});

test('a bad event is refused alone, with its field', () => {
  const data = EVENT.data;
  const items = parse(
    EVENT,
    { ...EVENT, id: undefined },
    { ...EVENT, source: 'with space' },
    { ...EVENT, id: 'a\u0000' },
    { ...EVENT, id: 'x'.repeat(1e6) },
    { ...EVENT, data: { ...data, tokens: -1 } },
    { ...EVENT, data: { ...data, type: 'thought' } },
    { ...EVENT, data: { provider: 'openai', model: 'm', usage: { prompt_tokens: -1 } } },
    { ...EVENT, data: undefined },
    { ...EVENT, time: 'now' },
    null,
    { ...EVENT, id: 'evt-2' },
  );
  expect(outcomes(items)).toEqual([
    'sms-bot evt-1',
    'id is required',
    'id is required',
    expect.stringMatching(/^id .*NUL/),
    expect.stringMatching(/^id .*200/),
    expect.stringMatching(/^input_tokens .*negative/),
    'data.type is no field of a usage event',
    expect.stringMatching(/^usage prompt_tokens is -1/),
    'provider is required',
    expect.stringMatching(/^occurred_at/),
    'must be an object',
    'sms-bot evt-2',
  ]);
});
