// Rules of exact decimals.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalDecimal, parseMoney, ratio, relativeChange, sumDecimals } from './money.ts';

describe('parseMoney', () => {
  test.each([
    ['0.013317500000000001', '0.013317500000000001', false],
    ['1.50', '1.5', false],
    ['15e-1', '1.5', false],
    ['1E2', '100', false],
    ['0.0000000000000000005', '0', true],
    ['0.0000000000000000015', '0.000000000000000002', true],
    ['0.0000000000000000025', '0.000000000000000002', true],
    ['-0', '0', false],
    ['999999999999', '999999999999', false],
  ])('reads %s as %s', (text, amount, rounded) => {
    expect(parseMoney(text)).toEqual({ amount, rounded });
  });

  test.each([
    ['-0.01', /negative/],
    ['NaN', /decimal/],
    ['Infinity', /decimal/],
    ['1e400', /exponent/],
    ['1000000000000', /below 10\^12/],
    ['0x10', /decimal/],
    ['1,5', /decimal/],
    ['', /decimal/],
    ['9'.repeat(65), /at most 64/],
  ])('refuses %s', (text, reason) => {
    expect(parseMoney(text)).toMatch(reason);
  });

  test('a value that rounds up to 10^12 is refused like 10^12', () => {
    expect(parseMoney('999999999999.9999999999999999999')).toMatch(/below/);
  });
});

test('a sum of decimals is exact where doubles are not', () => {
  expect(sumDecimals(Array.from({ length: 1_000 }, () => '0.1'))).toBe('100');
});

test('the sum does not depend on the order', () => {
  const amount = fc
    .integer({ min: 0, max: 10 ** 9 })
    .map((units) => canonicalDecimal(`${units}e-9`));
  fc.assert(
    fc.property(fc.array(amount), (amounts) => {
      expect(sumDecimals(amounts.toReversed())).toBe(sumDecimals(amounts));
    }),
  );
});

test('nothing is divided by zero or by the unknown', () => {
  expect(ratio('1', '0')).toBeNull();
  expect(ratio(null, '2')).toBeNull();
  expect(relativeChange('3', '0')).toBeNull();
  expect(relativeChange('3', '2')).toBe('0.5');
});
