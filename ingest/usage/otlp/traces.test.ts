// Rules of an OTLP span: which spans are calls, and how one in the current conventions is read.
import { describe, expect, test } from 'vitest';
import type { UsageEvent } from '../event.ts';
import {
  CHAT,
  END_NANOS,
  eventOf,
  itemsOf,
  onlyEvent,
  outcomes,
  parseOtlpJson,
  requestOf,
  START_NANOS,
  spanOf,
  TRACE_ID,
} from '../wire-test-support.ts';

describe('a call in the current GenAI conventions', () => {
  test('is read whole, its times without a float', () => {
    const attributes = {
      ...CHAT,
      'gen_ai.response.model': 'gpt-4o-mini-2024-07-18',
      'gen_ai.response.id': 'chatcmpl-1',
      'gen_ai.conversation.id': 'talk-7',
      'user.id': 'ann',
      'gen_ai.usage.cache_read.input_tokens': 100,
      'gen_ai.usage.cache_creation.input_tokens': 10,
      'gen_ai.usage.reasoning.output_tokens': 5,
      'gen_ai.usage.audio.input_tokens': 3,
      'gen_ai.usage.image.input_tokens': 7,
      'gen_ai.usage.cost': 0.00123,
      'gen_ai.response.time_to_first_chunk': 0.25,
      'openai.response.service_tier': 'flex',
      'trace.metadata.phone': '+12025550123',
      'trace.metadata.team': 'sms',
    };
    expect(eventOf(attributes)).toMatchObject({
      eventId: `${TRACE_ID}-756e7135b6e12c26`,
      source: 'otlp',
      occurredAt: '2026-11-20T11:53:48.948123Z',
      latencyMs: '1250.126',
      ttftMs: '250',
      provider: 'openai',
      model: 'gpt-4o-mini',
      servedModel: 'gpt-4o-mini-2024-07-18',
      operation: 'chat',
      requestId: 'chatcmpl-1',
      conversationId: 'talk-7',
      userId: 'ann',
      phone: '+12025550123',
      metadata: '{"team":"sms"}',
      status: 'success',
      serviceTier: 'flex',
      inputTokens: 194,
      outputTokens: 20,
      cacheReadTokens: 100,
      cacheWriteTokens: 10,
      reasoningTokens: 5,
      inputAudioTokens: 3,
      otherUnits: { input_image_tokens: 7 },
      reportedCost: '0.00123',
      currency: 'USD',
      flags: [],
    } satisfies Partial<UsageEvent>);
    // Control: a float would move the start by nanoseconds.
    expect(BigInt(Number(START_NANOS))).not.toBe(BigInt(START_NANOS));
  });

  test.each([194, '194'])('may write a whole number as %j', (intValue) => {
    const span = spanOf(CHAT) as { attributes: { key: string; value: object }[] };
    const [, , , input] = span.attributes;
    if (input !== undefined) input.value = { intValue };
    expect(onlyEvent(parseOtlpJson(requestOf(span))).inputTokens).toBe(194);
  });

  test('may leave out the kind, a value, the end and the status', () => {
    const span = spanOf(CHAT, { kind: undefined, endTimeUnixNano: undefined, status: undefined });
    (span as { attributes: object[] }).attributes.push({ key: 'gen_ai.response.id' });
    expect(onlyEvent(parseOtlpJson(requestOf(span)))).toMatchObject({
      latencyMs: null,
      requestId: null,
    });
  });

  test('is the same call by its ids in hex of any case and in base64', () => {
    const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64');
    const ids = [
      { traceId: TRACE_ID.toUpperCase() },
      { traceId: base64(TRACE_ID), spanId: base64('756e7135b6e12c26') },
    ].map((fields) => eventOf(CHAT, fields).eventId);
    expect(ids).toEqual(Array(2).fill(`${TRACE_ID}-756e7135b6e12c26`));
  });

  test('that failed is an error with its type, by attribute or exception', () => {
    const events = [{ attributes: [{ key: 'exception.type', value: { stringValue: 'Late' } }] }];
    const failed = { status: { code: 2, message: 'too late' } };
    expect(eventOf({ ...CHAT, 'error.type': '429' })).toMatchObject({ errorType: '429' });
    expect(eventOf(CHAT, { ...failed, events })).toMatchObject({
      status: 'error',
      errorType: 'Late',
    });
    expect(eventOf(CHAT, { status: { code: 'STATUS_CODE_ERROR' } }).status).toBe('error');
    expect(eventOf(CHAT, { status: { code: 1 } }).status).toBe('success');
  });

  test('that ends before it starts keeps no latency and is flagged', () => {
    const turned = { startTimeUnixNano: END_NANOS, endTimeUnixNano: START_NANOS };
    expect(eventOf(CHAT, turned)).toMatchObject({
      latencyMs: null,
      flags: ['ends_before_it_starts'],
    });
  });
});

describe('only model calls count', () => {
  const usage = { 'gen_ai.request.model': 'm', 'gen_ai.usage.input_tokens': 5 };
  test.each<Record<string, unknown>>([
    {},
    { 'http.request.method': 'GET' },
    { 'gen_ai.usage.input_tokens': 5 },
    { ...usage, 'gen_ai.operation.name': 'invoke_agent' },
    { ...usage, 'gen_ai.operation.name': 'execute_tool' },
    { ...usage, 'gen_ai.operation.name': 'invoke_workflow' },
    { ...usage, 'openinference.span.kind': 'AGENT' },
    { ...usage, 'openinference.span.kind': 'CHAIN' },
    { ...usage, 'traceloop.span.kind': 'workflow' },
    { ...usage, 'ai.operationId': 'ai.generateText' },
    { ...usage, 'ai.operationId': 'ai.streamText' },
    { ...usage, 'ai.operationId': 'ai.toolCall' },
    { ...usage, 'langfuse.observation.type': 'span' },
    { ...usage, 'langfuse.observation.type': 'agent' },
    { ...usage, 'langfuse.observation.type': 'tool' },
  ])('%j is passed over', (attributes) => {
    expect(itemsOf(attributes)).toEqual([]);
  });

  test('a span that names a model and tells usage is one without further words (control)', () => {
    expect(outcomes(itemsOf(usage))).toEqual([`${TRACE_ID}-756e7135b6e12c26`]);
  });
});

test('a call that tells no usage is booked as one of unknown cost', () => {
  const { 'gen_ai.usage.input_tokens': _in, 'gen_ai.usage.output_tokens': _out, ...untold } = CHAT;
  expect(eventOf(untold)).toMatchObject({
    inputTokens: null,
    outputTokens: null,
    requests: 1,
    flags: ['usage_not_told'],
  });
});
