// Rules of a client's own card that does not hold all that a call needs: a tier, or a unit.
import { expect, test } from 'vitest';
import { type Rate, STANDARD } from './cards.ts';
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
