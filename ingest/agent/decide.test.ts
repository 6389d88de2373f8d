// What is done with a text, by everything that may speak against answering it.
import { describe, expect, test } from 'vitest';
import { decide, type TaskFacts } from './decide.ts';

const facts = (more: Partial<TaskFacts> = {}): TaskFacts => ({
  text: 'What is a tide?',
  mediaCount: 0,
  keyword: null,
  word: null,
  suppression: null,
  hasOptedIn: false,
  hadOptedOut: false,
  isActive: true,
  isInactiveTold: false,
  isExecutive: false,
  isForgotten: false,
  isOwnNumber: false,
  lastSent: null,
  answersKeywords: false,
  ...more,
});

test('a question is answered', () => {
  expect(decide(facts())).toEqual({ act: 'answer' });
});

test.each<[string, Partial<TaskFacts>, string]>([
  ['of somebody who is forgotten', { isForgotten: true }, 'forgotten'],
  ['of our own number', { isOwnNumber: true }, 'own-number'],
  ['that says what we said last', { lastSent: ' What is a tide? ' }, 'echo'],
  ['of somebody who opted out', { suppression: 'stop' }, 'opted-out'],
  ['of somebody whom Twilio knows as opted out', { suppression: 'refused' }, 'opted-out'],
  ['STOP', { text: 'Stop', keyword: 'stop', word: 'stop' }, 'stop'],
  ['HELP', { text: 'help', keyword: 'help', word: 'help' }, 'keyword-of-twilio'],
  ['START', { text: 'start', keyword: 'start', word: 'start' }, 'keyword-of-twilio'],
  ['of an inactive person who was told so', { isActive: false, isInactiveTold: true }, 'inactive'],
])('a text %s is left alone', (_what, more, outcome) => {
  expect(decide(facts(more))).toEqual({ act: 'ignore', outcome });
});

test.each<[string, Partial<TaskFacts>, string]>([
  ['of an inactive person', { isActive: false }, 'inactive'],
  ['USAGE', { keyword: 'usage', word: 'usage' }, 'usage'],
  ['MORE', { keyword: 'more', word: 'more' }, 'more'],
  ['FORGET ME', { keyword: 'forget-me', word: 'forget me' }, 'forget-me'],
  ['FORGET ME after STOP', { keyword: 'forget-me', suppression: 'stop' }, 'forget-me'],
  ['FORGET ME of an inactive person', { keyword: 'forget-me', isActive: false }, 'forget-me'],
  ['COST of an executive', { keyword: 'cost', word: 'cost', isExecutive: true }, 'cost'],
  ['without words', { text: ' \n' }, 'empty'],
])('a text %s is answered in our own words', (_what, more, outcome) => {
  expect(decide(facts(more))).toEqual({ act: 'say', outcome });
});

describe('where Twilio does not answer for us', () => {
  test.each<[string, Partial<TaskFacts>, string]>([
    ['STOP', { keyword: 'stop', word: 'stop', suppression: 'stop' }, 'stopped'],
    ['START', { keyword: 'start', word: 'start' }, 'started'],
    ['HELP', { keyword: 'help', word: 'help' }, 'help'],
  ])('%s is confirmed', (_what, more, outcome) => {
    expect(decide(facts({ answersKeywords: true, ...more }))).toEqual({ act: 'say', outcome });
  });

  test.each<[string, Partial<TaskFacts>]>([
    ['repeats another', { suppression: 'stop', hadOptedOut: true }],
    ['was undone by a START', { suppression: null }],
  ])('a STOP that %s is not confirmed', (_what, more) => {
    const stop = { keyword: 'stop', word: 'stop', answersKeywords: true } as const;
    expect(decide(facts({ ...stop, ...more }))).toEqual({ act: 'ignore', outcome: 'stop' });
  });
});

test('"yes" is an answer like any other, unless it ended an opt-out', () => {
  const yes = { text: 'yes', keyword: 'start', word: 'yes' } as const;
  expect(decide(facts(yes))).toEqual({ act: 'answer' });
  expect(decide(facts({ ...yes, hasOptedIn: true }))).toMatchObject({ act: 'ignore' });
});

test('whoever texts can be texted, whatever the carrier said before', () => {
  expect(decide(facts({ suppression: 'unreachable' }))).toEqual({ act: 'answer' });
});

test('a picture alone is a question, and COST of anybody else is too', () => {
  expect(decide(facts({ text: '', mediaCount: 1 }))).toEqual({ act: 'answer' });
  expect(decide(facts({ text: 'cost', keyword: 'cost', word: 'cost' }))).toEqual({ act: 'answer' });
});
