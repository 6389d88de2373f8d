// What a text is expected to cost, and that nobody is told 0 for what is not known.
import { expect, test } from 'vitest';
import { estimateText, isListed } from './rates.ts';
import rates from './sms-rates.json' with { type: 'json' };

const text = { direction: 'outbound', callingCode: '1', segments: 3, hasMedia: false } as const;

test('each segment costs its price and, going out, its carrier fee', () => {
  expect(isListed('1')).toBe(true);
  expect(estimateText(text)).toEqual({ price: '0.0249', carrierFee: '0.009', currency: 'USD' });
  expect(estimateText({ ...text, direction: 'inbound' })).toEqual({
    price: '0.0249',
    carrierFee: null,
    currency: 'USD',
  });
});

test('a text with pictures comes in at one price', () => {
  const { price } = estimateText({ ...text, direction: 'inbound', hasMedia: true });
  expect(price).toBe('0.0165');
});

test.each(['43', '999', null])('country %s has an unknown price, not none', (callingCode) => {
  expect(isListed(callingCode)).toBe(false);
  expect(estimateText({ ...text, callingCode })).toMatchObject({ price: null, carrierFee: null });
});

test('every list price is in dollars, for as such the books take an estimate', () => {
  expect(new Set(rates.map(({ currency }) => currency))).toEqual(new Set(['USD']));
});
