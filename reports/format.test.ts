// How values read: as much as the reader needs, never nothing for something, and no person by number
// or address.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Decimal } from '../core/money.ts';
import type { FigureFormat } from './content.ts';
import {
  createFormatter,
  formatDateRange,
  formatInstant,
  MINUS,
  maskPerson,
  NARROW_SPACE,
} from './format.ts';

const usd = createFormatter('en-US', 'USD');
const FORMATS: FigureFormat[] = [
  ...(['money', 'unit-price', 'integer', 'decimal', 'percent', 'points', 'duration'] as const),
];

describe('money', () => {
  test.each([
    ['0', '$0.00'],
    ['0.0004', '$0.00040'],
    ['0.0133175', '$0.013'],
    ['0.099', '$0.099'],
    ['0.1', '$0.10'],
    ['14.915', '$14.92'],
    ['14.925', '$14.92'],
    ['9990.01', '$9,990.01'],
    ['-4.33', `${MINUS}$4.33`],
  ])('%s reads %s', (value, text) => {
    expect(usd.figure('money', value)).toEqual({ value, format: 'money', text });
  });

  test('is exact where a double is not', () => {
    const value = '12345678901234567';
    expect(usd.money(value)).toBe('$12,345,678,901,234,567');
    // Control: the same number as a double.
    expect(Intl.NumberFormat('en-US').format(Number(value))).not.toBe('12,345,678,901,234,567');
  });

  test('follows the locale and currency of the client', () => {
    expect(createFormatter('de-AT', 'EUR').money('1234.5')).toMatch(/^€.1[\s.]234,50$/u);
    expect(createFormatter('de-DE', 'EUR').money('1234.5')).toBe('1.234,50\u00a0€');
  });

  test('of what is unknown is said and not counted as zero', () => {
    const unknown = usd.figure('money', null, 'not reported');
    expect(unknown).toEqual({ value: null, format: 'money', text: 'not reported' });
    expect(usd.figure('money', '0').text).not.toBe(unknown.text);
  });
});

test.each([
  ['0', `0${NARROW_SPACE}ms`],
  ['0.0004', `0.4${NARROW_SPACE}ms`],
  ['0.84', `840${NARROW_SPACE}ms`],
  ['3.24', `3.2${NARROW_SPACE}s`],
  ['11.491', `11${NARROW_SPACE}s`],
  ['99.6', `100${NARROW_SPACE}s`],
  ['125', `2.1${NARROW_SPACE}min`],
  ['5400', `90${NARROW_SPACE}min`],
  ['9000', `2.5${NARROW_SPACE}h`],
  ['604800', `7.0${NARROW_SPACE}d`],
])('a wait of %s seconds reads %s', (value, text) => {
  expect(usd.figure('duration', value).text).toBe(text);
});

test.each([
  ['0.054895', `5.49${NARROW_SPACE}¢`],
  ['0.0004', `0.0400${NARROW_SPACE}¢`],
  ['1.5', '$1.50'],
  ['0', '$0.00'],
])('a price of %s reads %s', (value, text) => {
  expect(usd.figure('unit-price', value).text).toBe(text);
});

describe('a change', () => {
  test.each([
    ['0.148', `+14.8${NARROW_SPACE}%`],
    ['-0.225', `${MINUS}22.5${NARROW_SPACE}%`],
    ['0', `0.0${NARROW_SPACE}%`],
    ['-0.0004', `0.0${NARROW_SPACE}%`],
    ['0.0004', `0.0${NARROW_SPACE}%`],
    ['12.5', `+1,250.0${NARROW_SPACE}%`],
  ])('of %s reads %s', (value, text) => {
    expect(usd.change('percent', value).text).toBe(text);
  });

  test('never carries a hyphen for a minus', () => {
    for (const format of FORMATS) expect(usd.change(format, '-12.5').text, format).not.toMatch(/-/);
  });
});

test('a column of amounts has the same decimals, and never shows an amount as nothing', () => {
  expect(usd.columnAmount('5', '9990.01')).toBe('$5.00');
  expect(usd.columnAmount('0.0004', '9990.01')).toBe('<$0.01');
  expect(usd.columnAmount('0', '9990.01')).toBe('$0.00');
  expect(usd.columnAmount('0.0004', '0.0004', 'bare')).toBe('0.00040');
});

test('whatever the value, the text is no exponent, no NaN, and the value keeps every digit', () => {
  const anyValue = fc
    .tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.integer({ min: 0, max: 18 }))
    .map(([units, scale]) =>
      new Decimal(units.toString()).div(new Decimal(10).pow(scale)).toString(),
    );
  fc.assert(
    fc.property(anyValue, fc.constantFrom(...FORMATS), (value, format) => {
      for (const figure of [usd.figure(format, value), usd.change(format, value)]) {
        expect(figure.value).toBe(value);
        expect(figure.text).not.toMatch(/NaN|Infinity|e[+-]?\d/);
        expect(figure.text.startsWith(MINUS) && !new Decimal(value).isNegative()).toBe(false);
      }
    }),
  );
});

describe('dates', () => {
  test.each([
    ['2025-03-10', '2025-03-16', '10–16 March 2025'],
    ['2025-02-24', '2025-03-02', '24 February – 2 March 2025'],
    ['2024-12-30', '2025-01-05', '30 December 2024 – 5 January 2025'],
  ])('from %s to %s read %s', (first, last, text) => {
    expect(formatDateRange(first, last)).toBe(text);
  });

  test('an instant reads by the client’s clock, not by that of this machine', () => {
    expect(process.env.TZ).toBe('Pacific/Chatham');
    expect(formatInstant('2025-03-17T18:45:59Z', 'Asia/Kolkata')).toBe('18 Mar 2025, 00:15');
  });
});

describe('people', () => {
  test.each([
    ['+14155550123', '+1••••••0123'],
    ['14155550123', '+1••••••0123'],
    ['+1 (415) 555-0123', '+1••••••0123'],
    ['tel:+14155550123', '+1••••••0123'],
    ['+436601234567', '+43••••••4567'],
    ['jane.doe@example.com', 'j•••@example.com'],
    ['Jane Doe <jane@example.com>', 'J•••@example.com'],
    ['jane@localhost', 'j•••@localhost'],
    ['(415) 555-0123', '••••••0123'],
    ['415-555-0123', '••••••0123'],
    ['001 415 555 0123', '+1••••••0123'],
    ['00436601234567', '+43••••••4567'],
    ['+1-415-555-0123 ext 5', '+1••••••0123'],
    ['whatsapp:+14155550123', '+1••••••0123'],
    ['user:+14155550123', '+1••••••0123'],
    ['tel:4155550123', '••••••0123'],
    ['+1415555', '+1••••••55'],
    ['user +15551234567', '+1••••••4567'],
    ['0664 123 4567', '••••••4567'],
    ['+43·664·1234567', '+43••••••4567'],
    ['+1\u2011555\u2011123\u20114567', '+1••••••4567'],
    ['＋４３６６４１２３４５６７', '+43••••••4567'],
    ['+٤٣٦٦٤١٢٣٤٥٦٧', '+43••••••4567'],
    ['"Jane Doe"@example.com', 'J•••@example.com'],
    [' jane@example.com ', 'j•••@example.com'],
    ['😀x@example.com', 'x•••@example.com'],
  ])('%s is shown as %s', (id, masked) => {
    expect(maskPerson(id)).toBe(masked);
  });

  test.each(['u1', 'user-42', '1234567', 'Q4 2025', '', '550e8400-e29b-41d4-a716-446655440000'])(
    'an id of the client’s own, such as "%s", stays',
    (id) => {
      expect(maskPerson(id)).toBe(id);
    },
  );

  test('no number in international form is ever shown with more than its last four digits', () => {
    const anyNumber = fc.stringMatching(/^[1-9][0-9]{9,14}$/);
    fc.assert(
      fc.property(anyNumber, (digits) => {
        for (const id of [`+${digits}`, digits, `tel:+${digits}`]) {
          expect(maskPerson(id)).not.toContain(digits.slice(2, -3));
        }
      }),
    );
  });
});
