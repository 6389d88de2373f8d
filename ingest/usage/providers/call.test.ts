// How a call is known and how it ended, whatever is missing, and input that means harm.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCandidate } from '../native.ts';
import { parseExactJson } from '../values/exact-json.ts';
import { type ProviderCall, readProviderCall } from './call.ts';

const ID = { id: 'a', occurred_at: '2026-01-01T00:00:00Z', provider: 'p', model: 'm' };

describe('who answered', () => {
  test.each([
    ['api.openai.com', '/v1/chat/completions', 'openai', 'chat'],
    ['eu.api.openai.com', '/v1/embeddings', 'openai', 'embedding'],
    ['acme.openai.azure.com', '/openai/deployments/d/chat/completions?x=1', 'azure-openai', 'chat'],
    ['bedrock-runtime.eu-west-1.amazonaws.com', '/model/m/converse', 'aws-bedrock', 'chat'],
    ['api.groq.com', '/openai/v1/audio/transcriptions', 'groq', 'transcription'],
    ['openrouter.ai', '/api/v1/chat/completions', 'openrouter', 'chat'],
    ['api.cohere.com', '/v2/rerank', 'cohere', 'rerank'],
    ['api.openai.com', '/v1/audio/speech', 'openai', 'speech'],
    ['127.0.0.1:11434', '/api/generate', 'ollama', 'completion'],
  ])('%s%s', (host, httpPath, provider, operation) => {
    expect(readProviderCall({ host, httpPath }).fields).toMatchObject({ provider, operation });
  });

  test.each([
    ['/model/us.amazon.nova-lite-v1%3A0/invoke', 'us.amazon.nova-lite-v1:0'],
    [
      `/model/${encodeURIComponent('arn:aws:bedrock:us-east-1:1:inference-profile/us.x-v1:0')}/converse`,
      'us.x-v1:0',
    ],
    ['/v1beta/models/gemini-2.5-flash:streamGenerateContent', 'gemini-2.5-flash'],
    ['/openai/deployments/my-gpt/chat/completions', 'my-gpt'],
    ['/model/%E0%A4%A/invoke', '%E0%A4%A'],
  ])('the path %s names the model', (httpPath, model) => {
    expect(readProviderCall({ httpPath }).fields.model).toBe(model);
  });

  test('the model that answered stands in where none was asked for', () => {
    const { fields, reasons } = readProviderCall({ response: { model: 'gpt-5-2025' } });
    expect(fields).toMatchObject({ model: 'gpt-5-2025', served_model: 'gpt-5-2025' });
    expect(reasons.length).toBe(1);
  });
});

describe('how it ended', () => {
  test.each([
    [404, { error: { code: 'model_not_found', type: 'invalid_request_error' } }, 'model_not_found'],
    [429, { error: { code: 429, message: 'slow down' } }, 'http_429'],
    [400, { error: { code: 400, status: 'INVALID_ARGUMENT' } }, 'INVALID_ARGUMENT'],
    [400, { code: 'invalid-argument', error: 'Incorrect key' }, 'invalid-argument'],
    [400, { message: 'The provided model identifier is invalid.' }, 'http_400'],
    [200, { error: { code: 502, message: 'upstream' } }, 'http_502'],
    ['503', null, 'http_503'],
  ])('%s with %j is an error', (httpStatus, response, kind) => {
    const { fields } = readProviderCall({ httpStatus, response });
    expect(fields).toMatchObject({ status: 'error', error_type: kind });
  });

  test('a state of its own is believed', () => {
    expect(readProviderCall({ response: { status: 'failed' } }).fields.status).toBe('error');
    expect(readProviderCall({ response: { status: 'cancelled' } }).fields.status).toBe('cancelled');
    expect(readProviderCall({ httpStatus: 499 }).fields.status).toBe('cancelled');
    expect(readProviderCall({ usage: { prompt_tokens: 1 } }).fields.status).toBeUndefined();
  });
});

describe('input that means harm', () => {
  const deep = (levels: number) => `${'{"usage":'.repeat(levels)}1${'}'.repeat(levels)}`;

  test('figures that are none are left out and named', () => {
    const { fields, flags, reasons } = readProviderCall({
      usage: parseExactJson(
        '{"prompt_tokens":-5,"completion_tokens":1e400,"total_tokens":"12","cost":"NaN"}',
      ),
    });
    expect(fields).toMatchObject({ input_tokens: 12 });
    expect(fields).not.toHaveProperty('output_tokens');
    expect(fields).not.toHaveProperty('cost');
    expect(flags).toEqual(['unreadable_figure']);
    expect(reasons.join()).toContain('prompt_tokens is -5');
  });

  test('numbers come as numbers, as exact numbers and as texts', () => {
    const usage = parseExactJson('{"prompt_tokens":"12","completion_tokens":7.0,"cost":"1e-7"}');
    expect(readProviderCall({ usage }).fields).toMatchObject({
      input_tokens: 12,
      output_tokens: 7,
      cost: '1e-7',
    });
  });

  test('parts that add up to more than the books hold are left out', () => {
    const half = 10 ** 12;
    const usage = { input_tokens: half, cache_read_input_tokens: half, output_tokens: 1 };
    const { fields, flags } = readProviderCall({ provider: 'anthropic', usage });
    expect(fields).not.toHaveProperty('input_tokens');
    expect(flags).toEqual(['unreadable_figure']);
  });

  test('objects that cannot be written as text are no texts', () => {
    const trap = parseExactJson('{"toString":1,"valueOf":1}');
    for (const name of ['type', 'status', 'object', 'trafficType', 'model', 'id', 'error']) {
      const event = { [name]: trap, usage: { [name]: trap, promptTokenCount: 1 } };
      const { fields } = readProviderCall({ provider: 'google', sse: [event] });
      expect(fields.input_tokens).toBe(1);
    }
  });

  test('depth, prototypes, NUL and size do no harm', () => {
    for (const levels of [40, 1_000]) {
      expect(readProviderCall({ response: parseExactJson(deep(levels)) }).fields.raw_usage).toBe(
        undefined,
      );
    }
    expect(readProviderCall({ sse: `data: ${deep(100_000)}\n\n` }).fields.streamed).toBe(true);
    const proto = parseExactJson('{"__proto__":{"prompt_tokens":5},"completion_tokens":1}');
    expect(readProviderCall({ usage: proto }).fields.input_tokens).toBeUndefined();
    const nul = readProviderCall({ response: { id: 'a\0', model: 'x'.repeat(300), usage: {} } });
    expect(nul.fields).not.toHaveProperty('request_id');
    expect(nul.fields).not.toHaveProperty('served_model');
    const large = { prompt_tokens: 1, note: 'x'.repeat(20_000) };
    const { fields } = readProviderCall({ usage: large });
    expect(fields).not.toHaveProperty('raw_usage');
    expect(fields.input_tokens).toBe(1);
  });

  const told = fc.record(
    Object.fromEntries(
      [
        'provider',
        'host',
        'httpPath',
        'httpStatus',
        'requestModel',
        'response',
        'sse',
        'usage',
      ].map((name) => [name, fc.oneof(fc.jsonValue(), fc.string(), usageLike())]),
    ),
    { requiredKeys: [] },
  );

  test('nothing that JSON can hold makes it throw, and the books take what it reads', () => {
    fc.assert(
      fc.property(told, (call) => {
        const { fields, flags } = readProviderCall(call as ProviderCall);
        const parsed = readCandidate({
          source: 'native',
          fields: { raw_usage: {}, ...fields, ...ID },
          flags,
          received: {},
        });
        expect(parsed).toHaveProperty('event');
      }),
      { numRuns: 3_000 },
    );
  });

  /** Objects with the names that adapters look for, holding anything. */
  function usageLike() {
    const names = [
      'usage',
      'usageMetadata',
      'meta',
      'tokens',
      'billed_units',
      'prompt_tokens',
      'input_tokens',
      'output_tokens',
      'inputTokens',
      'promptTokenCount',
      'total_tokens',
      'prompt_tokens_details',
      'cached_tokens',
      'cost',
      'is_byok',
      'cost_details',
      'upstream_inference_cost',
      'type',
      'cost_in_usd_ticks',
      'cache_creation',
      'cache_creation_input_tokens',
      'iterations',
      'error',
      'choices',
      'response',
      'message',
      'seconds',
      'duration',
      'modality',
      'tokenCount',
      'data',
      'promptTokensDetails',
      'service_tier',
      'id',
      'model',
      'object',
      'status',
      'event',
      'metadata',
    ];
    return fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, true, -1, 0, 7, 1.5, '12', '', 'openrouter', 'message_delta'),
        fc.double(),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 8 }),
      ),
    })).value;
  }
});
