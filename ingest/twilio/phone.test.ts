// What may stand in "From", and the country codes of numbers.
import { expect, test } from 'vitest';
import { callingCode, isE164, senderKind } from './phone.ts';

test.each([
  ['+14155550100', 'phone', '1'],
  ['+79161234567', 'phone', '7'],
  ['+436641234567', 'phone', '43'],
  ['+35312345678', 'phone', '353'],
  ['+8801712345678', 'phone', '880'],
  ['+2904123', 'phone', '290'],
  ['87121', 'short-code', null],
  ['ACME Bank', 'name', null],
  ['AT&T', 'name', null],
])('%s is a %s with country code %s', (from, kind, code) => {
  expect(senderKind(from)).toBe(kind);
  expect(callingCode(from)).toBe(code);
});

test.each([
  ...[
    '',
    '+',
    '14155550100',
    '+0155550100',
    '+1 415 555 0100',
    '+1415555010012345',
    '+14155550100\n',
  ],
  ...['12', 'whatsapp:+14155550100', 'a name too long', '😀'],
])('%j is no sender', (from) => {
  expect(senderKind(from)).toBeNull();
  expect(isE164(from)).toBe(false);
});
