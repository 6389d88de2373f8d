// Rules of the parts of a native event: all are kept, contradictions are flagged, and what is no such
// part is named.
import { expect, test } from 'vitest';
import { parseNativeItem } from './native.ts';

const EVENT = {
  id: 'call-1',
  occurred_at: '2025-03-18T09:30:00Z',
  provider: 'openai',
  model: 'gpt-4o',
  input_tokens: 10,
};

test('holds every part of its usage and of its call', () => {
  const fields = {
    ...EVENT,
    served_model: 'gpt-4o-2024-08-06',
    operation: 'chat',
    phone: '+14155550123',
    request_id: 'chatcmpl-1',
    cache_read_tokens: 4,
    cache_write_5m_tokens: 1,
    cache_write_1h_tokens: 2,
    audio_seconds: 12.3456789,
    searches: 1,
    other_units: { input_image_tokens: 3 },
    ttft_ms: 120.5,
    streamed: true,
    service_tier: 'flex',
    batch: false,
    tags: ['sms', 'a,b'],
    error_type: 'rate_limit',
  };
  expect(parseNativeItem(fields)).toMatchObject({
    event: {
      servedModel: 'gpt-4o-2024-08-06',
      operation: 'chat',
      cacheReadTokens: 4,
      cacheWriteTokens: 3,
      audioSeconds: '12.345679',
      otherUnits: { input_image_tokens: 3 },
      ttftMs: '120.5',
      tags: ['sms', 'a,b'],
      flags: [],
    },
  });
});

test.each([
  [{ input_tokens: 10, cache_read_tokens: 11 }, 'cache_exceeds_input'],
  [{ input_tokens: 10, cache_read_tokens: 6, cache_write_tokens: 5 }, 'cache_exceeds_input'],
  [{ output_tokens: 1, reasoning_tokens: 2 }, 'reasoning_exceeds_output'],
  [{ input_tokens: 1, input_audio_tokens: 2 }, 'input_audio_exceeds_input'],
  [{ output_tokens: 1, output_audio_tokens: 2 }, 'output_audio_exceeds_output'],
  [
    { input_tokens: 9, cache_write_tokens: 2, cache_write_1h_tokens: 3 },
    'cache_write_parts_exceed_total',
  ],
])('keeps the contradiction %j and flags it', (counts, flag) => {
  const { input_tokens: _, ...rest } = EVENT;
  expect(parseNativeItem({ ...rest, ...counts })).toMatchObject({ event: { flags: [flag] } });
});

test('with a bad tag among good ones names that one', () => {
  expect(parseNativeItem({ ...EVENT, tags: ['a', 'b\x1fc'] })).toMatchObject({
    rejection: { field: 'tags.1', reason: 'must not hold a unit separator' },
  });
});

test.each(['error', 'cancelled'])('that is %s may have used nothing', (status) => {
  const { input_tokens: _, ...rest } = EVENT;
  expect(parseNativeItem({ ...rest, status })).toHaveProperty('event.status', status);
  expect(parseNativeItem({ ...rest, status: 'success' })).toHaveProperty('rejection');
});

test.each([
  ['tags', 'sms,mms', 'must be a list of texts'],
  ['tags', 'sms', 'must be a list of texts'],
  ['other_units', { 'Image Tokens': 1 }, 'must name units such as "input_image_tokens"'],
  ['other_units', { pages: -1 }, 'must not be negative'],
  ['audio_seconds', -1, 'must be a number of seconds, 0 or more'],
  ['batch', 'yes', 'must be true or false'],
  [
    'operation',
    'sing',
    'must be one of chat, completion, embedding, transcription, speech, image, rerank',
  ],
])('with %s %j is rejected', (name, value, reason) => {
  expect(parseNativeItem({ ...EVENT, [name]: value })).toMatchObject({
    rejection: { id: 'call-1', field: name, reason },
  });
});

test('a part said to be null leaves what the raw usage tells', () => {
  const { input_tokens: _, ...rest } = EVENT;
  const raw_usage = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 };
  expect(parseNativeItem({ ...rest, input_tokens: null, raw_usage })).toMatchObject({
    event: { inputTokens: 10, outputTokens: 4 },
  });
});

test('a cost keeps the currency that it was told in', () => {
  const usage = { ...EVENT, provider: 'openrouter', raw_usage: { prompt_tokens: 10, cost: 0.5 } };
  const money = (fields: object) => parseNativeItem({ ...usage, ...fields });
  expect(money({ cost: '2' })).toMatchObject({ event: { reportedCost: '2', currency: null } });
  const told = { event: { reportedCost: '0.5', currency: 'USD' } };
  expect(money({})).toMatchObject(told);
  expect(money({ currency: 'JPY' })).toMatchObject(told);
});

test.each([
  { cache_write_5m_tokens: 10 ** 12, cache_write_1h_tokens: 1 },
  {
    provider: 'anthropic',
    raw_usage: {
      output_tokens: 1,
      cache_creation: { ephemeral_5m_input_tokens: 10 ** 12, ephemeral_1h_input_tokens: 10 ** 12 },
    },
  },
])('cache writes that add up to more than the books hold are rejected: %j', (fields) => {
  expect(parseNativeItem({ ...EVENT, ...fields })).toMatchObject({
    rejection: { id: 'call-1', field: 'cache_write_tokens', reason: 'must be at most 10^12' },
  });
});

test('a known provider is one however its name is capitalised; its body stays another', () => {
  const of = (provider: string) => {
    const item = parseNativeItem({ ...EVENT, provider });
    return 'event' in item ? item.event : undefined;
  };
  for (const [told, kept] of [
    ['OpenAI', 'openai'],
    ['openai', 'openai'],
    ['Azure_OpenAI', 'azure_openai'],
    ['Home-Made', 'Home-Made'],
  ] as const) {
    expect(of(told)?.provider).toBe(kept);
  }
  expect(of('OpenAI')?.model).toBe('gpt-4o');
  // The hash is of what was received, as for events that were booked before this rule.
  expect(of('OpenAI')?.bodyHash).not.toEqual(of('openai')?.bodyHash);
});
