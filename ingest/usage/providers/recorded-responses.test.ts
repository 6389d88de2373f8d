// Every recorded exchange with a provider through the adapters: the figures of another tool, row by
// row and summed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { sumDecimals } from '../../../core/money.ts';
import { readCandidate } from '../native.ts';
import { parseExactJson } from '../values/exact-json.ts';
import { asObject, type Told } from '../values/told-values.ts';
import { type ProviderReading, readProviderCall } from './call.ts';

interface Row {
  id: string;
  provider: string;
  host: string;
  http_path: string;
  status: number;
  streaming: boolean;
  request_model: string | null;
  response: unknown;
  sse: unknown;
  usage_raw: Told | null;
  expected: Record<string, unknown> | null;
}

const DIR = join(import.meta.dirname, '../../../test/recorded-responses');
const rows = gunzipSync(readFileSync(join(DIR, 'recorded-responses.ndjson.gz')))
  .toString('utf8')
  .trimEnd()
  .split('\n')
  .map((line) => parseExactJson(line) as Row);
const withUsage = rows.filter(({ expected }) => expected !== null);

/** Rows whose expected value is wrong: what it should be, and why. */
const CORRECTED: Record<string, { input_total: number; because: string }> = Object.fromEntries(
  Object.entries({
    r00988: 18,
    r00989: 12,
    r00990: 57,
    r00991: 43,
    r02740: 3,
    r02741: 3,
    r02742: 4,
  }).map(([id, total]) => [
    id,
    { input_total: total, because: 'Voyage tells one total, and all of it is input and billed' },
  ]),
);
/** Rows whose total is not their input and output; the reading says so. */
const CONTRADICTORY = {
  r00495: 'Gemini behind OpenAI’s shape leaves its thoughts out of the output',
  r00496: 'Gemini behind OpenAI’s shape leaves its thoughts out of the output',
  r02171: 'Mistral leaves audio out of the prompt tokens',
  r02464: 'Mistral leaves audio out of the prompt tokens',
  r02465: 'Mistral leaves audio out of the prompt tokens',
};
/** The size of a stored cache, which no call used. */
const STORED_CACHES = ['r01987', 'r01988', 'r02172'];
const TICKS_PER_USD = 1e10;

const READERS: Record<string, (row: Row) => ProviderReading> = {
  'the exchange': (row) =>
    readProviderCall({
      provider: row.provider,
      host: row.host,
      httpPath: row.http_path,
      httpStatus: row.status,
      requestModel: row.request_model,
      response: row.response,
      sse: row.sse,
    }),
  'the usage alone': (row) => readProviderCall({ provider: row.provider, usage: row.usage_raw }),
};

for (const [name, read] of Object.entries(READERS)) {
  test(`${name} gives every expected figure of all 2,299 rows with usage`, () => {
    const wrong = withUsage.flatMap((row) => compare(row, read(row)));
    expect(wrong).toEqual([]);
    expect(withUsage.length).toBe(2_299);
  });

  test(`${name} adds up to the sums of the other tool, by provider`, () => {
    const sums = sumByProvider(read);
    const told = parseTable('## By provider');
    expect(Object.keys(sums).length).toBe(22);
    expect(sums).toEqual(told);
  });
}

test('a figure that is off by one would be noticed', () => {
  const wrong = withUsage.flatMap((row) => {
    const reading = readProviderCall({ provider: row.provider, usage: row.usage_raw });
    const output = (reading.fields.output_tokens as number | undefined) ?? 0;
    reading.fields.output_tokens = output + 1;
    return compare(row, reading).slice(0, 1);
  });
  expect(wrong.length).toBeGreaterThan(2_200);
});

test('68 errors are errors with a kind, and all else is a success', () => {
  const wrong = rows.filter((row) => {
    const { fields } = (READERS['the exchange'] as (row: Row) => ProviderReading)(row);
    return row.status >= 400
      ? fields.status !== 'error' || typeof fields.error_type !== 'string'
      : fields.status !== 'success';
  });
  expect(wrong.map(({ id }) => id)).toEqual([]);
  expect(rows.filter(({ status }) => status >= 400).length).toBe(68);
});

test('246 streams are known as such', () => {
  const streamed = rows.filter((row) => READERS['the exchange']?.(row).fields.streamed === true);
  expect(streamed.filter(({ streaming }) => !streaming)).toEqual([]);
  expect(streamed.length).toBe(246);
});

test('contradictions are flagged, and nothing else is', () => {
  const flagged = withUsage.filter((row) =>
    READERS['the exchange']?.(row).flags.includes('total_mismatch'),
  );
  expect(flagged.map(({ id }) => id)).toEqual(Object.keys(CONTRADICTORY));
});

test('every row becomes an event that the books take', () => {
  const refused = rows.flatMap((row) => {
    const { fields, flags } = (READERS['the exchange'] as (row: Row) => ProviderReading)(row);
    const made = { id: row.id, occurred_at: '2026-01-01T00:00:00Z', model: 'not told', ...fields };
    const parsed = readCandidate({ source: 'native', fields: made, flags, received: {} });
    return 'event' in parsed ? [] : [`${row.id}: ${parsed.rejection.field}`];
  });
  expect(refused).toEqual([]);
  expect(rows.length).toBe(2_367);
});

/** The figures of a reading in the words of the other tool; what is not told is undefined. */
function figuresOf({ fields }: ProviderReading): Record<string, number | string | undefined> {
  const number = (name: keyof typeof fields) => fields[name] as number | undefined;
  const input = number('input_tokens');
  const cached = (number('cache_read_tokens') ?? 0) + (number('cache_write_tokens') ?? 0);
  const cost = fields.cost as string | undefined;
  return {
    input_total: input,
    output_total: number('output_tokens'),
    cache_read: number('cache_read_tokens'),
    cache_write: number('cache_write_tokens'),
    reasoning: number('reasoning_tokens'),
    input_uncached: input === undefined ? undefined : input - cached,
    provider_cost: cost,
    provider_cost_ticks: cost === undefined ? undefined : Math.round(Number(cost) * TICKS_PER_USD),
    audio_seconds: fields.audio_seconds === undefined ? undefined : Number(String(textOf(fields))),
  };
}

function textOf({ audio_seconds: seconds }: ProviderReading['fields']): unknown {
  return (seconds as { text: string }).text;
}

function compare(row: Row, reading: ProviderReading): string[] {
  const figures = figuresOf(reading);
  const expected = { ...row.expected, ...corrected(row) };
  return Object.entries(expected).flatMap(([name, value]) => {
    const isEqual =
      name === 'total'
        ? totalHolds(row, value, figures)
        : name === 'billed'
          ? billedHolds(asObject(value) ?? {}, reading)
          : isSame(value, figures[name]);
    return isEqual ? [] : [`${row.id} ${row.provider} ${name}: ${value} is ${figures[name]}`];
  });
}

function corrected({ id }: Row): Record<string, unknown> {
  const { because: _because, ...values } = CORRECTED[id] ?? { because: '' };
  return values;
}

/** A figure that is not told is 0 for the one tool and absent for the other. */
function isSame(expected: unknown, figure: number | string | undefined): boolean {
  const total = asObject(expected)?.total_cost ?? expected;
  return Number(exact(total) ?? 0) === Number(figure ?? 0);
}

function exact(value: unknown): unknown {
  return (value as { text?: string } | null)?.text ?? value;
}

function totalHolds({ id }: Row, total: unknown, figures: ReturnType<typeof figuresOf>): boolean {
  if (total === null || STORED_CACHES.includes(id)) return true;
  const sum = Number(figures.input_total ?? 0) + Number(figures.output_total ?? 0);
  return (sum === total) !== Object.hasOwn(CONTRADICTORY, id);
}

function billedHolds(billed: Told, { fields }: ProviderReading): boolean {
  const units = (fields.other_units ?? {}) as Record<string, number>;
  const kept: Record<string, unknown> = {
    input_tokens: units.billed_input_tokens ?? fields.input_tokens,
    output_tokens: units.billed_output_tokens ?? fields.output_tokens,
    search_units: fields.searches,
    image_tokens: units.input_image_tokens ?? 0,
  };
  return Object.entries(billed).every(([name, value]) => kept[name] === value);
}

/** Sums what both tools tell: only the figures that a row's expected values have. */
function sumByProvider(read: (row: Row) => ProviderReading): Record<string, string[]> {
  const sums: Record<string, string[]> = {};
  for (const row of withUsage) {
    const figures = figuresOf(read(row));
    const told = COLUMNS.map((name) => {
      const value = row.expected?.[name];
      if (value === undefined || value === null) return '0';
      return String(figures[name] ?? 0);
    });
    const before = sums[row.provider] ?? ['0', ...COLUMNS.map(() => '0')];
    sums[row.provider] = ['1', ...told].map((value, at) => sumDecimals([before[at] ?? '0', value]));
  }
  return sums;
}

const COLUMNS = [
  'input_total',
  'output_total',
  'cache_read',
  'cache_write',
  'reasoning',
  'provider_cost',
  'audio_seconds',
] as const;

/** One table of EXPECTED.md: the cells by the first column. */
function parseTable(title: string): Record<string, string[]> {
  const text = readFileSync(join(DIR, 'EXPECTED.md'), 'utf8').split(title)[1]?.split('\n## ')[0];
  const lines = (text ?? '').split('\n').filter((line) => /^\| [a-z]/.test(line));
  const cells = lines.map((line) => line.split('|').map((cell) => cell.trim()));
  return Object.fromEntries(
    cells.filter(([, key]) => key !== 'key').map(([, key, ...rest]) => [key, rest.slice(0, -1)]),
  );
}
