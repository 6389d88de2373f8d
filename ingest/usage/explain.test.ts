// What `daybook usage explain` prints for one line, with prices given by the test.
import { expect, test } from 'vitest';
import type { Costing, PriceEvent } from '../pricing/costing.ts';
import { explainLine } from './explain.ts';
import { parseNativeItem } from './native.ts';

const now = new Date('2026-06-01T12:00:00.000Z');
const priced: Costing = {
  cost: '0.0001',
  costStatus: 'computed',
  currency: 'USD',
  computedCost: '0.0001',
  computedCurrency: 'USD',
  card: {
    id: '7',
    provider: 'openai',
    model: 'gpt-5',
    source: 'genai-prices',
    version: '0.1.8',
    validFrom: null,
    validTo: null,
    recordedAt: '2026-01-01T00:00:00Z',
  },
  lines: [
    {
      unit: 'input_tokens',
      quantity: '39',
      price: '1.25',
      per: '1000000',
      tier: '',
      contextThreshold: '0',
      amount: '0.00004875',
    },
  ],
  flags: [],
  reasons: ['by the card'],
};
const explain = (item: unknown, price: PriceEvent = () => priced) =>
  explainLine(typeof item === 'string' ? item : JSON.stringify(item), 1, {
    price,
    now,
    currency: null,
  });

const usage = { prompt_tokens: 39, completion_tokens: 160, total_tokens: 199 };
const call = {
  provider: 'openai',
  host: 'api.openai.com',
  http_path: '/v1/chat/completions',
  status: 200,
  request_model: 'gpt-5',
  response: { id: 'chatcmpl-1', model: 'gpt-5-2025-08-07', service_tier: 'default', usage },
  sse: null,
  usage_raw: usage,
  date_utc: '2026-02-27T11:37:16Z',
  expected: { input_total: 1 },
};

test('a call is shown as its event, its cost lines and the reasons', () => {
  const { event, costs, effective_cost, cost_status, reasons, error } = explain(call);
  expect(event).toMatchObject({
    provider: 'openai',
    model: 'gpt-5',
    served_model: 'gpt-5-2025-08-07',
    operation: 'chat',
    status: 'success',
    request_id: 'chatcmpl-1',
    service_tier: 'default',
    occurred_at: '2026-02-27T11:37:16Z',
    input_tokens: 39,
    output_tokens: 160,
    cache_write_1h_tokens: 0,
    images: null,
  });
  expect(costs).toEqual([
    {
      unit: 'input_tokens',
      quantity: '39',
      price: '1.25',
      per: '1000000',
      tier: '',
      context_threshold: '0',
      amount: '0.00004875',
      currency: 'USD',
      price_card_id: '7',
      source: 'genai-prices',
      version: '0.1.8',
    },
  ]);
  expect([effective_cost, cost_status, error]).toEqual(['0.0001', 'computed', undefined]);
  expect(reasons).toContain('by the card');
});

test('a count that is not told is 0 where a usage was read, and null where none was', () => {
  const { usage_raw: _usage, response: _response, ...bare } = call;
  expect(explain(call).event).toMatchObject({ reasoning_tokens: 0, input_audio_tokens: 0 });
  expect(explain(bare).event).toMatchObject({ reasoning_tokens: null, input_tokens: null });
  const odd = explain({ ...bare, usage_raw: { foo: 1 } });
  expect(odd.event).toMatchObject({ reasoning_tokens: null, input_tokens: null });
  expect(odd.reasons).toContain('The usage holds no count that is known.');
});

test.each([
  [{ input_tokens: 1000 }, { input_tokens: 1000, output_tokens: null }, 0],
  [{ raw_usage: {} }, { input_tokens: null, output_tokens: null }, 1],
  [{ raw_usage: { foo: 1 } }, { input_tokens: null, reasoning_tokens: null }, 1],
  [{ raw_usage: { foo: 1 }, input_tokens: 7 }, { input_tokens: 7, output_tokens: null }, 1],
  [{ raw_usage: { prompt_tokens: 5 } }, { input_tokens: 5, cache_read_tokens: null }, 0],
])('of an event %j what is not told is null, as it would be booked', (told, shown, silent) => {
  const native = { id: 'e', occurred_at: '2026-02-27T11:37:16Z', provider: 'openai', model: 'm' };
  const { event, reasons } = explain({ ...native, ...told });
  const booked = parseNativeItem({ ...native, ...told });
  expect(event).toMatchObject(shown);
  expect(booked).toMatchObject({
    event: { inputTokens: event?.input_tokens, outputTokens: event?.output_tokens },
  });
  expect(reasons.filter((reason) => reason.includes('no count that is known'))).toHaveLength(
    silent,
  );
});

test('each line is known by its number and id, whatever becomes of it', () => {
  const of = (text: string) => {
    const { line, id } = explainLine(text, 3, { price: () => priced, now, currency: null });
    return [line, id];
  };
  expect(of(JSON.stringify({ ...call, id: 'r1' }))).toEqual([3, 'r1']);
  expect(of('{"id":"x"}')).toEqual([3, 'x']);
  expect(of('{"id":5}')).toEqual([3, null]);
  expect(of('nonsense')).toEqual([3, null]);
});

test('each cost has its currency; one that tells none is in the client’s own', () => {
  const native = { id: 'e', occurred_at: '2026-02-27T11:37:16Z', provider: 'openai', model: 'm' };
  const line = JSON.stringify({ ...native, input_tokens: 1, cost: '0.2' });
  const costing: Costing = { ...priced, cost: '0.2', costStatus: 'reported', currency: null };
  const { costs, currency } = explainLine(line, 1, { price: () => costing, now, currency: 'EUR' });
  expect(costs.map((cost) => cost.currency)).toEqual(['USD', 'EUR']);
  expect(currency).toBe('EUR');
  expect(explain(line, () => ({ ...costing, cost: null })).currency).toBeNull();
});

test.each([
  [{}, 'an event needs id, occurred_at, provider and model'],
  [{ id: 'x' }, 'at least one of provider, status, host'],
  [{ id: 'x', host: null }, 'tells no call'],
  [{ id: 'x', provider: 'openai', model: 'gpt-5', input_tokens: 5 }, 'occurred_at is required'],
  [{ id: 'x', model: 'gpt-5' }, 'occurred_at is required'],
])('the error of %j says what is missing', (item, error) => {
  expect(explain(item).error).toContain(error);
});

test('a reported cost is a line of its own, with its exact text', () => {
  const raw = '{"prompt_tokens":1,"cost":0.00765091690000000050}';
  const line = `{"provider":"openrouter","usage_raw":${raw}}`;
  const { event, costs } = explain(line, () => ({ ...priced, card: null, lines: [] }));
  expect(event).toMatchObject({ reported_cost: '0.0076509169000000005', currency: 'USD' });
  expect(costs).toMatchObject([
    { unit: 'reported', amount: '0.0076509169000000005', source: 'openrouter' },
  ]);
});

test('a call without a time is priced now, and the reason says so', () => {
  for (const date_utc of [null, 'yesterday', 5]) {
    const { event, reasons } = explain({ ...call, date_utc });
    expect(event?.occurred_at).toBe(now.toISOString());
    expect(reasons.filter((reason) => reason.includes(now.toISOString())).length).toBe(1);
  }
});

test('what is not known of a call is null, and the pricing still gets an event', () => {
  const seen: string[] = [];
  const { event } = explain({ status: 200 }, ({ provider }) => {
    seen.push(provider);
    return { ...priced, cost: null, costStatus: 'unpriced', card: null, lines: [] };
  });
  expect(event).toMatchObject({ provider: null, model: null, status: 'success' });
  expect(seen).toEqual(['unknown']);
});

test('an event of the native format is explained too, or refused as the server would', () => {
  const native = {
    id: 'call-1',
    occurred_at: '2026-02-27T11:37:16Z',
    provider: 'openai',
    model: 'gpt-5',
    raw_usage: usage,
  };
  const { event, reasons, cost_status } = explain(native);
  expect(event).toMatchObject({ model: 'gpt-5', input_tokens: 39, output_tokens: 160 });
  expect([reasons.length, reasons.at(-1), cost_status]).toEqual([2, 'by the card', 'computed']);
  const { raw_usage: _usage, ...bare } = native;
  expect(explain({ ...bare, input_tokens: 5 }).reasons).toEqual(['by the card']);
  expect(explain({ ...native, prompt_tokens: 1 }).error).toBe(
    'prompt_tokens is no field of a usage event',
  );
});

test('what the computed cost is without is flagged beside what does not add up', () => {
  const odd = { ...call, usage_raw: { ...usage, total_tokens: 5 }, response: null };
  const { event } = explain(odd, () => ({ ...priced, flags: ['unit_not_priced'] }));
  expect(event?.flags).toEqual(['total_mismatch', 'unit_not_priced']);
});

test('seconds of audio are a number', () => {
  const line = { usage_raw: { type: 'duration', seconds: 8.47 } };
  expect(explain(line).event?.audio_seconds).toBe(8.47);
});

test.each([
  ['no JSON', 'nonsense', 'is no JSON'],
  ['a list', '[]', 'must be a JSON object'],
  ['nesting beyond all reason', '['.repeat(200_000), 'is no JSON'],
])('%s gives a line with an error', (_name, line, error) => {
  expect(explain(line)).toEqual({
    line: 1,
    id: null,
    event: null,
    costs: [],
    effective_cost: null,
    currency: null,
    cost_status: 'unpriced',
    reasons: [],
    error,
  });
});
