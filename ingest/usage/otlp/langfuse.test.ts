// Rules of Langfuse's attributes: its counts are exclusive, its total says when they are not, and
// only generations and embeddings are calls.
import { describe, expect, test } from 'vitest';
import { eventOf, itemsOf, onlyEvent, requestOf, spanOf } from '../wire-test-support.ts';
import { parseOtlpRequest } from './traces.ts';

const GENERATION = {
  'langfuse.observation.type': 'generation',
  'langfuse.observation.model.name': 'gpt-4o-mini',
  'user.id': 'ann',
  'session.id': 'talk-7',
};
const withUsage = (usage: object, more: object = {}) =>
  eventOf({
    ...GENERATION,
    'langfuse.observation.usage_details': JSON.stringify(usage),
    ...more,
  });

describe('usage_details', () => {
  test('as the SDK sends them are brought to inclusive counts', () => {
    const usage = {
      input: 84,
      output: 15,
      total: 214,
      input_cached_tokens: 100,
      input_cache_write_tokens: 10,
      input_audio_tokens: 0,
      output_reasoning_tokens: 5,
    };
    const event = withUsage(usage, {
      'langfuse.trace.tags': ['sms', 'vip'],
      'langfuse.observation.cost_details': '{"input":0.001,"total":0.00123}',
      'langfuse.observation.completion_start_time': '"2026-11-20T11:53:49.148Z"',
    });
    expect(event).toMatchObject({
      provider: 'openai',
      inputTokens: 194,
      cacheReadTokens: 100,
      cacheWriteTokens: 10,
      inputAudioTokens: 0,
      outputTokens: 20,
      reasoningTokens: 5,
      reportedCost: '0.00123',
      currency: 'USD',
      ttftMs: '200',
      userId: 'ann',
      conversationId: 'talk-7',
      tags: ['sms', 'vip'],
      flags: ['provider_guessed'],
    });
    expect(JSON.parse(event.rawUsage ?? '')).toEqual(usage);
  });

  test.each<[string, object, (number | null)[], string[]]>([
    ['a total of all parts', { input: 4, output: 1, total: 8, input_cached_tokens: 3 }, [7, 1], []],
    [
      'a total of input and output alone: they were inclusive',
      { input: 7, output: 1, total: 8, input_cached_tokens: 3 },
      [7, 1],
      ['counts_already_inclusive'],
    ],
    [
      'another total: kept and flagged',
      { input: 7, output: 1, total: 9, input_cached_tokens: 3 },
      [10, 1],
      ['total_differs_from_parts'],
    ],
    ['no total', { input: 7, output: 1, cache_read_input_tokens: 3 }, [10, 1], []],
    ['a part that nobody knows', { input: 7, input_text: 2, output: 1 }, [9, 1], []],
    ['a part below zero takes nothing off', { input: 7, input_text: -6, output: 1 }, [7, 1], []],
    ['writes by time to live', { input: 1, input_cache_creation_1h: 5, output: 1 }, [6, 1], []],
    ["the provider's own form", { prompt_tokens: 9, completion_tokens: 4 }, [9, 4], []],
  ])('%s', (_rule, usage, counts, flags) => {
    const event = withUsage(usage);
    expect([event.inputTokens, event.outputTokens]).toEqual(counts);
    expect(event.flags).toEqual([...flags, 'provider_guessed']);
  });

  test('written with a decimal point are the same counts', () => {
    const counts = '{"input":7.0,"output":1.0,"input_cached_tokens":3.0,"total":11.0}';
    const attributes = { ...GENERATION, 'langfuse.observation.usage_details': counts };
    expect(eventOf(attributes)).toMatchObject({
      inputTokens: 10,
      outputTokens: 1,
      cacheReadTokens: 3,
    });
  });

  test.each([
    [{ input: -1, output: 1 }, 'input_tokens'],
    [{ input: 1.5, output: 1 }, 'input_tokens'],
    [{ input: 1, output: '1' }, 'output_tokens'],
    [{ input: 1, output: 1, input_cached_tokens: 'x' }, 'cache_read_tokens'],
  ])('that are no counts are refused: %j', (usage, field) => {
    const attributes = {
      ...GENERATION,
      'langfuse.observation.usage_details': JSON.stringify(usage),
    };
    expect(itemsOf(attributes)).toMatchObject([{ rejection: { field } }]);
  });

  test('that are no JSON leave the call to its other attributes', () => {
    const broken = {
      'langfuse.observation.usage_details': '{"input":',
      'gen_ai.usage.input_tokens': 3,
    };
    expect(eventOf({ ...GENERATION, ...broken }).inputTokens).toBe(3);
  });
});

test('a cost without a total is the exact sum of its parts', () => {
  const cost = { 'langfuse.observation.cost_details': '{"input":0.1,"output":0.2}' };
  expect(withUsage({ input: 1, output: 1 }, cost).reportedCost).toBe('0.3');
  // Control: as floats they make another sum.
  expect(0.1 + 0.2).not.toBe(0.3);
});

test('a part of a cost below zero is refused, not taken off the sum', () => {
  const attributes = {
    ...GENERATION,
    'langfuse.observation.usage_details': '{"input":1}',
    'langfuse.observation.cost_details': '{"input":-1,"output":2}',
  };
  expect(itemsOf(attributes)).toMatchObject([
    { rejection: { field: 'cost', reason: 'must not be negative' } },
  ]);
});

test('an observation at level ERROR failed, also without usage', () => {
  expect(eventOf({ ...GENERATION, 'langfuse.observation.level': 'ERROR' }).status).toBe('error');
});

test.each([
  ['openai/gpt-4o-mini', 'openrouter'],
  ['claude-sonnet-4-5', 'anthropic'],
  ['my-own-model', 'unknown'],
])('the provider of %s, which Langfuse does not tell, is taken for %s', (model, provider) => {
  const attributes = { 'langfuse.observation.model.name': model };
  expect(withUsage({ input: 1, output: 1 }, attributes)).toMatchObject({ model, provider });
});

test('the row says that it came from Langfuse', () => {
  const attributes = { ...GENERATION, 'langfuse.observation.usage_details': '{"input":1}' };
  const body = Buffer.from(requestOf(spanOf(attributes)));
  expect(onlyEvent(parseOtlpRequest(body, 'application/json', 'langfuse')).source).toBe('langfuse');
});
