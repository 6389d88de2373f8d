// Cohere charges for fewer tokens than its models see; both are told, and what is billed is priced.
import { expect, test } from 'vitest';
import { makeCard, makeEvent, priceWith } from './test-support.ts';

const MILLION = 1_000_000;
const price = priceWith([makeCard({ input_tokens: '1', output_tokens: '2' })]);

test('billed tokens are priced instead of the tokens seen', () => {
  const seen = { inputTokens: 17 * MILLION, outputTokens: 3 * MILLION };
  const billed = { billed_input_tokens: MILLION, billed_output_tokens: MILLION };
  expect(price(makeEvent({ ...seen, otherUnits: billed })).cost).toBe('3');
  expect(price(makeEvent({ ...seen, otherUnits: { billed_input_tokens: 0 } })).cost).toBe('6');
  expect(price(makeEvent(seen)).cost).toBe('23');
});
