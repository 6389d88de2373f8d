// Rules of what is said of a list of prices that cannot be read, and of a unit that is not known.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { describeError } from '../../core/errors.ts';
import { makeTestFolder } from '../../core/test-support.ts';
import { readPriceFile } from './set-price.ts';
import { suggestUnit } from './suggest-unit.ts';

const folder = makeTestFolder();
const path = join(folder.path, 'prices.json');

afterAll(() => folder.remove());

function saidOf(content: unknown): string {
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  try {
    readPriceFile(path);
    return 'is read';
  } catch (error) {
    return describeError(error);
  }
}

const RATES = [{ unit: 'input_tokens', price: 1 }];

test.each([
  ['no JSON', 'input,output', 'is no JSON: '],
  ['no list', { rates: [] }, 'is no list of prices: Invalid input: expected array'],
  ['no model', [{ provider: 'p', rates: RATES }], '0.model: Invalid input: expected string'],
])('a file that holds %s is told once, with the place', (_name, content, expected) => {
  const lines = saidOf(content).split('\n');
  expect(lines[0]).toContain(expected);
  expect(lines.slice(1)).toEqual([
    '  do: give a JSON file such as ingest/pricing/example-prices.json',
  ]);
});

test('a file that is not there is said to be', () => {
  expect(() => readPriceFile(join(folder.path, 'none.json'))).toThrow(/^there is no file \S+none/);
});

test.each([
  ['input_token', 'input_tokens'],
  ['Output_Tokens', 'output_tokens'],
  ['web_search', 'web_searches'],
  ['image', 'images'],
  ['bananas', undefined],
])('for the unit %s is suggested: %s', (name, unit) => {
  expect(suggestUnit(name)).toBe(unit);
});
