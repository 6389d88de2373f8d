// Rules of the semantic conventions beside the current one, of the cost in its many names, and of
// counts that stand beside the totals.
import { describe, expect, test } from 'vitest';
import type { UsageEvent } from '../event.ts';
import { CHAT, eventOf } from '../wire-test-support.ts';

describe('the words of other conventions', () => {
  const cases: [string, Record<string, unknown>, Partial<UsageEvent>][] = [
    [
      'GenAI of 2024',
      {
        'gen_ai.system': 'az.ai.openai',
        'gen_ai.request.model': 'gpt-4o',
        'gen_ai.usage.prompt_tokens': 9,
        'gen_ai.usage.completion_tokens': 4,
      },
      { provider: 'azure-openai', inputTokens: 9, outputTokens: 4 },
    ],
    [
      'OpenInference',
      {
        'openinference.span.kind': 'LLM',
        'llm.model_name': 'claude-sonnet-4-5',
        'llm.provider': 'anthropic',
        'llm.token_count.prompt': 90,
        'llm.token_count.completion': 40,
        'llm.token_count.total': 130,
        'llm.token_count.prompt_details.cache_read': 30,
        'llm.token_count.completion_details.reasoning': 8,
        'llm.cost.total': 0.02,
        'session.id': 's1',
        metadata: '{"user_id":"bob","team":"x"}',
        'tag.tags': ['a', 'b'],
      },
      {
        provider: 'anthropic',
        operation: 'chat',
        inputTokens: 90,
        cacheReadTokens: 30,
        reasoningTokens: 8,
        reportedCost: '0.02',
        conversationId: 's1',
        userId: 'bob',
        metadata: '{"team":"x"}',
        tags: ['a', 'b'],
      },
    ],
    [
      'Vercel AI SDK',
      {
        'ai.operationId': 'ai.streamText.doStream',
        'ai.model.id': 'gpt-4o',
        'ai.model.provider': 'openai.chat',
        'ai.usage.inputTokens': 50,
        'ai.usage.outputTokens': 6,
        'ai.usage.cachedInputTokens': 20,
        'ai.response.model': 'gpt-4o-2024-08-06',
        'ai.response.msToFirstChunk': 120.5,
        'ai.telemetry.metadata.userId': 'cy',
        'ai.telemetry.metadata.sessionId': 's2',
      },
      {
        provider: 'openai',
        model: 'gpt-4o',
        servedModel: 'gpt-4o-2024-08-06',
        streamed: true,
        ttftMs: '120.5',
        inputTokens: 50,
        cacheReadTokens: 20,
        userId: 'cy',
        conversationId: 's2',
      },
    ],
    [
      'Vercel AI SDK, embedding',
      {
        'ai.operationId': 'ai.embed.doEmbed',
        'ai.model.id': 'text-embedding-3-small',
        'ai.model.provider': 'openai.embedding',
        'ai.usage.tokens': 11,
      },
      { operation: 'embedding', inputTokens: 11 },
    ],
    [
      'Traceloop',
      {
        'llm.request.type': 'chat',
        'gen_ai.system': 'Anthropic',
        'gen_ai.request.model': 'claude-3-haiku',
        'gen_ai.usage.prompt_tokens': 7,
        'llm.usage.total_tokens': 10,
        'traceloop.association.properties.user_id': 'dee',
        'traceloop.association.properties.session_id': 's3',
        'traceloop.association.properties.plan': 'pro',
      },
      {
        provider: 'anthropic',
        inputTokens: 7,
        outputTokens: 3,
        userId: 'dee',
        conversationId: 's3',
        metadata: '{"plan":"pro"}',
      },
    ],
  ];
  test.each(cases)('%s', (_name, attributes, expected) => {
    expect(eventOf(attributes)).toMatchObject(expected);
  });

  test('the raw usage in provider metadata is surer than what the SDK made of it', () => {
    const usage = { input_tokens: 5, cache_read_input_tokens: 100, output_tokens: 7 };
    const told = {
      'ai.operationId': 'ai.generateText.doGenerate',
      'ai.model.id': 'claude-sonnet-4-5',
      'ai.model.provider': 'anthropic.messages',
      'ai.usage.inputTokens': 5,
      'ai.usage.outputTokens': 7,
      'ai.usage.cachedInputTokens': 100,
    };
    const metadata = JSON.stringify({ anthropic: { usage } });
    const event = eventOf({ ...told, 'ai.response.providerMetadata': metadata });
    expect(event).toMatchObject({ inputTokens: 105, cacheReadTokens: 100, outputTokens: 7 });
    expect(event.rawUsage).toContain('"cache_read_input_tokens":100');
    expect(eventOf(told)).toMatchObject({ inputTokens: 105, flags: ['cache_added_to_input'] });
  });

  const costs: [Record<string, unknown>, string | null, string | null][] = [
    [{ 'gen_ai.usage.cost': 0.5, 'gen_ai.usage.total_cost': 9 }, '0.5', 'USD'],
    [{ 'gen_ai.usage.total_cost': '0.25' }, '0.25', 'USD'],
    [{ 'gen_ai.usage.cost.amount': 0.1, 'gen_ai.usage.cost.currency': 'eur' }, '0.1', 'EUR'],
    [{ 'gen_ai.usage.input_cost': 0.1, 'gen_ai.usage.output_cost': 0.2 }, '0.3', 'USD'],
    [{ 'gen_ai.usage.cost': 0.5, 'gen_ai.usage.cost.source': 'provider' }, '0.5', 'USD'],
    [{ 'gen_ai.usage.cost': 0.5, 'gen_ai.usage.cost.source': 'local' }, null, null],
    [{ 'llm.cost.total': 0 }, '0', 'USD'],
    [{}, null, null],
  ];
  test.each(costs)('of the cost: %j', (told, cost, currency) => {
    expect(eventOf({ ...CHAT, ...told })).toMatchObject({ reportedCost: cost, currency });
  });
});

describe('counts that stand beside the totals are brought in by a written rule', () => {
  const counts = (input: number, output: number, more: Record<string, number>) => ({
    'gen_ai.usage.input_tokens': input,
    'gen_ai.usage.output_tokens': output,
    ...more,
  });
  const read = 'gen_ai.usage.cache_read.input_tokens';
  const reasoning = 'gen_ai.usage.reasoning.output_tokens';
  const total = 'gen_ai.usage.total_tokens';
  test.each<[string, string, Record<string, number>, number, number, string[]]>([
    ['inclusive without a word', 'claude-3', counts(10, 2, { [read]: 8 }), 10, 2, []],
    [
      'a cache beyond the input of an Anthropic model',
      'claude-3',
      counts(10, 2, { [read]: 80 }),
      90,
      2,
      ['cache_added_to_input'],
    ],
    [
      'a cache beyond the input of any other',
      'gpt-4o',
      counts(10, 2, { [read]: 80 }),
      10,
      2,
      ['cache_exceeds_input'],
    ],
    [
      'a total that holds the cache beside',
      'gpt-4o',
      counts(10, 2, { [read]: 8, [total]: 20 }),
      18,
      2,
      ['cache_added_to_input'],
    ],
    ['a total of the two', 'claude-3', counts(10, 2, { [read]: 8, [total]: 12 }), 10, 2, []],
    [
      'a total of neither',
      'gpt-4o',
      counts(10, 2, { [read]: 8, [total]: 13 }),
      10,
      2,
      ['total_differs_from_parts'],
    ],
    [
      'reasoning beyond the output of a Google model',
      'gemini-2.5-pro',
      counts(10, 2, { [reasoning]: 30 }),
      10,
      32,
      ['reasoning_added_to_output'],
    ],
    [
      'a total that holds the reasoning beside',
      'x',
      counts(10, 9, { [reasoning]: 3, [total]: 22 }),
      10,
      12,
      ['reasoning_added_to_output'],
    ],
    [
      'an input that only the total tells, which holds the cache',
      'claude-3',
      { 'gen_ai.usage.output_tokens': 50, [read]: 900, [total]: 1_050 },
      1_000,
      50,
      [],
    ],
    [
      'an output that only the total tells, which holds the reasoning',
      'gemini-2.5-pro',
      { 'gen_ai.usage.input_tokens': 10, [reasoning]: 30, [total]: 50 },
      10,
      40,
      [],
    ],
  ])('%s', (_rule, model, told, input, output, flags) => {
    const event = eventOf({ 'gen_ai.provider.name': 'p', 'gen_ai.request.model': model, ...told });
    expect([event.inputTokens, event.outputTokens, event.flags]).toEqual([input, output, flags]);
  });
});
