// Our own texts: what carriers ask of them, and that none costs more than it must.
import { expect, test } from 'vitest';
import { countSegments } from '../texts/segments.ts';
import * as replies from './replies.ts';

const BRAND = 'Northwind Assist New York';
const TEXTS = {
  welcome: replies.welcomeText(BRAND),
  help: replies.helpText(BRAND),
  stopped: replies.stoppedText(BRAND),
  started: replies.startedText(BRAND),
  limit: replies.limitText(5_000, '2026-04-01'),
  usage: replies.usageText(4_999, 5_000, '2026-04-01'),
  unlimited: replies.usageText(4_999, null, '2026-04-01'),
  cost: replies.costText(BRAND, { yesterday: '$1.00 for 2 calls', month: '$9.00 for 20 calls' }),
  ...Object.fromEntries(Object.entries(replies).filter(([, text]) => typeof text === 'string')),
};

test.each(Object.entries(TEXTS))('%s is GSM-7 and at most two segments', (_name, text) => {
  const { encoding, segments } = countSegments(text as string);
  expect(encoding).toBe('GSM-7');
  expect(segments).toBeLessThanOrEqual(2);
});

test('the welcome names brand, frequency, rates, HELP and STOP', () => {
  for (const part of [BRAND, 'frequency varies', 'data rates may apply', 'HELP', 'STOP']) {
    expect(TEXTS.welcome).toContain(part);
  }
});

test('usage never shows less than nothing', () => {
  expect(replies.usageText(60, 50, '2026-04-01')).toMatch(/^0 of 50/);
});

test.each([
  ['2026-04-01', '1 April'],
  ['2027-01-01', '1 January'],
  ['2028-02-29', '29 February'],
])('%s is spelt %s', (date, text) => {
  expect(replies.spellDate(date)).toBe(text);
});
