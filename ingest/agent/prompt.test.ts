// What the model is told and what of its answer may leave.
import { describe, expect, test } from 'vitest';
import { outputTokensMax, readableAnswer, rememberTurns, systemPrompt } from './prompt.ts';

test('the length asked for is that of the segments, and tokens leave room for it', () => {
  expect(systemPrompt('Be kind.', 4)).toMatch(/^Be kind\.\n[\s\S]*at most 612 characters/);
  expect(outputTokensMax(1)).toBe(256);
  expect(outputTokensMax(10)).toBe(765);
});

describe('memory', () => {
  const turns = [
    { request: 'newest question', reply: 'newest answer' },
    { request: 'older question', reply: 'older answer' },
  ];

  test('is told oldest first, in pairs', () => {
    expect(rememberTurns(turns, 100).map(({ text }) => text)).toEqual([
      'older question',
      'older answer',
      'newest question',
      'newest answer',
    ]);
  });

  test('keeps the newest pairs that its budget holds, and none in part', () => {
    expect(rememberTurns(turns, 7)).toHaveLength(2);
    expect(rememberTurns(turns, 6)).toEqual([]);
    expect(rememberTurns(turns, 0)).toEqual([]);
  });
});

describe('an answer', () => {
  test('loses our secrets wherever they stand', () => {
    expect(readableAnswer('a sk-secret b sk-secret', ['sk-secret', ''])).toBe(
      'a (removed) b (removed)',
    );
  });

  test('loses a secret that only the marks of markdown kept apart', () => {
    expect(readableAnswer('a sk-**secret** and sk-\u200bsecret', ['sk-secret'])).toBe(
      'a (removed) and (removed)',
    );
  });

  test('is bounded before anything else is done with it', () => {
    expect(readableAnswer('x'.repeat(1_000_000), []).length).toBeLessThanOrEqual(20_000);
  });

  test.each([
    ['Hangul fillers', '\u3164\u115f\u1160\uffa0'],
    ['Braille blanks', '\u2800\u2800'],
    ['zero-width signs', '\u200b\u200c\u200d\u2060\ufeff\u180e\u034f'],
    ['variation selectors', '\ufe0f\ufe00\u{e0100}'],
    ['directions and tags', '\u200e\u202e\u2066\u{e0041}\u{e007f}'],
    ['blanks of any kind', ' \t\u00a0\u2003\u3000\n\u2028'],
    ['marks of markdown', '**\u3164** `\u2800`\n---'],
    ['controls', '\0\u0007\u001b'],
  ])('of nothing but %s is empty', (_name, text) => {
    expect(readableAnswer(text, [])).toBe('');
    // Control: a single sign to be seen makes it an answer again.
    expect(readableAnswer(`${text}é`, [])).not.toBe('');
  });

  test.each(['👍', '1️⃣', '。', '⠁', '한', '?', '\u0301a'])('of %j alone is one', (text) => {
    expect(readableAnswer(text, [])).not.toBe('');
  });

  test('is plain text', () => {
    expect(readableAnswer('**Yes** – “really”…', [])).toBe('Yes - "really"...');
  });
});
