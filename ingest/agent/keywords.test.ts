// Which messages are orders, and which only hold their words.
import { expect, test } from 'vitest';
import { readKeyword } from './keywords.ts';

test.each<readonly [string, string]>([
  ...['STOP', 'stopall', 'Unsubscribe', 'CANCEL', 'end', 'Quit', 'REVOKE', 'OPTOUT'].map(
    (word) => [word, 'stop'] as const,
  ),
  [' Stop. ', 'stop'],
  ['“STOP”!!', 'stop'],
  ['S.T.O.P', 'stop'],
  ['STOP 🛑', 'stop'],
  ['ＳＴＯＰ', 'stop'],
  ['Stop\u200b', 'stop'],
  ['Opt-Out', 'stop'],
  [`STOP${'!'.repeat(1_500)}`, 'stop'],
  ['opt out', 'stop'],
  ['stop\n all', 'stop'],
  ['START', 'start'],
  ['Yes!', 'start'],
  ['unstop', 'start'],
  ['HELP?', 'help'],
  ['info', 'help'],
  ['usage', 'usage'],
  ['More...', 'more'],
  ['COST', 'cost'],
  ['Forget  me!', 'forget-me'],
])('%j is the order %s', (text, action) => {
  expect(readKeyword(text)?.action).toBe(action);
});

test.each([
  '',
  '   ',
  '!!!',
  '🛑',
  'STOP 12345',
  'stop texting me',
  'the bus stop',
  'yes please',
  'help me with my homework',
  'forget it',
  'more or less',
  'нет',
  'constructor',
  '__proto__',
  `stop${'!'.repeat(2_000)}x`,
])('%j is no order', (text) => {
  expect(readKeyword(text)).toBeNull();
});

test('an order says which word it was, because "yes" may only be an answer', () => {
  expect(readKeyword('YES.')).toEqual({ action: 'start', word: 'yes' });
});
