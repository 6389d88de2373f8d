// No text, however nasty, takes more time than in proportion to its length. Which marks go is told in
// plain-text.test.ts.
import { expect, test } from 'vitest';
import { stripMarkdown } from './markdown.ts';
import { toPlainText } from './plain-text.ts';

/** A text of about so many characters. */
type Shape = (length: number) => string;

const repeated =
  (part: string): Shape =>
  (length) =>
    part.repeat(Math.ceil(length / part.length));
/** So much of one thing and then of another, and an end. */
const halves =
  (one: string, other: string, end = ''): Shape =>
  (length) =>
    `${repeated(one)(length / 2)}${repeated(other)(length / 2)}${end}`;
/** One thing once, so much of another, and an end. */
const filled =
  (start: string, filling: string, end: string): Shape =>
  (length) =>
    `${start}${repeated(filling)(length)}${end}`;

/** Runs of backticks, each of its own length. */
function runs(length: number, size: (place: number, count: number) => number): string {
  const count = Math.floor(Math.sqrt(2 * length));
  return Array.from({ length: count }, (_, place) => `${'`'.repeat(size(place, count))}a`).join('');
}

const SHAPES: [string, Shape][] = [
  ['backticks and blanks', halves('`', ' ', 'x')],
  ['backticks, blanks and backticks', halves('`', ' ', '``')],
  ['rising backticks', (n) => runs(n, (place) => place)],
  ['falling backticks', (n) => runs(n, (place, count) => count - place)],
  ['a fence and blanks', filled('```', ' ', '!')],
  ['a fence of letters and blanks', halves('`', 'a', ' !')],
  ['blanks before a fence', filled('', ' ', '```!')],
  ['tildes', filled('', '~', '!')],
  ['rules', filled('', '- ', 'x')],
  ['rules with blanks', filled('---', ' ', 'x')],
  ['stars of a rule', filled('', '* ', 'x')],
  ['underlines', filled('', '=', 'x')],
  ['rules of tables', filled('|', '---|', 'x')],
  ['blanks in rules of tables', filled('|-', ' ', 'x')],
  ['blanks after a rule of a table', filled('|-|', ' ', 'x')],
  ['dashes in a rule of a table', filled('|-|', '-', 'x')],
  ['bars', filled('|', '|', 'x')],
  ['bars and blanks', filled('|', '| ', 'x')],
  ['a row of a table', filled('|', 'a | ', '|')],
  ['blanks before a bar', filled('', ' ', '|')],
  ['headings', filled('', '# ', 'x')],
  ['a heading and blanks', filled('#', ' ', '')],
  ['quotes', filled('', '> ', 'x')],
  ['bullets', filled('', '* ', '')],
  ['a bullet and blanks', filled('-', ' ', '')],
  ['blanks', filled('', ' ', 'x')],
  ['blanks and words', filled('', 'a  ', '')],
  ['brackets', repeated('[')],
  ['exclamations', repeated('![')],
  ['brackets and letters', halves('[', 'a', ']')],
  ['links that do not end', repeated('[a](b')],
  ['a link that does not end', filled('[a](', 'b', '')],
  ['titles that do not end', repeated('[a](b "')],
  ['nested links', (n) => `${'['.repeat(n / 5)}a${'](b)'.repeat(n / 5)}`],
  ['bare links that do not end', repeated('<https://a')],
  ['one bare link that does not end', filled('<https://', 'a', '')],
  ['tags that do not end', repeated('<br ')],
  ['a tag and blanks', filled('<br', ' ', 'x')],
  ['stars', repeated('*a ')],
  ['stars that end', repeated('a* ')],
  ['opened stars and closed underscores', halves('*a ', 'a_ ')],
  ['opened underscores and closed tildes', halves('_a ', 'a~~ ')],
  ['opened and closed underscores', halves('__a ', 'a__ ')],
  ['emphasis', repeated('_a_ ')],
  ['marks in turns', repeated('*_~~a')],
  ['long names', halves('__', 'a', '__')],
  ['lines', repeated('a\n')],
  ['line breaks', repeated('\n')],
];

const timeOf = (work: (text: string) => unknown, text: string): number => {
  const before = performance.now();
  work(text);
  return performance.now() - before;
};

/** How much longer the 16 times longer text takes: 16 if in proportion, 256 if by its square. */
function growth(work: (text: string) => unknown, shape: Shape, length: number): number {
  const [short, long] = [shape(length), shape(16 * length)];
  let least = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY] as const;
  // The least of several, for another process may take its time in between.
  for (let round = 0; round < 8; round += 1) {
    least = [
      Math.min(least[0], timeOf(work, short)),
      Math.min(least[1], timeOf(work, long)),
    ] as const;
    if (round > 0 && least[1] / least[0] <= GROWTH_MAX) break;
  }
  return least[1] / least[0];
}

const GROWTH_MAX = 64;

test.each(SHAPES)('100 kB of %s take time in proportion to their length', (_name, shape) => {
  expect(growth(stripMarkdown, shape, 6_250)).toBeLessThanOrEqual(GROWTH_MAX);
  expect(growth(toPlainText, shape, 6_250)).toBeLessThanOrEqual(GROWTH_MAX);
});

test('control: an expression whose parts share their signs is found out', () => {
  const slow = (text: string) => text.replace(/(`+)([^`\n]+)\1(?!`)/g, '$2');
  expect(growth(slow, halves('`', ' ', 'x'), 500)).toBeGreaterThan(GROWTH_MAX);
});
