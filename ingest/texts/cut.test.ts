// The cap of a text: never more segments than asked for, nothing lost, and cut where one would stop.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutToSegments } from './cut.ts';
import { countSegments } from './segments.ts';

const MORE = ' Reply MORE';
const withoutBlanks = (text: string) => text.replace(/\s/g, '');
const words = fc
  .array(fc.constantFrom('one', 'Two.', 'three,', 'é!', '😀', '家', 'x'.repeat(90), '\n', '1.'), {
    maxLength: 150,
  })
  .map((parts) => parts.join(' '));
const anyText = fc.oneof(
  words,
  fc.string({ unit: 'grapheme', maxLength: 900 }),
  fc.string({ unit: 'binary', maxLength: 900 }),
);

test('a text that fits is left as it is, without the suffix', () => {
  expect(cutToSegments('Hello there.', 1, MORE)).toEqual({ text: 'Hello there.', rest: '' });
});

test('a text is cut after the last sentence that fits with the suffix', () => {
  const long = `${'First things first. '.repeat(7)}And 3.5 more: this one does not fit any more.`;
  expect(cutToSegments(long, 1, MORE)).toEqual({
    text: `${'First things first. '.repeat(7).trimEnd()}${MORE}`,
    rest: 'And 3.5 more: this one does not fit any more.',
  });
});

test('a line ends like a sentence, but neither "2." nor "Dr." ends one', () => {
  const lines = `${'- bread and butter\n'.repeat(7)}2. Ask Dr. Jones about all of the rest of it`;
  const cut = cutToSegments(lines, 1);
  expect(cut.text.endsWith('- bread and butter')).toBe(true);
  expect(cut.rest).toMatch(/^2\. Ask Dr\. Jones/);
});

test('without a sentence end in the second half it is cut between words', () => {
  const { text, rest } = cutToSegments(`Yes. ${'word '.repeat(60)}`, 1, MORE);
  expect(text).toMatch(/^Yes\. (word )+Reply MORE$/);
  expect(text.length).toBeGreaterThan(150);
  expect(rest).toMatch(/^(word ?)+$/);
});

test('without a blank it is cut between characters, and Chinese after its full stop', () => {
  expect(cutToSegments('x'.repeat(400), 1).text).toBe('x'.repeat(160));
  expect(cutToSegments('今天天气很好。'.repeat(20), 1).text).toBe('今天天气很好。'.repeat(10));
});

test('no emoji, flag or accented letter is torn', () => {
  for (const sign of ['👩‍👩‍👧‍👦', '🇦🇹', 'n\u0303', '👍🏽', 'क्षि']) {
    let rest = `${sign.repeat(200)}`;
    for (let round = 0; rest !== '' && round < 100; round += 1) {
      const cut = cutToSegments(rest, 2);
      expect(withoutBlanks(cut.text).replaceAll(sign, '')).toBe('');
      rest = cut.rest;
    }
    expect(rest).toBe('');
  }
});

test('a letter under 500 accents is cut all the same', () => {
  const { text, rest } = cutToSegments(`a${'\u0301'.repeat(500)}`, 1);
  expect(text + rest).toBe(`a${'\u0301'.repeat(500)}`);
  expect(countSegments(text).segments).toBe(1);
});

test('100 kB without a blank are cut in no time', () => {
  const before = performance.now();
  const { text, rest } = cutToSegments('\u{1f600}a'.repeat(33_000), 10, MORE);
  expect(performance.now() - before).toBeLessThan(500);
  expect(text.length - MORE.length + rest.length).toBe(99_000);
});

test('no text whatever exceeds the cap, ends in half a character or loses one', () => {
  fc.assert(
    fc.property(
      anyText,
      fc.integer({ min: 1, max: 6 }),
      fc.constantFrom('', MORE, ' …más'),
      (text, segmentsMax, suffix) => {
        let rest = text;
        let said = '';
        for (let round = 0; round < 200; round += 1) {
          const cut = cutToSegments(rest, segmentsMax, suffix);
          expect(countSegments(cut.text).segments).toBeLessThanOrEqual(segmentsMax);
          if (text.isWellFormed()) expect(cut.text.isWellFormed()).toBe(true);
          said += cut.rest === '' ? cut.text : cut.text.slice(0, cut.text.length - suffix.length);
          rest = cut.rest;
          if (rest === '') break;
        }
        expect(rest).toBe('');
        expect(withoutBlanks(said)).toBe(withoutBlanks(text));
      },
    ),
  );
});

test('a suffix that leaves no room is a mistake of the caller', () => {
  expect(() => cutToSegments('text', 1, 'x'.repeat(160))).toThrow('no room');
  expect(() => cutToSegments('text', 0)).toThrow('at least one');
});
