// Rules of pricing for any usage whatever: never below zero, the sum of its lines to the last digit,
// the same whatever the order of cards and prices.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalDecimal, Decimal, sumDecimals } from '../../core/money.ts';
import { STANDARD } from './cards.ts';
import { makeCard, makeEvent, priceByCatalogue, priceWith } from './test-support.ts';
import { listUnits } from './units.ts';

const catalogue = await priceByCatalogue();
const count = fc.option(fc.nat({ max: 3_000_000 }), { nil: null });

const usage = fc.record({
  inputTokens: count,
  outputTokens: count,
  cacheReadTokens: count,
  cacheWriteTokens: count,
  cacheWrite5mTokens: count,
  cacheWrite1hTokens: count,
  reasoningTokens: count,
  inputAudioTokens: count,
  outputAudioTokens: count,
  searches: count,
  images: count,
  requests: count,
  audioSeconds: fc.option(
    fc.nat({ max: 10 ** 9 }).map((micros) => canonicalDecimal(new Decimal(micros).div(1_000_000))),
    { nil: null },
  ),
  otherUnits: fc.option(
    fc.dictionary(fc.constantFrom(...listUnits(), 'pages', 'made_up'), fc.nat({ max: 10_000 })),
    { nil: null },
  ),
});

const model = fc.constantFrom(
  ['openai', 'gpt-4o'],
  ['openai', 'gpt-5.4'],
  ['openai', 'gpt-realtime'],
  ['anthropic', 'claude-sonnet-4-5'],
  ['google', 'gemini-2.5-pro'],
  ['groq', 'whisper-large-v3'],
  ['perplexity', 'sonar-deep-research'],
  ['mistral', 'mistral-ocr-latest'],
);

const call = fc
  .record({ usage, model, tier: fc.constantFrom(null, 'default', 'batch', 'flex', 'priority') })
  .map(({ usage: used, model: [provider = '', name = ''], tier }) =>
    makeEvent({ ...used, provider, model: name, serviceTier: tier }),
  );

test('no line and no cost is below zero, and the cost is the sum of its lines', () => {
  fc.assert(
    fc.property(call, (event) => {
      const { computedCost, lines } = catalogue(event);
      for (const { quantity, amount } of lines) {
        expect(new Decimal(quantity).greaterThan(0)).toBe(true);
        expect(new Decimal(amount).isNegative()).toBe(false);
      }
      if (computedCost === null) return;
      const sum = new Decimal(sumDecimals(lines.map(({ amount }) => amount)));
      expect(computedCost).toBe(canonicalDecimal(sum.toDecimalPlaces(18)));
    }),
    { numRuns: 2_000 },
  );
});

test('each line is its quantity times its price, to 30 decimals', () => {
  fc.assert(
    fc.property(call, (event) => {
      for (const { quantity, price, per, amount } of catalogue(event).lines) {
        const exact = new Decimal(quantity).times(price).div(per).toDecimalPlaces(30);
        expect(amount).toBe(canonicalDecimal(exact));
      }
    }),
    { numRuns: 1_000 },
  );
});

test('no more of a unit is priced than was told of it, where its parts fit into it', () => {
  const fitting = fc
    .tuple(fc.nat(10 ** 6), fc.nat(10 ** 6), fc.nat(10 ** 6))
    .map(([plain, read, write]) => ({ plain, read, write }));
  fc.assert(
    fc.property(fitting, ({ plain, read, write }) => {
      const event = makeEvent({
        provider: 'anthropic',
        model: 'claude-sonnet-4-5',
        inputTokens: plain + read + write,
        cacheReadTokens: read,
        cacheWriteTokens: write,
      });
      const priced = catalogue(event).lines.map(({ quantity }) => quantity);
      expect(sumDecimals(priced)).toBe(String(plain + read + write));
    }),
  );
});

test('the order of cards and of prices changes nothing', () => {
  const prices = { input_tokens: '1.1', cache_read_tokens: '0.3', output_tokens: '7' };
  const newer = makeCard({ ...prices, input_tokens: '2' }, { recordedAt: new Date('2026-02-01') });
  const cards = [
    makeCard(prices),
    newer,
    makeCard(
      { input_tokens: '5' },
      { id: '3', model: 'any', pattern: { contains: 'g' }, position: 2 },
    ),
  ];
  const event = makeEvent({ inputTokens: 900, cacheReadTokens: 77, outputTokens: 13 });
  const expected = priceWith(cards)(event);
  fc.assert(
    fc.property(
      fc.shuffledSubarray(cards, { minLength: cards.length }),
      fc.shuffledSubarray(newer.rates, { minLength: newer.rates.length }),
      (shuffled, rates) => {
        const mixed = shuffled.map((card) => (card === newer ? { ...card, rates } : card));
        const costing = priceWith(mixed)(event);
        expect([costing.cost, costing.lines]).toEqual([expected.cost, expected.lines]);
      },
    ),
  );
});

test('a price per anything is exact before its one rounding', () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 10 ** 9 }),
      fc.bigInt({ min: 0n, max: 10n ** 24n }),
      fc.integer({ min: 1, max: 10 ** 9 }),
      (tokens, scaled, per) => {
        const price = canonicalDecimal(new Decimal(String(scaled)).div('1e18'));
        const rate = { unit: 'input_tokens', tier: STANDARD, contextThreshold: 0, price };
        const card = makeCard({}, { rates: [{ ...rate, per: BigInt(per) }] });
        const { computedCost } = priceWith([card])(makeEvent({ inputTokens: tokens }));
        const line = new Decimal(tokens).times(price).div(per).toDecimalPlaces(30);
        if (line.lessThan('1e12')) {
          expect(computedCost).toBe(canonicalDecimal(line.toDecimalPlaces(18)));
        }
      },
    ),
  );
});
