// What each provider adds to a usage or tells in its own way, one trap each.
import { describe, expect, test } from 'vitest';
import { ExactNumber, parseExactJson } from '../values/exact-json.ts';
import { readProviderCall } from './call.ts';

const read = (provider: string, usage: unknown, rest = {}) =>
  readProviderCall({ provider, usage, ...rest });

describe('OpenAI', () => {
  test('cached tokens are inside the prompt, writes too', () => {
    const { fields, flags } = read('openai', {
      prompt_tokens: 4020,
      completion_tokens: 4,
      total_tokens: 4024,
      prompt_tokens_details: { cached_tokens: 8, cache_write_tokens: 4000, audio_tokens: 3 },
      completion_tokens_details: { reasoning_tokens: 2, audio_tokens: 1 },
    });
    expect(fields).toMatchObject({
      input_tokens: 4020,
      output_tokens: 4,
      cache_read_tokens: 8,
      cache_write_tokens: 4000,
      input_audio_tokens: 3,
      reasoning_tokens: 2,
      output_audio_tokens: 1,
    });
    expect(flags).toEqual([]);
  });

  test('the served tier is the last one a stream tells, and "auto" is none', () => {
    const stream = [
      { type: 'response.created', response: { id: 'r', service_tier: 'auto', usage: null } },
      { type: 'response.completed', response: { id: 'r', service_tier: 'flex', model: 'gpt-5' } },
    ];
    const { fields } = readProviderCall({ provider: 'openai', requestModel: 'g', sse: stream });
    expect(fields.service_tier).toBe('flex');
    const [created] = stream;
    const auto = readProviderCall({ provider: 'openai', response: created?.response });
    expect(auto.fields.service_tier).toBeUndefined();
  });

  test('web searches are counted, opened pages are not', () => {
    const output = ['search', 'open_page', 'search'].map((type) => {
      return { type: 'web_search_call', action: { type } };
    });
    const response = { object: 'response', output, usage: { input_tokens: 1, output_tokens: 1 } };
    expect(readProviderCall({ provider: 'openai', response }).fields.searches).toBe(2);
  });

  test('images and the line of a batch are known by the answer', () => {
    const image = readProviderCall({
      provider: 'openai',
      httpPath: '/v1/images/generations',
      response: { data: [{}, {}] },
    });
    expect(image.fields).toMatchObject({ operation: 'image', images: 2 });
    const body = { model: 'gpt-5', usage: { prompt_tokens: 1, completion_tokens: 2 } };
    const line = { custom_id: 'a', response: { status_code: 200, body } };
    expect(readProviderCall({ provider: 'openai', response: line }).fields).toMatchObject({
      batch: true,
      status: 'success',
      output_tokens: 2,
    });
  });
});

describe('Whisper', () => {
  const seconds = (fields: { audio_seconds?: unknown }) =>
    (fields.audio_seconds as ExactNumber | undefined)?.text;

  test('each form of a transcription tells its seconds, the text forms by the caller', () => {
    const path = { httpPath: '/v1/audio/transcriptions' };
    const json = { text: 'hi', usage: { type: 'duration', seconds: 4 } };
    const verbose = { task: 'transcribe', duration: '8.470000', segments: [] };
    const srt = '1\n00:00:00,000 --> 00:00:01,000\nhi\n';
    const given = { duration: 2.5 };
    expect(seconds(readProviderCall({ ...path, response: json }).fields)).toBe('4');
    expect(seconds(readProviderCall({ ...path, response: verbose }).fields)).toBe('8.47');
    expect(seconds(readProviderCall({ ...path, response: srt }).fields)).toBeUndefined();
    expect(seconds(readProviderCall({ ...path, response: srt, usage: given }).fields)).toBe('2.5');
  });

  test('billed seconds go before the measured ones', () => {
    const response = { duration: 3.2, usage: { type: 'duration', seconds: 4 } };
    expect(seconds(readProviderCall({ response }).fields)).toBe('4');
  });

  test('Groq’s request id is kept where the answer has no other', () => {
    const response = { text: 'hi', x_groq: { id: 'req_1' } };
    expect(readProviderCall({ provider: 'groq', response }).fields.request_id).toBe('req_1');
  });
});

describe('OpenRouter', () => {
  const byok = { prompt_tokens: 1, completion_tokens: 1, cost: 0.0001, is_byok: true };

  test('with a key of one’s own the spend is the fee and the upstream charge', () => {
    const usage = { ...byok, cost_details: { upstream_inference_cost: 0.0002 } };
    expect(read('openrouter', usage).fields).toMatchObject({ cost: '0.0003', currency: 'USD' });
  });

  test('without that key the upstream charge is inside the cost', () => {
    const details = { upstream_inference_cost: 0.0001 };
    const usage = { ...byok, is_byok: false, cost_details: details };
    expect(read('openrouter', usage).fields.cost).toBe('0.0001');
  });

  test('a fee without the upstream charge is not the cost', () => {
    const { fields, flags } = read('openrouter', byok);
    expect(fields.cost).toBeUndefined();
    expect(flags).toEqual(['byok_without_upstream_cost']);
  });

  test('a cost keeps its exact text', () => {
    const usage = parseExactJson('{"prompt_tokens":1,"cost":0.00765091690000000050}');
    expect(read('openrouter', usage).fields.cost).toBe('0.00765091690000000050');
  });
});

describe('xAI', () => {
  test('10^10 ticks are one dollar, exactly', () => {
    const usage = { input_tokens: 1, output_tokens: 1, cost_in_usd_ticks: 52410500 };
    expect(read('xai', usage).fields).toMatchObject({ cost: '0.00524105', currency: 'USD' });
    expect(read('xai', { cost_in_usd_ticks: 500000000 }).fields.cost).toBe('0.05');
    expect(read('xai', { cost_in_usd_ticks: 1 }).fields.cost).toBe('0.0000000001');
    expect(read('xai', { cost_in_usd_ticks: 1234567890123 }).fields.cost).toBe('123.4567890123');
  });

  test('reasoning beside the output is added, as the total shows', () => {
    const usage = {
      prompt_tokens: 10,
      completion_tokens: 5,
      total_tokens: 22,
      completion_tokens_details: { reasoning_tokens: 7 },
    };
    expect(read('xai', usage).fields.output_tokens).toBe(12);
    expect(read('xai', { ...usage, total_tokens: 15 }).fields.output_tokens).toBe(5);
    expect(read('xai', { ...usage, total_tokens: null }).fields.output_tokens).toBe(12);
    expect(read('openai', { ...usage, total_tokens: null }).fields.output_tokens).toBe(5);
  });
});

describe('Perplexity', () => {
  test('the cost is an object', () => {
    const cost = { input_tokens_cost: 1e-5, request_cost: 0.005, total_cost: 0.00501 };
    const usage = { prompt_tokens: 8, completion_tokens: 5, total_tokens: 13, cost };
    expect(read('perplexity', usage).fields).toMatchObject({ cost: '0.00501', currency: 'USD' });
    const { total_cost: _total, ...parts } = cost;
    expect(read('perplexity', { ...usage, cost: parts }).fields.cost).toBe('0.00501');
  });

  test('reasoning and citations come on top of the output', () => {
    const { fields, flags } = read('perplexity', {
      prompt_tokens: 33,
      completion_tokens: 100,
      total_tokens: 133,
      reasoning_tokens: 40,
      citation_tokens: 7,
      num_search_queries: 3,
    });
    expect(fields).toMatchObject({ output_tokens: 147, reasoning_tokens: 40, searches: 3 });
    expect(fields.other_units).toEqual({ output_citation_tokens: 7 });
    expect(flags).toEqual([]);
  });
});

test('Azure’s models of xAI report a cost of 0, which stays a reported 0', () => {
  const usage = { prompt_tokens: 205, completion_tokens: 18, cost_in_usd_ticks: 0 };
  expect(read('azure-ai', usage).fields.cost).toBe('0');
});

test('DeepSeek’s cache hits are reads, and parts that miss the input are flagged', () => {
  const usage = { prompt_tokens: 598, prompt_cache_hit_tokens: 512, prompt_cache_miss_tokens: 86 };
  expect(read('deepseek', usage).fields.cache_read_tokens).toBe(512);
  expect(read('deepseek', usage).flags).toEqual([]);
  const wrong = { ...usage, prompt_cache_miss_tokens: 80 };
  expect(read('deepseek', wrong).flags).toEqual(['cache_parts_mismatch']);
});

test('Mistral tells seconds of audio and pages, and its engine’s cache is not billed', () => {
  const audio = {
    prompt_audio_seconds: 3,
    prompt_tokens: 5,
    completion_tokens: 11,
    total_tokens: 391,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 375 },
  };
  const { fields, flags } = read('mistral', audio);
  expect(fields).toMatchObject({ input_tokens: 5, input_audio_tokens: 375 });
  expect(fields.audio_seconds).toEqual(new ExactNumber('3'));
  expect(flags).toEqual(['total_mismatch']);
  const engine = { prompt_tokens: 77, completion_tokens: 12, num_cached_tokens: 76 };
  expect(read('mistral', engine).fields.cache_read_tokens).toBeUndefined();
  const pages = readProviderCall({
    provider: 'mistral',
    response: { usage_info: { pages_processed: 9 } },
  });
  expect(pages.fields.other_units).toEqual({ input_document_pages: 9 });
});

test('Voyage’s total is input, and its pictures are pixels', () => {
  const usage = { total_tokens: 18, image_pixels: 2000000 };
  expect(read('voyageai', usage).fields).toMatchObject({
    input_tokens: 18,
    other_units: { input_pixels: 2000000 },
  });
});

test.each([
  ['ON_DEMAND', 'on_demand'],
  [1, 'on_demand'],
  ['ON_DEMAND_FLEX', 'flex'],
  ['PROVISIONED_THROUGHPUT', 'provisioned_throughput'],
])('Vertex’ traffic type %s is the tier %s', (trafficType, tier) => {
  expect(read('google-vertex', { promptTokenCount: 1, trafficType }).fields.service_tier).toBe(
    tier,
  );
});

test('Bedrock’s tier stands beside the usage', () => {
  const response = { usage: { inputTokens: 1, outputTokens: 1 }, serviceTier: { type: 'flex' } };
  expect(readProviderCall({ provider: 'aws-bedrock', response }).fields.service_tier).toBe('flex');
});

test('Together and Hugging Face tell cached tokens at the top', () => {
  const usage = { prompt_tokens: 9, completion_tokens: 1, total_tokens: 10, cached_tokens: 4 };
  for (const provider of ['together', 'fireworks', 'huggingface']) {
    expect(read(provider, usage).fields.cache_read_tokens).toBe(4);
  }
});
