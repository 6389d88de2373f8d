// What `daybook usage explain` tells of every recorded response, count by count, against another tool:
// also where that has a 0 and we say that nobody told.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { Costing } from '../pricing/costing.ts';
import { explainLine } from './explain.ts';

interface Row {
  id: string;
  response: { usage?: object; usageMetadata?: object };
  expected: Record<string, unknown> | null;
}

const FILE = '../../test/recorded-responses/recorded-responses.ndjson.gz';
const lines = gunzipSync(readFileSync(join(import.meta.dirname, FILE)))
  .toString('utf8')
  .trimEnd()
  .split('\n');

/** A count that the books take, by the other tool's word for it. */
const COUNTS = {
  input_total: 'input_tokens',
  output_total: 'output_tokens',
  cache_read: 'cache_read_tokens',
  cache_write: 'cache_write_tokens',
  reasoning: 'reasoning_tokens',
  audio_seconds: 'audio_seconds',
};
const unpriced: Costing = {
  ...{ cost: null, costStatus: 'unpriced', currency: null, computedCost: null },
  ...{ computedCurrency: null, card: null, lines: [], flags: [], reasons: [] },
};

const counts = lines.flatMap((line, index) => {
  const { id, expected, response } = JSON.parse(line) as Row;
  const options = { price: () => unpriced, now: new Date('2026-06-01T12:00:00Z'), currency: null };
  const { event } = explainLine(line, index + 1, options);
  return Object.entries(COUNTS).flatMap(([name, told]) => {
    const count = expected?.[name] ?? null;
    return count === null ? [] : [{ id, name, count, told: event?.[told] ?? null, response }];
  });
});
const untold = counts.filter(({ told }) => told === null);

test('every count that is expected is told as expected, a 0 included', () => {
  const wrong = counts.filter(({ told, count }) => told !== null && told !== count);
  expect(wrong).toEqual([]);
  expect(counts.length).toBe(8_937);
});

test('what is null is 18 zeros of five responses in which the provider told no count', () => {
  expect(untold.map(({ count }) => count)).toEqual(Array(18).fill(0));
  const usages = untold.map(({ id, response }) => [id, response.usage ?? response.usageMetadata]);
  expect(Object.fromEntries(usages)).toEqual({
    // Answers about a stored cache: its size, which no call used.
    ...{ r01987: { totalTokenCount: 9602 }, r01988: { totalTokenCount: 9602 } },
    r02172: { totalTokenCount: 9602 },
    // A video, told by its price alone.
    r01991: { cost_in_usd_ticks: 500_000_000 },
    // A prompt that was blocked before a model read it; Google does not say whether it is billed.
    r03160: { trafficType: 'ON_DEMAND' },
  });
});

test('control: the other tool fills in 0, for it knows no input of the video but 0 cached', () => {
  const video = lines.map((line) => JSON.parse(line) as Row).find(({ id }) => id === 'r01991');
  expect(video?.expected).toMatchObject({
    input_total: null,
    output_total: null,
    cache_read: 0,
    reasoning: 0,
  });
  // It does not of those that told an input: there ours says 0 as well.
  const zeros = counts.filter(({ count, told }) => count === 0 && told === 0);
  expect(zeros.length).toBeGreaterThan(1_000);
});
