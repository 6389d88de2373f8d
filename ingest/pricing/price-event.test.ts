// Rules of pricing one call: which card, which units, which tier, and exactly how much.
import { describe, expect, test } from 'vitest';
import type { UsageEvent } from '../usage/event.ts';
import { makeCard, makeEvent, priceByCatalogue, priceWith } from './test-support.ts';

const price = await priceByCatalogue();
const MILLION = 1_000_000;

/** The computed cost of a call by the catalogue. */
function costOf(fields: Partial<UsageEvent>): string | null {
  return price(makeEvent(fields)).computedCost;
}

describe('price in time', () => {
  test('is the one that was valid when the call was made', () => {
    const o3 = { model: 'o3', inputTokens: MILLION, outputTokens: 0 };
    expect(costOf({ ...o3, occurredAt: '2025-06-09T23:59:59.999999Z' })).toBe('10');
    expect(costOf({ ...o3, occurredAt: '2025-06-10T00:00:00Z' })).toBe('2');
  });

  test('changes with the hours of the day, over midnight too', () => {
    const deepseek = { provider: 'deepseek', model: 'deepseek-chat', inputTokens: MILLION };
    expect(costOf({ ...deepseek, occurredAt: '2025-03-01T00:29:59Z' })).toBe('0.135');
    expect(costOf({ ...deepseek, occurredAt: '2025-03-01T00:30:00Z' })).toBe('0.27');
    expect(costOf({ ...deepseek, occurredAt: '2025-03-01T16:30:00Z' })).toBe('0.135');
    const night = makeCard({ input_tokens: '1' }, { dailyFrom: '22:00:00', dailyTo: '06:00:00' });
    const day = makeCard({ input_tokens: '3' }, { id: '2' });
    const both = priceWith([day, night]);
    const at = (clock: string) =>
      both(makeEvent({ inputTokens: MILLION, occurredAt: `2026-01-05T${clock}Z` })).cost;
    expect(['21:59:59', '22:00:00', '05:59:59', '06:00:00'].map(at)).toEqual(['3', '1', '1', '3']);
  });

  test('has daily windows only from the date on that stands before them', () => {
    const flash = { provider: 'deepseek', model: 'deepseek-v4-flash', inputTokens: MILLION };
    expect(costOf({ ...flash, occurredAt: '2026-06-10T09:00:00Z' })).toBe('0.14');
    expect(costOf({ ...flash, occurredAt: '2026-09-10T09:00:00Z' })).toBe('0.44');
    expect(costOf({ ...flash, occurredAt: '2026-09-10T11:00:00Z' })).toBe('0.22');
  });

  test('is what was recorded last; what it does not cover keeps the earlier statement', () => {
    const old = makeCard({ input_tokens: '1' });
    const recordedAt = new Date('2026-02-01T00:00:00Z');
    const validFrom = new Date('2026-06-01T00:00:00Z');
    const fresh = makeCard({ input_tokens: '9' }, { id: '2', recordedAt, validFrom });
    const both = priceWith([fresh, old]);
    const at = (occurredAt: string) => both(makeEvent({ inputTokens: MILLION, occurredAt })).cost;
    expect(at('2026-05-31T23:59:59Z')).toBe('1');
    expect(at('2026-06-01T00:00:00Z')).toBe('9');
  });
});

describe('the card', () => {
  test('is the served model’s before the requested one’s', () => {
    const fields = { model: 'gpt-4o', inputTokens: MILLION };
    expect(costOf({ ...fields, servedModel: 'gpt-4o-mini-2024-07-18' })).toBe('0.15');
    expect(costOf({ ...fields, servedModel: 'my-deployment' })).toBe('2.5');
  });

  test('is a client’s own before a shared one, whichever name it is for', () => {
    const own = makeCard({ input_tokens: '7' }, { id: '2', clientId: 'acme' });
    const shared = makeCard({ input_tokens: '1' }, { pattern: { starts_with: 'gpt-4o' } });
    const event = makeEvent({ servedModel: 'gpt-4o-2024-08-06', inputTokens: MILLION });
    expect(priceWith([shared], [own])(event)).toMatchObject({ cost: '7', card: { id: '2' } });
    expect(priceWith([shared])(event).cost).toBe('1');
  });

  test('is the first that matches, in the order of the list', () => {
    const first = makeCard({ input_tokens: '1' }, { pattern: { contains: '4o' }, position: 1 });
    const second = makeCard({ input_tokens: '2' }, { id: '2', model: 'other', position: 2 });
    expect(priceWith([second, first])(makeEvent({ inputTokens: MILLION })).cost).toBe('1');
  });

  test.each([
    ['google-vertex', 'gemini-2.5-flash', '0.3'],
    ['gcp.vertex_ai', 'publishers/google/models/gemini-2.5-flash', '0.3'],
    ['gemini', 'models/gemini-2.5-flash', '0.3'],
    ['azure-openai', 'gpt-4o-2024-11-20', '2.5'],
    ['xai', 'grok-4.3', '1.25'],
    ['aws-bedrock', 'us.anthropic.claude-sonnet-4-20250514-v1:0', '3'],
    ['litellm', 'openrouter/anthropic/claude-3.5-sonnet', '3'],
    ['openrouter', 'openrouter/anthropic/claude-3.5-sonnet', '3'],
    ['openai.responses', 'gpt-4o', '2.5'],
    ['OpenAI', ' GPT-4o ', '2.5'],
    ['groq', 'openai/gpt-oss-120b', '0.15'],
  ])('is found for provider %s and model %s', (provider, model, expected) => {
    const inputTokens = 100_000;
    const cost = Number(costOf({ provider, model, inputTokens })) * 10;
    expect(cost).toBeCloseTo(Number(expected), 9);
  });

  test.each([
    ['deepinfra', 'openai/gpt-4o'],
    ['openai-compatible', 'gpt-4o'],
    ['nobody', 'gpt-4o'],
    ['openai', 'no-such-model'],
    ['openrouter', 'openai/gpt-4o:batch'],
  ])('is not guessed for provider %s and model %s', (provider, model) => {
    const costing = price(makeEvent({ provider, model, inputTokens: 5 }));
    expect(costing).toMatchObject({ cost: null, costStatus: 'unpriced', card: null });
    expect(costing.reasons.at(-1)).toContain('no pr');
  });
});

describe('variants', () => {
  const openrouter = { provider: 'openrouter', inputTokens: MILLION, outputTokens: 0 };

  test('that cost nothing are free, whatever the paid model costs', () => {
    for (const model of ['deepseek/deepseek-r1:free', 'made/up-model:free']) {
      expect(price(makeEvent({ ...openrouter, model }))).toMatchObject({
        cost: '0',
        costStatus: 'free',
      });
    }
  });

  test('that choose a route are priced as the model, and named', () => {
    const plain = costOf({ ...openrouter, model: 'openai/gpt-4o' });
    for (const variant of ['online', 'nitro', 'floor', 'exacto']) {
      const costing = price(makeEvent({ ...openrouter, model: `openai/gpt-4o:${variant}` }));
      expect(costing.cost).toBe(plain);
      expect(costing.reasons.join(' ')).toContain(`":${variant}"`);
    }
    const online = price(makeEvent({ ...openrouter, model: 'openai/gpt-4o:online' }));
    expect(online.reasons.join(' ')).toContain('web search');
  });
});

describe('units', () => {
  test('are taken off the whole: cache reads, cache writes by time to live, audio', () => {
    const claude = { provider: 'anthropic', model: 'claude-sonnet-4-20250514' };
    const cached = {
      ...claude,
      inputTokens: 1_000_000,
      cacheReadTokens: 500_000,
      cacheWriteTokens: 300_000,
      cacheWrite5mTokens: 100_000,
      cacheWrite1hTokens: 200_000,
    };
    // 200k at 3, 500k at 0.30, 100k at 3.75, 200k at 6.
    expect(costOf(cached)).toBe('2.325');
    const audio = { model: 'gpt-realtime', inputTokens: 1000, inputAudioTokens: 400 };
    const lines = price(makeEvent(audio)).lines.map(({ unit, quantity }) => [unit, quantity]);
    expect(lines.flat()).toContain('600');
  });

  test('without a price of their own are at the price of the whole', () => {
    const own = { model: 'gpt-4o', inputTokens: 1000, outputTokens: 1000, reasoningTokens: 900 };
    expect(costOf(own)).toBe('0.0125');
    const costing = price(makeEvent({ ...own, inputAudioTokens: 400 }));
    expect(costing.cost).toBe('0.0125');
    expect(costing.reasons.join(' ')).toContain('input_audio_tokens has no price of its own');
  });

  test('of reasoning have their own price where there is one', () => {
    const deep = { provider: 'perplexity', model: 'sonar-deep-research' };
    const fields = { ...deep, inputTokens: 0, outputTokens: MILLION, reasoningTokens: MILLION };
    expect(costOf(fields)).toBe('3');
  });

  test('that are audio seconds are billed by the second, on groq at least ten', () => {
    const groq = { provider: 'groq', model: 'whisper-large-v3' };
    // 0.111 dollars an hour: ten seconds are 0.000308333…, half-even to 18 decimals.
    expect(costOf({ ...groq, audioSeconds: '3' })).toBe('0.000308333333333333');
    expect(costOf({ ...groq, audioSeconds: '10' })).toBe('0.000308333333333333');
    expect(costOf({ ...groq, audioSeconds: '11.5' })).toBe('0.000354583333333333');
    expect(costOf({ ...groq, audioSeconds: '0' })).toBe('0');
    expect(costOf({ model: 'whisper-1', audioSeconds: '60' })).toBe('0.006');
    expect(costOf({ model: 'whisper-1', audioSeconds: '0.29' })).toBe('0.000029');
    const { reasons, lines } = price(makeEvent({ ...groq, audioSeconds: '3' }));
    expect(reasons.join(' ')).toContain('least');
    expect(lines).toMatchObject([{ unit: 'audio_seconds', quantity: '10', per: '3600' }]);
  });

  test('that are fees count on top: searches and requests', () => {
    const claude = { provider: 'anthropic', model: 'claude-sonnet-4-20250514', inputTokens: 0 };
    expect(costOf({ ...claude, searches: 3 })).toBe('0.03');
    const sonar = { provider: 'perplexity', model: 'sonar', inputTokens: 0, outputTokens: 0 };
    expect(costOf(sonar)).toBe('0.012');
    expect(costOf({ ...sonar, requests: 5 })).toBe('0.06');
  });

  test('that have no price at all leave the call unpriced, and a fee without one is told', () => {
    const seconds = price(makeEvent({ audioSeconds: '30' }));
    expect(seconds).toMatchObject({ cost: null, costStatus: 'unpriced' });
    const card = makeCard({ input_tokens: '1' });
    const { cost, reasons } = priceWith([card])(makeEvent({ inputTokens: 10, searches: 1 }));
    expect(cost).toBe('0.00001');
    expect(reasons.join(' ')).toContain('web_searches has no price');
  });

  test('whose parts exceed the whole never count below zero', () => {
    const odd = { model: 'gpt-4o', inputTokens: 100, cacheReadTokens: 1000, outputTokens: 0 };
    const costing = price(makeEvent(odd));
    // 1,000 cached at 1.25; nothing is given back for the 900 that are too many.
    expect(costing.cost).toBe('0.00125');
    expect(costing.reasons.join(' ')).toContain('exceed');
  });
});

describe('tiers and thresholds', () => {
  const long = { provider: 'anthropic', model: 'claude-sonnet-4-5', outputTokens: 1000 };

  test('of long context change the price of the whole call', () => {
    expect(costOf({ ...long, inputTokens: 200_000 })).toBe('0.615');
    expect(costOf({ ...long, inputTokens: 200_001 })).toBe('1.222506');
  });

  test.each([
    [{ serviceTier: 'default' }, '2.5'],
    [{ serviceTier: 'ON_DEMAND' }, '2.5'],
    [{ serviceTier: 'auto' }, '2.5'],
    [{ serviceTier: 'batch' }, '1.25'],
    [{ batch: true }, '1.25'],
    [{ batch: true, serviceTier: 'default' }, '1.25'],
  ])('that served count: %o', (fields, expected) => {
    expect(costOf({ model: 'gpt-4o', inputTokens: MILLION, ...fields })).toBe(expected);
  });

  test('have their own prices: flex, priority, fast, a residency, cached batches', () => {
    const input = { inputTokens: 100_000, outputTokens: 0 };
    expect(costOf({ ...input, model: 'gpt-5', serviceTier: 'flex' })).toBe('0.0625');
    expect(costOf({ ...input, model: 'gpt-5.5', serviceTier: 'priority' })).toBe('1.25');
    const opus = { ...input, provider: 'anthropic', model: 'claude-opus-4-6' };
    expect(costOf(opus)).toBe('0.5');
    expect(costOf({ ...opus, rawUsage: '{"speed":"fast"}' })).toBe('3');
    expect(costOf({ ...opus, rawUsage: '{"inference_geo":"us"}' })).toBe('0.55');
    const batch = { ...opus, batch: true, rawUsage: '{"inference_geo": "us"}' };
    expect(costOf(batch)).toBe('0.275');
    const gemini = { ...input, provider: 'google', model: 'gemini-2.5-flash', batch: true };
    expect(costOf({ ...gemini, cacheReadTokens: 100_000 })).toBe('0.003');
  });

  test('leave fees per call as they are', () => {
    const claude = { provider: 'anthropic', model: 'claude-opus-4-6', inputTokens: MILLION };
    expect(costOf({ ...claude, inputTokens: 0, searches: 2, batch: true })).toBe('0.02');
  });

  test('without a price are unknown, not standard', () => {
    const served = makeEvent({ model: 'gpt-4o', inputTokens: 5, serviceTier: 'priority' });
    expect(price(served)).toMatchObject({ cost: null, costStatus: 'unpriced' });
    expect(price(served).reasons.at(-1)).toContain('tier "priority"');
    // Another model's price for that tier must not stand in.
    const other = makeCard({ input_tokens: '1' }, { id: '2', model: 'x', position: 1 });
    const rates = other.rates.map((rate) => ({ ...rate, tier: 'priority' }));
    const cards = [
      makeCard({ input_tokens: '1' }),
      { ...other, rates, pattern: { contains: 'gpt' } },
    ];
    expect(priceWith(cards)(served).cost).toBeNull();
  });
});

describe('what is not known', () => {
  test.each(['gpt-4o', 'no-such-model'])('of a failed call is said: %s', (model) => {
    const costing = price(makeEvent({ model, status: 'error' }));
    expect(costing).toMatchObject({ cost: null, costStatus: 'unpriced' });
    expect(costing.reasons.at(-1)).toBe('The call failed and tells no usage.');
  });

  test('is nothing where every price is 0, at any tier', () => {
    const own = makeCard({ input_tokens: '0', output_tokens: '0' }, { clientId: 'acme' });
    const shared = makeCard({ input_tokens: '1' }, { id: '2' });
    const event = makeEvent({ inputTokens: 5, serviceTier: 'flex' });
    const expected = { cost: '0', costStatus: 'free', card: { id: '1' } };
    expect(priceWith([shared], [own])(event)).toMatchObject(expected);
  });

  test('does not hide what the provider reported', () => {
    const event = makeEvent({ provider: 'nobody', inputTokens: 1, reportedCost: '0.4' });
    expect(price(event)).toMatchObject({ cost: '0.4', costStatus: 'reported', computedCost: null });
  });

  test('keeps both costs side by side', () => {
    const event = makeEvent({ inputTokens: MILLION, reportedCost: '2.6', currency: 'EUR' });
    const reported = { cost: '2.6', costStatus: 'reported', currency: 'EUR' };
    const computed = { computedCost: '2.5', computedCurrency: 'USD' };
    expect(price(event)).toMatchObject({ ...reported, ...computed });
  });

  test('includes providers, models, tiers and units named like parts of an object', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      const odd = { provider: name, model: name, servedModel: name, serviceTier: name };
      const otherUnits = Object.fromEntries([[name, 1]]);
      const costing = price(makeEvent({ ...odd, otherUnits, inputTokens: 1 }));
      expect(costing).toMatchObject({ cost: null, costStatus: 'unpriced' });
      expect(costing.reasons).not.toEqual([]);
      expect(price(makeEvent({ serviceTier: name, inputTokens: 1 })).cost).toBeNull();
      expect(price(makeEvent({ otherUnits, inputTokens: 1 })).reasons).not.toEqual([]);
    }
  });

  test('includes costs that no call can have', () => {
    const card = makeCard({ input_tokens: '999999999999999' });
    const costing = priceWith([card])(makeEvent({ inputTokens: 10 ** 12 }));
    expect(costing).toMatchObject({ cost: null, costStatus: 'unpriced', lines: [] });
  });
});
