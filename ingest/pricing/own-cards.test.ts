// Rules of a client's own card that does not hold all that a call needs: a tier, or a unit.
import { describe, expect, test } from 'vitest';
import type { UsageEvent } from '../usage/event.ts';
import { type Rate, type RecordedCard, STANDARD } from './cards.ts';
import { makeCard, makeEvent, priceWith } from './test-support.ts';

const MILLION = 1_000_000;

function rate(unit: string, price: string, tier = STANDARD): Rate {
  return { unit, tier, contextThreshold: 0, price, per: 1_000_000n };
}

const shared = makeCard(
  {},
  { rates: [rate('input_tokens', '10'), rate('input_tokens', '5', 'batch')] },
);
const own = makeCard({ input_tokens: '3' }, { id: '2', clientId: 'acme' });
const price = priceWith([shared], [own]);

test.each([
  ['standard', {}, '3', '2'],
  ['batch', { batch: true }, '5', '1'],
])('a call at tier %s is priced by the card that has it', (_tier, fields, cost, id) => {
  const costing = price(makeEvent({ inputTokens: MILLION, ...fields }));
  expect(costing).toMatchObject({ cost, card: { id } });
});

test('a tier that neither the own nor the shared card has is unpriced', () => {
  const costing = price(makeEvent({ inputTokens: MILLION, serviceTier: 'priority' }));
  expect(costing).toMatchObject({ cost: null, costStatus: 'unpriced' });
});

test('an own card with the tier goes before the shared one there too', () => {
  const rates = [rate('input_tokens', '3'), rate('input_tokens', '1', 'batch')];
  const event = makeEvent({ inputTokens: MILLION, batch: true });
  expect(priceWith([shared], [{ ...own, rates }])(event).cost).toBe('1');
});

describe('what a card has no price of', () => {
  const tokens = { inputTokens: MILLION, outputTokens: 0 };
  const both = makeCard({ input_tokens: '3', output_tokens: '8' });

  test.each<[string, RecordedCard, Partial<UsageEvent>, string | null, string[]]>([
    ['a fee is flagged', both, { ...tokens, searches: 2 }, '3', ['web_searches']],
    ['output is flagged', own, { ...tokens, outputTokens: 5 }, '3', ['output_tokens']],
    ['a fee alone has no cost at all', both, { inputTokens: 0, searches: 2 }, null, ['web']],
    ['nothing of it is no matter', both, { ...tokens, searches: 0 }, '3', []],
    ['a part is priced as its whole', both, { ...tokens, cacheReadTokens: 5 }, '3', []],
    [
      'parts that are priced stand for their whole',
      makeCard({ input_tokens: '3', output_audio_tokens: '1' }),
      { ...tokens, outputTokens: 1, outputAudioTokens: 1 },
      '3.000001',
      [],
    ],
    [
      'tokens of a model that is paid by the second are no matter',
      makeCard({ audio_seconds: '1' }),
      { ...tokens, audioSeconds: '1000000' },
      '1',
      [],
    ],
    ['a free card is without nothing', makeCard({ requests: '0' }), { searches: 2 }, '0', []],
  ])('%s', (_rule, card, fields, cost, missing) => {
    const costing = priceWith([card])(makeEvent(fields));
    expect(costing.cost).toBe(cost);
    expect(costing.flags).toEqual(missing.length > 0 && cost !== null ? ['unit_not_priced'] : []);
    for (const unit of missing) expect(costing.reasons.join(' ')).toContain(unit);
  });

  test('is flagged where a reported cost counts too', () => {
    const event = makeEvent({ ...tokens, searches: 2, reportedCost: '4' });
    const expected = { cost: '4', computedCost: '3', flags: ['unit_not_priced'] };
    expect(priceWith([both])(event)).toMatchObject(expected);
  });
});
