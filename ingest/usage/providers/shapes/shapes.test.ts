// The six shapes of a usage, each with what it adds up and what it keeps apart.
import { describe, expect, test } from 'vitest';
import { readProviderCall } from '../call.ts';

const read = (usage: unknown, provider = 'anthropic') => readProviderCall({ provider, usage });

describe('Anthropic', () => {
  const usage = {
    input_tokens: 12,
    cache_read_input_tokens: 100,
    cache_creation_input_tokens: 30,
    cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
    output_tokens: 5,
    output_tokens_details: { thinking_tokens: 2 },
    server_tool_use: { web_search_requests: 3 },
    service_tier: 'standard',
  };

  test('input, reads and writes add up', () => {
    const { fields, reasons } = read(usage);
    expect(fields).toMatchObject({
      input_tokens: 142,
      cache_read_tokens: 100,
      cache_write_tokens: 30,
      cache_write_5m_tokens: 10,
      cache_write_1h_tokens: 20,
      reasoning_tokens: 2,
      searches: 3,
      service_tier: 'standard',
    });
    expect(reasons.join()).toContain('100 read and 30 written are added to the input of 12');
  });

  test('writes without a time to live are of 5 minutes', () => {
    const { cache_creation: _byTtl, ...plain } = usage;
    expect(read(plain).fields).toMatchObject({ cache_write_5m_tokens: 30 });
    const partly = { ...usage, cache_creation: { ephemeral_1h_input_tokens: 20 } };
    expect(read(partly).fields).toMatchObject({
      cache_write_5m_tokens: 10,
      cache_write_1h_tokens: 20,
    });
  });

  test('a batch and the fast mode are told', () => {
    expect(read({ ...usage, service_tier: 'batch' }).fields.batch).toBe(true);
    expect(read({ ...usage, speed: 'fast' }).fields.service_tier).toBe('fast');
  });

  test('passes that the totals leave out are flagged', () => {
    const pass = { input_tokens: 99195, output_tokens: 81, type: 'compaction' };
    const { fields, flags } = read({ ...usage, iterations: [pass] });
    expect(flags).toEqual(['iterations_beyond_totals']);
    expect(fields.input_tokens).toBe(142);
  });

  test('whoever serves it, the shape is the same', () => {
    for (const provider of ['aws-bedrock', 'google-vertex', 'azure-ai', 'openrouter', 'someone']) {
      expect(read(usage, provider).fields.input_tokens).toBe(142);
    }
  });
});

describe('Gemini', () => {
  const usage = {
    promptTokenCount: 32,
    candidatesTokenCount: 41,
    thoughtsTokenCount: 47,
    toolUsePromptTokenCount: 2395,
    totalTokenCount: 2515,
    cachedContentTokenCount: 20,
  };

  test('thoughts and tool prompts come on top, the cache is inside', () => {
    const { fields, flags } = read(usage, 'google');
    expect(fields).toMatchObject({
      input_tokens: 2427,
      output_tokens: 88,
      reasoning_tokens: 47,
      cache_read_tokens: 20,
    });
    expect(flags).toEqual([]);
  });

  test('a total beyond the parts is flagged, and the parts stay', () => {
    const { fields, flags } = read({ ...usage, totalTokenCount: 3000 }, 'google');
    expect(flags).toEqual(['total_mismatch']);
    expect(fields).toMatchObject({ input_tokens: 2427, output_tokens: 88 });
  });

  test('modalities are units, by name or by number', () => {
    const { fields } = read(
      {
        promptTokenCount: 100,
        candidatesTokenCount: 11,
        promptTokensDetails: [
          { modality: 'AUDIO', tokenCount: 30 },
          { modality: 2, tokenCount: 40 },
          { modality: 'DOCUMENT', tokenCount: 5 },
          { modality: '__proto__', tokenCount: 1 },
        ],
        candidatesTokensDetails: [{ modality: 'AUDIO', tokenCount: 11 }],
        cacheTokensDetails: [{ modality: 'AUDIO', tokenCount: 4 }],
      },
      'google',
    );
    expect(fields).toMatchObject({ input_audio_tokens: 30, output_audio_tokens: 11 });
    expect(fields.other_units).toEqual({ input_image_tokens: 45, cache_audio_read_tokens: 4 });
  });

  test('the Python client’s spelling is read alike', () => {
    const snake = { prompt_token_count: 3, candidates_token_count: 4, thoughts_token_count: 5 };
    expect(read(snake, 'google').fields).toMatchObject({ input_tokens: 3, output_tokens: 9 });
  });

  test('the size of a stored cache is no input', () => {
    const { fields, flags } = read({ totalTokenCount: 9602 }, 'google');
    expect(fields.input_tokens).toBeUndefined();
    expect(flags).toEqual([]);
  });
});

test('Converse tells the cache apart, with its times to live', () => {
  const usage = {
    inputTokens: 3,
    outputTokens: 227,
    totalTokens: 1952,
    cacheReadInputTokens: 10,
    cacheWriteInputTokens: 1712,
    cacheDetails: [{ inputTokens: 1000, ttl: '1h' }],
  };
  const { fields, flags } = read(usage, 'aws-bedrock');
  expect(fields).toMatchObject({
    input_tokens: 1725,
    cache_write_5m_tokens: 712,
    cache_write_1h_tokens: 1000,
  });
  expect(flags).toEqual([]);
});

describe('Cohere', () => {
  test('the tokens seen are the input, what is billed is kept beside them', () => {
    const usage = {
      billed_units: { input_tokens: 12, output_tokens: 64 },
      tokens: { input_tokens: 212, output_tokens: 64 },
      cached_tokens: 208,
    };
    const { fields } = read(usage, 'cohere');
    expect(fields).toMatchObject({ input_tokens: 212, output_tokens: 64, cache_read_tokens: 208 });
    expect(fields.other_units).toEqual({ billed_input_tokens: 12, billed_output_tokens: 64 });
  });

  test('a rerank is billed by searches, an embedding by its input', () => {
    const rerank = { meta: { billed_units: { search_units: 2 } } };
    expect(readProviderCall({ provider: 'cohere', response: rerank }).fields.searches).toBe(2);
    expect(read({ billed_units: { input_tokens: 3 } }, 'cohere').fields.input_tokens).toBe(3);
  });
});

describe('Counters in the answer', () => {
  test.each([
    ['Ollama', { model: 'llama3', prompt_eval_count: 26, eval_count: 298, done: true }, 26, 298],
    ['Titan', { inputTextTokenCount: 5, results: [{ tokenCount: 7 }] }, 5, 7],
    ['Titan embeddings', { embedding: [0.1], inputTextTokenCount: 5 }, 5, undefined],
    ['Llama', { generation: '', prompt_token_count: 8, generation_token_count: 9 }, 8, 9],
    [
      'Bedrock’s metrics',
      { 'amazon-bedrock-invocationMetrics': { inputTokenCount: 4, outputTokenCount: 6 } },
      4,
      6,
    ],
    [
      'Vertex embeddings',
      { predictions: [{ embeddings: { statistics: { token_count: 4 } } }] },
      4,
      undefined,
    ],
  ])('%s', (_name, response, input, output) => {
    const { fields } = readProviderCall({ response });
    expect([fields.input_tokens, fields.output_tokens]).toEqual([input, output]);
  });
});

test('LiteLLM’s usage tells reads and writes of Anthropic inside the prompt', () => {
  const usage = {
    prompt_tokens: 150,
    completion_tokens: 5,
    total_tokens: 155,
    cache_read_input_tokens: 100,
    cache_creation_input_tokens: 30,
  };
  expect(read(usage).fields).toMatchObject({
    input_tokens: 150,
    cache_read_tokens: 100,
    cache_write_tokens: 30,
  });
});
