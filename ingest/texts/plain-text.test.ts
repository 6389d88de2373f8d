// Model answers with all their marks → texts that a phone shows and that cost the least.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toPlainText } from './plain-text.ts';
import { countSegments } from './segments.ts';

describe('markdown goes, words stay', () => {
  test.each([
    ['**Bold** and *it* and ***both*** and ~~gone~~', 'Bold and it and both and gone'],
    ['__very bold__ and _slanted words_', 'very bold and slanted words'],
    ['# Title\n## Sub ##', 'Title\nSub ##'],
    ['Use `npm i` now', 'Use npm i now'],
    ['```js\nconst a_b = 1;\n```', 'const a_b = 1;'],
    ['> quoted\n> > twice', 'quoted\ntwice'],
    ['* one\n+ two\n• three\n- four', '- one\n- two\n- three\n- four'],
    ['1. one\n2. two', '1. one\n2. two'],
    ['See [the docs](https://a.example/x "t").', 'See the docs (https://a.example/x).'],
    ['[https://a.example](https://a.example)', 'https://a.example'],
    ['![chart](https://a.example/c.png)', 'chart (https://a.example/c.png)'],
    ['<https://a.example>', 'https://a.example'],
    ['| a | b |\n|---|:-:|\n| 1 | **2** |', 'a, b\n1, 2'],
    ['above\n\n---\n\nbelow', 'above\n\nbelow'],
    ['one<br>two<br/>three', 'one\ntwo\nthree'],
    ['a\n\n\n\nb   c  \n', 'a\n\nb c'],
  ])('%j reads %j', (answer, text) => {
    expect(toPlainText(answer)).toBe(text);
  });

  test.each([
    '2 * 3 * 4 = 24 and 2**3 = 8',
    'snake_case_name and __init__',
    'def f(*args, **kwargs):\n  return 1',
    'price* is gross\n*net on request',
    'a | b',
    '#1 tip: #hashtag',
    '1 < 2 > 0',
    '- item\n  - below it',
    'It costs $5 [net].',
  ])('%j stays as it is', (text) => {
    expect(toPlainText(text)).toBe(text);
  });
});

describe('signs become the equal ones of GSM-7', () => {
  test.each([
    ['“Hi” ‘you’ don’t „so“ «là»', '"Hi" \'you\' don\'t "so" "là"'],
    ['5–7 — or 8…', '5-7 - or 8...'],
    ['word—word', 'word - word'],
    ['a\u00a0b\u202fc\u2003d\te', 'a b c d e'],
    ['zero\u200bwidth\ufeff and soft\u00adhyphen', 'zerowidth and softhyphen'],
    ['it`s', "it's"],
    ['A → B ≤ C ≠ D × 2', 'A -> B <= C != D x 2'],
    ['20 °C or 68°F, a 90° turn', '20 C or 68 F, a 90 deg turn'],
    ['1½ cups, ¾ spoon', '1 1/2 cups, 3/4 spoon'],
    ['e\u0301 and n\u0303', 'é and ñ'],
    ['line\r\nbreak\u2028too', 'line\nbreak\ntoo'],
    ['plain\u200d joiner\u200f', 'plain joiner'],
    ['a • b · c', 'a - b - c'],
  ])('%j reads %j in GSM-7', (answer, text) => {
    expect(toPlainText(answer)).toBe(text);
    expect(countSegments(text).encoding).toBe('GSM-7');
  });

  test.each(['你好，世界！', 'Привет', '👩‍👩‍👧‍👦 1️⃣ ✔️', 'می‌خواهم', 'שלום\u200f!', 'ça, São, Łódź'])(
    '%j is left alone',
    (text) => {
      expect(toPlainText(text)).toBe(text);
    },
  );
});

test('an answer of 1,600 characters with one curly quote costs less than half afterwards', () => {
  const answer = `It’s ${'word '.repeat(319)}`;
  expect(countSegments(answer).segments).toBe(24);
  expect(countSegments(toPlainText(answer)).segments).toBe(11);
});

test('normalising twice changes nothing more, and no lone surrogate or NUL is left', () => {
  const marks = fc.constantFrom(
    ...['a', ' ', '\n', '*', '_', '**', '`', '```', '#', '- ', '[', '](', 'x)', '|', '---', '>'],
    ...['~~', '—', '½', '1', '“', '\u200d', '\u200b', '😀', 'e\u0301', '\\', '°', 'C', '=', '<br>'],
    ...['•', '\u200f', 'א', '\0', '\ud800', '\u00a0'],
  );
  const answer = fc.oneof(
    fc.string({ unit: marks, maxLength: 80 }),
    fc.string({ unit: 'binary', maxLength: 80 }),
  );
  fc.assert(
    fc.property(answer, (text) => {
      const once = toPlainText(text);
      expect(toPlainText(once)).toBe(once);
      expect(once.isWellFormed()).toBe(true);
      expect(once).not.toMatch(/\0|\n\n\n| $/);
    }),
    { numRuns: 2_000 },
  );
});
