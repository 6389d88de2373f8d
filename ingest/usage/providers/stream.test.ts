// Streams: which figure counts, and what is made of one that was cut short.
import { describe, expect, test } from 'vitest';
import { readProviderCall } from './call.ts';

const sse = (...events: object[]) =>
  `${events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')}`;
const usage = (input: number, output: number) => {
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
};
const end = { choices: [{ finish_reason: 'stop' }] };

describe('the last usage wins', () => {
  test('of chunks', () => {
    const chunks = sse({ usage: usage(1, 1) }, end, { usage: usage(9, 3) });
    const text = `: comment\r\n\r\n${chunks}data: [DONE]\n\n`;
    const { fields } = readProviderCall({ provider: 'openai', sse: text });
    expect(fields).toMatchObject({ input_tokens: 9, output_tokens: 3, status: 'success' });
  });

  test('of Gemini’s chunks, as events or as a list', () => {
    const chunks = [
      { usageMetadata: { promptTokenCount: 15, totalTokenCount: 15 } },
      {
        candidates: [{ finishReason: 'STOP' }],
        usageMetadata: { promptTokenCount: 13, candidatesTokenCount: 8, totalTokenCount: 21 },
      },
    ];
    for (const call of [{ sse: sse(...chunks) }, { sse: chunks }, { response: chunks }]) {
      const { fields } = readProviderCall({ provider: 'google', ...call });
      expect(fields).toMatchObject({ input_tokens: 13, output_tokens: 8, streamed: true });
    }
  });

  test('of the Responses API, in the completed response', () => {
    const { fields } = readProviderCall({
      sse: [
        { type: 'response.created', response: { id: 'r1', model: 'gpt-5', usage: null } },
        { type: 'response.output_item.done', item: { id: 'other' } },
        { type: 'response.completed', response: { id: 'r1', usage: usage(4, 2) } },
      ],
    });
    expect(fields).toMatchObject({ request_id: 'r1', served_model: 'gpt-5', input_tokens: 4 });
  });

  test('of Groq, inside x_groq', () => {
    const text = sse(end, { x_groq: { id: 'req', usage: usage(5, 6) } });
    expect(readProviderCall({ provider: 'groq', sse: text }).fields.output_tokens).toBe(6);
  });

  test('of Cohere, in message-end; of Bedrock, in metadata; of Ollama, line by line', () => {
    const cohere = { type: 'message-end', delta: { usage: { tokens: { input_tokens: 3 } } } };
    expect(readProviderCall({ sse: sse(cohere) }).fields.input_tokens).toBe(3);
    const bedrock = [
      { messageStop: { stopReason: 'end_turn' } },
      { metadata: { usage: { inputTokens: 3, outputTokens: 1, totalTokens: 4 } } },
    ];
    expect(readProviderCall({ sse: bedrock }).fields).toMatchObject({ input_tokens: 3 });
    const ollama = '{"done":false}\n{"done":true,"prompt_eval_count":7,"eval_count":2}\n';
    expect(readProviderCall({ sse: ollama }).fields).toMatchObject({ input_tokens: 7 });
  });

  test('of an assistant’s run, not of its messages', () => {
    const { fields } = readProviderCall({
      sse: [
        { object: 'thread.run', id: 'run_1', status: 'completed', usage: usage(8, 2) },
        { object: 'thread.message', id: 'msg_1', usage: usage(1, 1) },
      ],
    });
    expect(fields).toMatchObject({ request_id: 'run_1', input_tokens: 8 });
  });
});

describe('Anthropic', () => {
  const start = {
    type: 'message_start',
    message: {
      id: 'msg_1',
      model: 'claude',
      usage: { input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 1 },
    },
  };

  test('the start is merged with the delta, which goes before it', () => {
    const delta = { type: 'message_delta', usage: { input_tokens: 20, output_tokens: 30 } };
    const { fields } = readProviderCall({
      provider: 'anthropic',
      sse: sse(start, delta, { type: 'message_stop' }),
    });
    expect(fields).toMatchObject({
      input_tokens: 25,
      cache_read_tokens: 5,
      output_tokens: 30,
      request_id: 'msg_1',
      status: 'success',
    });
  });

  test('a stream without its end was cancelled, and keeps what it told', () => {
    const { fields, flags } = readProviderCall({ provider: 'anthropic', sse: sse(start) });
    expect(fields).toMatchObject({ status: 'cancelled', input_tokens: 15, output_tokens: 1 });
    expect(flags).toEqual(['stream_cut_short']);
  });
});

test('an error ends a stream, unless the answer was there already', () => {
  const error = { error: { code: 400, message: 'no' }, usage: usage(3, 1) };
  const early = readProviderCall({ httpStatus: 200, sse: sse(error) });
  expect(early.fields).toMatchObject({ status: 'error', error_type: 'http_400', input_tokens: 3 });
  const late = readProviderCall({ httpStatus: 200, sse: sse(end, error) });
  expect(late.fields).toMatchObject({ status: 'success', input_tokens: 3 });
  expect(late.flags).toEqual(['error_after_answer']);
});

test('a broken event loses only itself', () => {
  const text = `data: {"usage":\n\ndata: nonsense\n\n${sse(end, { usage: usage(2, 2) })}`;
  expect(readProviderCall({ sse: text }).fields).toMatchObject({ input_tokens: 2 });
});
