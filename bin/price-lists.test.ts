// Rules of how price cards are told to a person at a terminal.
import { expect, test } from 'vitest';
import { makeCard } from '../ingest/pricing/test-support.ts';
import { describeAdded, tablePrices } from './price-lists.ts';

const card = makeCard({ input_tokens: '2.5' });
const january = {
  validFrom: new Date('2025-01-01T00:00:00Z'),
  validTo: new Date('2025-02-01T00:00:00Z'),
};

test('prices that always hold are for the calls from now on', () => {
  const text = describeAdded('acme', [card]);
  expect(text).toContain('Set openai gpt-4o. Calls that are booked from now on');
  expect(text).toContain('reprice --client acme --from DAY --dry-run');
});

test('prices of a window say it, and how to reprice what it holds', () => {
  const text = describeAdded('acme', [{ ...card, ...january }]);
  expect(text).toContain('gpt-4o from 2025-01-01 until 2025-02-01. Calls of that time that');
  const range = '--from 2025-01-01T00:00:00.000Z --to 2025-02-01T00:00:00.000Z --dry-run';
  expect(text).toContain(`reprice --client acme ${range}`);
  const open = describeAdded('acme', [{ ...card, validFrom: january.validFrom }]);
  expect(open).toContain('--from 2025-01-01T00:00:00.000Z --dry-run');
  expect(describeAdded('acme', [card, { ...card, ...january }])).toContain('--from DAY --dry-run');
});

test('a list leaves out what none of its prices tells', () => {
  const { heads, rows, source } = tablePrices([card]);
  expect(heads).toEqual(['provider', 'model', 'unit', 'price', 'per']);
  expect(rows).toEqual([['openai', 'gpt-4o', 'input_tokens', '2.5 USD', '1000000']]);
  expect(source).toBe('test 1');
});

test('a list says what some of its prices tell', () => {
  const rate = { unit: 'input_tokens', price: '5', per: 1n };
  const rates = [{ ...rate, tier: 'batch', contextThreshold: 200 }];
  const daily = { dailyFrom: '22:00:00', dailyTo: '06:00:00' };
  const odd = makeCard({}, { ...january, ...daily, rates, source: 'client' });
  const { heads, rows, source } = tablePrices([card, odd]);
  expect(heads.slice(3)).toEqual(['tier', 'price', 'per', 'valid', 'source']);
  const valid = 'from 2025-01-01 until 2025-02-01, 22:00:00–06:00:00 UTC';
  expect(rows[1]?.slice(2)).toEqual([
    'input_tokens, input > 200',
    'batch',
    '5 USD',
    '1',
    valid,
    'client 1',
  ]);
  expect(source).toBeNull();
  expect(tablePrices([])).toMatchObject({ rows: [], source: null });
});
